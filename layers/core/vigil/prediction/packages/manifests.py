"""Bytes of manifests: canonical JSON, strictly parsed after the signature is verified."""

import hashlib
import json
from collections.abc import Collection
from functools import cache

from pydantic import TypeAdapter, ValidationError

from vigil.errors import ModelRefused
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.file_limits import FILE_LIMITS, REFERENCE_FILE
from vigil.prediction.packages.loaded import parse_utc
from vigil.prediction.packages.model import Manifest

SIGNED = ("manifest.json", "manifest.sig")
"""The signed document and its signature; the manifest lists all other files."""
_LATER_FEATURE_MEMBERS = ("category_labels", "unit_singular")
_LATER_LABEL_MEMBERS = ("due_feature", "settling_days")
_LATER_CONTRACT_MEMBERS = ("groups", "intersections")
"""Members of features, of the label and of the contract that are newer than format 2. Empty ones are omitted, so that
the bytes of older manifests stay canonical."""


def canonical_json(document: object) -> bytes:
    """Return JSON with sorted keys and without spaces, in UTF-8. Raises ValueError for NaN and infinities."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the canonical bytes of a manifest; equal manifests give equal bytes, also for 0 and 0.0."""
    # A recipe may write 0 for 0.0. Parsing converts every number to its field's type.
    return _manifest_json(_manifests().validate_json(_manifest_json(manifest)))


def manifest_digest(manifest: bytes) -> str:
    """Return the digest of the package with these manifest bytes: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{sha256(manifest)}"


def parse_manifest(content: bytes) -> Manifest:
    """Return the manifest of some bytes, whose signature the caller has verified.

    Raises ModelRefused (`malformed`) with the first fault: an invalid member, a form that is not canonical, groups in
    format 2, or a missing or needless file in the list.
    """
    try:
        manifest = _manifests().validate_json(content, strict=True)
        is_canonical = manifest_bytes(manifest) == content
        parse_utc(manifest.created_at), parse_utc(manifest.expires_at)
    except ValueError as error:  # includes pydantic's ValidationError
        raise ModelRefused("malformed", f"manifest.json does not fit its schema{first_problem(error)}") from error
    if not is_canonical:
        raise ModelRefused("malformed", "manifest.json is not in canonical form")
    if manifest.format == 2 and manifest.contract.groups:
        raise ModelRefused("malformed", "manifest.json must have format 3, because its contract declares groups")
    if not are_files_of(manifest.contract, manifest.files, manifest.format):
        needed = ", ".join(sorted(_needed(manifest.contract, manifest.format)))
        raise ModelRefused("malformed", f"manifest.json must list {needed}")
    return manifest


def first_problem(error: ValueError) -> str:
    """Return the place and message of the first invalid member as `: label.name: ...`; empty for other errors."""
    if not isinstance(error, ValidationError):
        return ""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part)[:64] for part in first["loc"])
    return f": {place}: {first['msg']}" if place else ""


def common_files(package_format: int) -> set[str]:
    """Return the names of the files that the manifest of a package format (2, 3) lists and that belong to no engine."""
    names = set(FILE_LIMITS) - set(SIGNED)
    return names if package_format >= 3 else names - {REFERENCE_FILE}


def are_files_of(contract: ModelContract, names: Collection[str], package_format: int) -> bool:
    """Return True if `names` has all files of the engines and all common ones, and no other file.

    Tables of LightGBM engines are optional.
    """
    tables = {engine.table_file for engine in contract.engines if engine.kind == "lightgbm"}
    needed = _needed(contract, package_format)
    return needed <= set(names) <= needed | tables


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _needed(contract: ModelContract, package_format: int) -> set[str]:
    return {engine.file for engine in contract.engines} | common_files(package_format)


def _manifest_json(manifest: Manifest) -> bytes:
    document = _manifests().dump_python(manifest, mode="json")
    contract = document["contract"]
    parts = [(feature, _LATER_FEATURE_MEMBERS) for feature in contract["features"]]
    parts += [(contract["label"], _LATER_LABEL_MEMBERS), (contract, _LATER_CONTRACT_MEMBERS)]
    for part, members in parts:
        for empty in [name for name in members if not part[name]]:
            del part[empty]
    return canonical_json(document)


@cache
def _manifests() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)
