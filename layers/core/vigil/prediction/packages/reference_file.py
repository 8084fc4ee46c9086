"""Bytes of `reference.json`: canonical JSON of a reference, checked against the contract before use."""

from functools import cache

from pydantic import TypeAdapter

from vigil.errors import ModelRefused
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.file_limits import REFERENCE_FILE
from vigil.prediction.packages.manifests import canonical_json, first_problem
from vigil.prediction.packages.reference_checks import find_problem
from vigil.prediction.packages.reference_model import Reference


def reference_bytes(reference: Reference) -> bytes:
    """Return the canonical bytes of a reference. Raises ValueError for NaN, infinities and members of a wrong type."""
    # A recipe may write 0 for 0.0. Parsing converts every number to its field's type.
    adapter = _references()
    parsed = adapter.validate_json(canonical_json(adapter.dump_python(reference, mode="json")))
    return canonical_json(adapter.dump_python(parsed, mode="json"))


def parse_reference(content: bytes, contract: ModelContract) -> Reference:
    """Return the reference of bytes whose signature the caller has verified.

    Raises ModelRefused (`malformed`) for a member that breaks the schema or `check_reference`, and for a form that is
    not canonical.
    """
    try:
        reference = _references().validate_json(content, strict=True)
    except ValueError as error:  # includes pydantic's ValidationError
        raise ModelRefused("malformed", f"{REFERENCE_FILE} does not fit its schema{first_problem(error)}") from error
    check_reference(reference, contract)
    if reference_bytes(reference) != content:
        raise ModelRefused("malformed", f"{REFERENCE_FILE} is not in canonical form")
    return reference


def check_reference(reference: Reference, contract: ModelContract) -> None:
    """Raise ModelRefused (`malformed`) with the first member that does not fit the contract or shows 1 to 10 rows."""
    if problem := find_problem(reference, contract):
        raise ModelRefused("malformed", f"{REFERENCE_FILE}: {problem}")


@cache
def _references() -> TypeAdapter[Reference]:
    return TypeAdapter(Reference)
