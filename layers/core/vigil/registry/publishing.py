"""Publishing: a package becomes a version, a version becomes the champion."""

from dataclasses import dataclass
from datetime import UTC, datetime

from vigil.errors import Conflict
from vigil.registry.loaded import LoadedModel
from vigil.registry.package import Expected, Files, Verifier, names_of, read
from vigil.registry.ports import CHAMPION, Catalogue, PackageStore, Pointer, PublishedVersion
from vigil.registry.service import Clock


@dataclass(frozen=True, slots=True)
class Listing:
    """A published version, and whether it is the champion."""

    published: PublishedVersion
    champion: bool


class Publisher:
    """Puts verified packages where serving finds them; nothing unverified is ever stored or pointed to."""

    def __init__(
        self,
        packages: PackageStore,
        catalogue: Catalogue,
        verifier: Verifier,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._packages = packages
        self._catalogue = catalogue
        self._verifier = verifier
        self._clock = clock

    def publish(self, files: Files) -> PublishedVersion:
        """Verify and store a package; safe to repeat after a crash.

        Raises ModelRefused, or Conflict if the version exists with other bytes.
        """
        model = self._verifier.verify(files, Expected(now=self._clock()))
        self._packages.put(model.name, model.version, {name: files[name] for name in names_of(model.manifest)})
        published = _published(model)
        self._catalogue.record(published)
        return published

    def promote(self, name: str, version: int, alias: str = CHAMPION) -> Pointer:
        """Point the alias at a published version, which raises the floor to it; doing so twice changes nothing.

        Raises ModelRefused (`rolled_back` for a version older than the present one or the floor), Conflict if another
        promotion came first.
        """
        present = self._catalogue.pointer(name, alias)
        floor = max(present.floor, present.version) if present else 1
        files = read(self._packages, name, version)
        model = self._verifier.verify(files, Expected(name, version, None, floor, self._clock()))
        if present and present.version == version:
            if present.digest != model.digest:
                raise Conflict(f"{alias} points at another package of version {version}")
            return present
        fence = present.fence + 1 if present else 1
        new = Pointer(name, alias, version, model.digest, fence, floor=version)
        self._catalogue.move(present, new)
        return new

    def list(self) -> list[Listing]:
        """Return every published version by name and version."""
        listings = []
        for name in self._catalogue.published():
            pointer = self._catalogue.pointer(name, CHAMPION)
            champion = pointer.version if pointer else None
            listings += [Listing(p, p.version == champion) for p in self._catalogue.versions(name)]
        return listings


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
