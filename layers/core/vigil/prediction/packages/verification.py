"""Builds, signs and verifies model packages; every byte is verified before it is parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import TypeAdapter

from vigil.errors import ModelRefused
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.file_limits import REFERENCE_FILE, file_limit
from vigil.prediction.engines.group_attributes import check_number_of_groups
from vigil.prediction.packages import golden
from vigil.prediction.packages.loaded import LoadedModel, parse_utc
from vigil.prediction.packages.manifests import (
    SIGNED,
    are_files_of,
    canonical_json,
    common_files,
    manifest_bytes,
    manifest_digest,
    parse_manifest,
    sha256,
)
from vigil.prediction.packages.model import Manifest, PackageDescription, PackagedFile, TrainedModel
from vigil.prediction.packages.ports import EngineFactory, PackageStore
from vigil.prediction.packages.reference_file import check_reference, parse_reference, reference_bytes
from vigil.prediction.packages.reference_model import Reference
from vigil.prediction.packages.signing import PublicKeys, SigningKey, check_keys, check_signature, sign

if TYPE_CHECKING:
    from vigil.prediction.engines.ports import VotingEngine


class PackageFiles(Protocol):
    """Files of a package by name; an implementation may fetch each file on demand."""

    def __getitem__(self, name: str, /) -> bytes:
        """Return the content of a file; raise KeyError or ModelRefused if it does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class ExpectedPackage:
    """Properties that a package must have; None accepts any value.

    `floor` is the lowest accepted version, `digest` the digest in a pointer. Without `now`, neither expiry nor floors
    apply: only for replaying decisions of an old package. `require_all` refuses a package if any engine cannot be
    loaded. Otherwise at least one engine must load, and answers report the missing ones.
    """

    name: str | None = None
    version: int | None = None
    digest: str | None = None
    floor: int = 1
    now: datetime | None = None
    require_all: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """Version of a package, and the times in UTC between which it may be used."""

    version: int
    created_at: datetime
    expires_at: datetime


def build_package(model: TrainedModel, release: Release, key: SigningKey, engines: EngineFactory) -> dict[str, bytes]:
    """Return the files of a signed package, including the answers of `engines` to the golden rows.

    Raises ValueError for a model without card or golden rows, InvalidInput if a golden row does not fit the schema,
    ModelRefused if the reference does not fit the contract.
    """
    if not model.card.strip() or not model.golden:
        raise ValueError("a model needs a card and golden rows")
    if model.contract.groups and model.reference is None:
        raise ValueError("a model with groups needs a reference")
    check_number_of_groups(model.contract.groups, model.contract.intersections)
    package_format: Literal[2, 3] = 2 if model.reference is None else 3
    if not are_files_of(model.contract, model.files.keys() | common_files(package_format), package_format):
        raise ValueError("a model must have exactly the files of its engines")
    files = _files(model, engines)
    manifest = Manifest(
        format=package_format,
        version=release.version,
        created_at=format_timestamp(release.created_at),
        expires_at=format_timestamp(release.expires_at),
        key_id=key.key_id,
        contract=model.contract,
        files={name: PackagedFile(sha256(content), len(content)) for name, content in files.items()},
    )
    signed = manifest_bytes(manifest)
    return {"manifest.json": signed, "manifest.sig": sign(signed, key), **files}


def re_sign_package(
    files: Mapping[str, bytes], manifest: Manifest, release: Release, key: SigningKey
) -> dict[str, bytes]:
    """Return a verified package under another version, validity and key; all other files are unchanged."""
    signed_again = replace(
        manifest,
        version=release.version,
        created_at=format_timestamp(release.created_at),
        expires_at=format_timestamp(release.expires_at),
        key_id=key.key_id,
    )
    signed = manifest_bytes(signed_again)
    return {**files, "manifest.json": signed, "manifest.sig": sign(signed, key)}


def _files(model: TrainedModel, engines: EngineFactory) -> dict[str, bytes]:
    """Return the files that the manifest of a model lists."""
    loaded = {
        spec.name: engines(spec, model.files[spec.file], model.contract, model.files.get(spec.table_file))
        for spec in model.contract.engines
    }
    runner = EnsembleRunner(model.contract, loaded)
    answers = tuple(golden.compute_golden_row(model.contract, runner, row) for row in model.golden)
    files = {
        **model.files,
        "golden.json": canonical_json(_golden_rows().dump_python(answers, mode="json")),
        "card.md": model.card.encode(),
    }
    if model.reference is not None:
        check_reference(model.reference, model.contract)
        files[REFERENCE_FILE] = reference_bytes(model.reference)
    return files


def describe_package(files: PackageFiles, expected: ExpectedPackage, keys: PublicKeys) -> PackageDescription:
    """Return the signed description of a package without its engines: for counts of its decisions, not for new ones.

    Neither expiry nor floors apply. Raises ModelRefused with the reason.
    """
    manifest, _ = _verified_manifest(files, expected, keys)
    return PackageDescription(manifest, _reference(files, manifest))


