"""Publishing of packages, and promotion of versions to champion or challenger."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vigil.errors import Conflict, FieldError, InvalidInput, ModelRefused, NotFound
from vigil.prediction.packages.gates import check_promotable
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.ports import (
    ALIASES,
    CHALLENGER,
    CHAMPION,
    FULL_SHARE,
    Catalogue,
    PackageStore,
    Pointer,
    PromotionBlocks,
    PublishedVersion,
    VersionListing,
)
from vigil.prediction.packages.service import Clock
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.verification import (
    ExpectedPackage,
    PackageFiles,
    PackageVerifier,
    Release,
    file_names,
    re_sign_package,
    read_package,
)

_MAX_COMPARED = 20
"""Number of newest versions below the champion that `restorable` compares."""


class Publisher:
    """Publishes and promotes packages; only verified packages are stored or pointed to. `blocks` stop promotions."""

    def __init__(
        self,
        packages: PackageStore,
        catalogue: Catalogue,
        verifier: PackageVerifier,
        clock: Clock = lambda: datetime.now(UTC),
        blocks: PromotionBlocks | None = None,
    ) -> None:
        self._packages = packages
        self._catalogue = catalogue
        self._verifier = verifier
        self._clock = clock
        self._blocks = blocks

    def publish(self, files: PackageFiles) -> PublishedVersion:
        """Verify and store a package; safe to repeat after a crash.

        Raises ModelRefused, or Conflict if the version exists with other bytes.
        """
        model = self._verifier.verify(files, ExpectedPackage(now=self._clock()))
        self._packages.put(model.name, model.version, {name: files[name] for name in file_names(model.manifest)})
        published = _published(model)
        self._catalogue.record(published)
        return published

    def promote(self, name: str, version: int, alias: str = CHAMPION, share: int = 0) -> Pointer:
        """Point the alias at a published version and raise the alias's floor to it; repeating this has no effect.

        `share` is the number of subjects per mille that a challenger decides for. Raises NotFound for an unpublished
        version. Raises ModelRefused, with `rolled_back` for a version below the current one or the floor. Raises
        InvalidInput if a gate fails or a challenger is not newer than the champion. Raises Conflict if another
        promotion came first, or if promotions of the model are blocked.
        """
        _check(alias, share)
        if version not in {published.version for published in self._catalogue.versions(name)}:
            raise NotFound("this model has no such version; list its versions first")
        pointers = self._catalogue.pointers(name)
        present, champion = pointers.get(alias), pointers.get(CHAMPION)
        champion = champion if champion and champion.share is not None else None
        floor = max(present.floor, present.version) if present else 1
        model = self.verify(name, version, floor=floor)
        check_promotable(model)
        if alias == CHALLENGER and (champion is None or version <= champion.version):
            raise InvalidInput(
                FieldError("version", "must be newer than the champion to be a challenger", "newer than the champion")
            )
        if present and present.version == version and present.digest != model.digest:
            raise Conflict(f"{alias} points at another package of version {version}; publish a newer version")
        pointer = Pointer(name, alias, version, model.digest, 1, version, share)
        if not _is_same(present, pointer):
            self.check_unblocked(name)
        return self._move(present, pointer)

    def check_unblocked(self, name: str) -> None:
        """Raise Conflict with the reason and its remedy if promotions of a model are blocked."""
        if self._blocks and (reason := self._blocks.blocking(name)):
            raise Conflict(f"promotions of {name} are blocked; review the finding first: {reason}")

    def verify(self, name: str, version: int, *, digest: str | None = None, floor: int = 1) -> LoadedModel:
        """Return a published version after every check of a promotion; a `digest` must be that of the package.

        Raises ModelRefused with the reason.
        """
        files = read_package(self._packages, name, version)
        return self._verifier.verify(files, ExpectedPackage(name, version, digest, floor, self._clock()))

    def restorable(self, name: str) -> tuple[int, int] | None:
        """Return the newest signed copy of an older version, and the number of its original, or None.

        The copy is above the champion and can be promoted. The original is one of the 20 newest versions below the
        champion. A pair that does not verify is skipped. None means that no pair is left. Raises Unavailable.
        """
        champion = self._catalogue.pointers(name).get(CHAMPION)
        present = champion.version if champion else 0
        numbers = sorted((published.version for published in self._catalogue.versions(name)), reverse=True)
        older = [version for version in numbers if version < present][:_MAX_COMPARED]
        pairs = ((version, before) for version in numbers if version > present for before in older)
        return next((pair for pair in pairs if self._are_copies(name, *pair)), None)

    def reissue(self, name: str, version: int, key: SigningKey, valid: timedelta) -> dict[str, bytes]:
        """Return the files of an old version, signed again under the next version number.

        A rollback uses this, because floors never fall. Raises NotFound, or ModelRefused if the old version no longer
        verifies; its expiry is ignored.
        """
        versions = [published.version for published in self._catalogue.versions(name)]
        if version not in versions:
            raise NotFound("this model has no such version; list its versions first")
        stored = read_package(self._packages, name, version)
        model = self._verifier.verify(stored, ExpectedPackage(name, version))
        files = {file: stored[file] for file in file_names(model.manifest)}
        now = self._clock().replace(microsecond=0)
        return re_sign_package(files, model.manifest, Release(max(versions) + 1, now, now + valid), key)

    def withdraw(self, name: str, alias: str = CHALLENGER) -> Pointer:
        """End the trial of a challenger, or take a champion and thus its model out of service.

        A promotion takes it back into service. Raises NotFound without such an alias, InvalidInput for an unknown one,
        or Conflict if another move came first.
        """
        _check(alias, 0)
        present = self._catalogue.pointers(name).get(alias)
        if present is None:
            raise NotFound(f"there is no {alias} of {name}; `vigil models list` shows every alias")
        return self._move(present, replace(present, share=None))

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        """Return every alias of a model, by alias."""
        return self._catalogue.pointers(name)

    def versions(self, name: str) -> list[VersionListing]:
        """Return the published versions of a model, oldest first; raise NotFound for an unknown model."""
        pointers = self._catalogue.pointers(name).values()
        if listings := [_listing(published, pointers) for published in self._catalogue.versions(name)]:
            return listings
        raise NotFound("there is no model of that name; `vigil models list` shows every model")

    def all_versions(self) -> list[VersionListing]:
        """Return every published version, by name and version."""
        return [listing for name in self._catalogue.published() for listing in self.versions(name)]

    def _are_copies(self, name: str, version: int, older: int) -> bool:
        """True if both packages verify and have the same files and contract. The older one may have expired."""
        try:
            files = read_package(self._packages, name, older)
            original = self._verifier.verify(files, ExpectedPackage(name, older)).manifest
            copy = self.verify(name, version).manifest
        except ModelRefused:
            return False
        return (copy.files, copy.contract) == (original.files, original.contract)

    def _move(self, present: Pointer | None, new: Pointer) -> Pointer:
        if present is None:
            self._catalogue.move(None, new)
            return new
        if _is_same(present, new):
            return present
        new = replace(new, fence=present.fence + 1)
        self._catalogue.move(present, new)
        return new


def _is_same(present: Pointer | None, new: Pointer) -> bool:
    """Return True if a pointer is already there, with any fence."""
    return present is not None and replace(new, fence=present.fence) == present


def _check(alias: str, share: int) -> None:
    if alias not in ALIASES:
        raise InvalidInput(FieldError("alias", "must be champion or challenger", " or ".join(ALIASES)))
    if not 0 <= share <= FULL_SHARE or (share and alias == CHAMPION):
        raise InvalidInput(
            FieldError(
                "share",
                "must be 0 for a champion, and a share of all subjects for a challenger",
                f"between 0 and {FULL_SHARE} per mille",
            )
        )


def _listing(published: PublishedVersion, pointers: Iterable[Pointer]) -> VersionListing:
    mine = [pointer for pointer in pointers if pointer.version == published.version and pointer.share is not None]
    share = next((pointer.share for pointer in mine if pointer.alias == CHALLENGER), None)
    return VersionListing(published, tuple(sorted(pointer.alias for pointer in mine)), share)


def _published(model: LoadedModel) -> PublishedVersion:
    manifest = model.manifest
    return PublishedVersion(
        name=model.name,
        version=model.version,
        digest=model.digest,
        created_at=manifest.created_at,
        expires_at=manifest.expires_at,
        key_id=manifest.key_id,
        metrics=dict(manifest.contract.metrics),
    )