@dataclass(frozen=True, slots=True)
class PackageVerifier:
    """Verifies packages against the deployment's pinned keys and lowest versions.

    There are one or two public keys. `floors` apply regardless of pointers.
    """

    keys: PublicKeys
    engines: EngineFactory
    floors: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_keys(self.keys)

    def verify(self, files: PackageFiles, expected: ExpectedPackage) -> LoadedModel:
        """Return the model of a package; every file is verified before it is parsed.

        Raises ModelRefused with the reason.
        """
        manifest, digest = _verified_manifest(files, expected, self.keys)
        if expected.now is not None:
            floor = max(expected.floor, self.floors.get(manifest.contract.name, 1))
            _check_in_force(manifest, floor, expected.now)
        card, answers = _read({name: _listed(files, name, manifest) for name in common_files(manifest.format)})
        reference = _reference(files, manifest)
        runner = self._runner(manifest, files, require_all=expected.require_all)
        golden.check_golden_rows(manifest.contract, runner, answers)
        return LoadedModel(manifest, digest, card, runner, reference)

    def _runner(self, manifest: Manifest, files: PackageFiles, *, require_all: bool) -> EnsembleRunner:
        """Load every engine with a signed file that this machine can run."""
        contract = manifest.contract
        loaded: dict[str, VotingEngine] = {}
        unsigned, refusal = set[str](), None
        for spec in contract.engines:
            try:
                content = _listed(files, spec.file, manifest)
                table = _listed(files, file, manifest) if (file := spec.table_file) in manifest.files else None
            except ModelRefused as error:
                refusal = error
                unsigned.add(spec.name)
                continue
            try:
                loaded[spec.name] = self.engines(spec, content, contract, table)
            except ModelRefused as error:
                refusal = error
        if refusal and (require_all or not loaded):
            raise refusal
        return EnsembleRunner(contract, loaded, unsigned)


@dataclass(frozen=True, slots=True)
class _Stored:
    packages: PackageStore
    name: str
    version: int
    seen: dict[str, bytes] = field(default_factory=dict)

    def __getitem__(self, file: str, /) -> bytes:
        if file not in self.seen:
            self.seen[file] = self.packages.get(self.name, self.version, file)
        return self.seen[file]


def read_package(packages: PackageStore, name: str, version: int) -> PackageFiles:
    """Return the unverified files of a stored package; each file is fetched once, on first access."""
    return _Stored(packages, name, version)


def file_names(manifest: Manifest) -> tuple[str, ...]:
    """Return the names of all files of a package."""
    return (*SIGNED, *sorted(manifest.files))


def _get(files: PackageFiles, name: str) -> bytes:
    try:
        content = files[name]
    except KeyError as error:
        raise ModelRefused("missing_file", f"{name} does not exist") from error
    if len(content) > file_limit(name):
        raise ModelRefused("oversized", f"{name} exceeds {file_limit(name)} bytes")
    return content


def _listed(files: PackageFiles, name: str, manifest: Manifest) -> bytes:
    """Return a file after checking its size and digest against the manifest."""
    content, stated = _get(files, name), manifest.files[name]
    if len(content) != stated.size or sha256(content) != stated.sha256:
        raise ModelRefused("digest_mismatch", f"{name} is not the signed file")
    return content


def _verified_manifest(files: PackageFiles, expected: ExpectedPackage, keys: PublicKeys) -> tuple[Manifest, str]:
    """Return the signed manifest of the expected package, and the digest of the package."""
    signed = _get(files, "manifest.json")
    manifest = _signed_manifest(signed, _get(files, "manifest.sig"), keys)
    digest = manifest_digest(signed)
    _check_identity(manifest, digest, expected)
    return manifest, digest


def _reference(files: PackageFiles, manifest: Manifest) -> Reference | None:
    if REFERENCE_FILE not in manifest.files:
        return None
    return parse_reference(_listed(files, REFERENCE_FILE, manifest), manifest.contract)


def _signed_manifest(content: bytes, signature: bytes, keys: PublicKeys) -> Manifest:
    key_id = check_signature(content, signature, keys)
    manifest = parse_manifest(content)
    if manifest.key_id != key_id:
        raise ModelRefused("bad_signature", "manifest.json names another key than the one that signed it")
    return manifest


def _check_identity(manifest: Manifest, digest: str, expected: ExpectedPackage) -> None:
    if expected.name not in {None, manifest.contract.name} or expected.version not in {None, manifest.version}:
        raise ModelRefused("wrong_name", "the package is of another model or version than the requested one")
    if expected.digest not in {None, digest}:
        raise ModelRefused("digest_mismatch", "the package is not the one that the pointer names")


def _check_in_force(manifest: Manifest, floor: int, now: datetime) -> None:
    if now >= parse_utc(manifest.expires_at):
        raise ModelRefused("expired", f"the package expired at {manifest.expires_at}")
    if manifest.version < floor:
        raise ModelRefused("rolled_back", f"version {manifest.version} is below the floor {floor}")


def _read(files: Mapping[str, bytes]) -> tuple[str, tuple[golden.GoldenRow, ...]]:
    try:
        card = files["card.md"].decode()
        answers = _golden_rows().validate_json(files["golden.json"], strict=True)
    except ValueError as error:  # includes UnicodeDecodeError and ValidationError
        raise ModelRefused("malformed", "card.md or golden.json cannot be parsed") from error
    if not card.strip() or not answers:
        raise ModelRefused("malformed", "card.md and golden.json must not be empty")
    return card, answers


@cache
def _golden_rows() -> TypeAdapter[tuple[golden.GoldenRow, ...]]:
    return TypeAdapter(tuple[golden.GoldenRow, ...])
