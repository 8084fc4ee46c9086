"""Parsing of untrusted patient histories, with an error for each invalid field."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vigil.errors import MAX_ERRORS, FieldError, InvalidInput
from vigil.kernel import rule_texts, text_forms
from vigil.prediction.features.model import Dispense, Observation, PatientHistory, Registration, Visit
from vigil.prediction.features.schemas import HistoryIn

_Schema = TypeVar("_Schema", bound=BaseModel)
_BOUNDS = {
    "missing": "required",
    "extra_forbidden": "a known field",
    "bool_type": "boolean",
    "int_type": "integer",
    "float_type": "number",
    "finite_number": "finite",
    "list_type": "array",
    "model_type": "object",
}
_LIMITS = {
    "ge": "at least",
    "le": "at most",
    "min_length": "at least",
    "max_length": "at most",
    "expected": "one of",
}


def parse_history(document: object) -> PatientHistory:
    """Return the patient history in a JSON document.

    Raises InvalidInput with at most 20 fields such as `history.visits[3].visited_at`. Messages never contain values.
    """
    schema = validate_document(HistoryIn, document)
    history = PatientHistory(
        tuple(r.to_domain(Registration) for r in schema.registrations),
        tuple(v.to_domain(Visit) for v in schema.visits),
        tuple(d.to_domain(Dispense) for d in schema.dispenses),
        tuple(o.to_domain(Observation) for o in schema.observations),
    )
    if not history.visits and not history.dispenses:
        bound = "at least one visit or dispense"
        raise InvalidInput(FieldError("history.visits", "must not be empty without `dispenses`", bound))
    if errors := list(_order_errors(history)):
        raise InvalidInput(*errors)
    return history


def validate_document(schema: type[_Schema], document: object) -> _Schema:
    """Return a document of any feature set as an instance of its schema.

    Raises InvalidInput in the same form as `parse_history`.
    """
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise InvalidInput(*map(_field_error, details[:MAX_ERRORS]), count=len(details)) from None


def _field_error(detail: ErrorDetails) -> FieldError:
    path = _path(detail["loc"])
    context = detail.get("ctx", {})
    if detail["type"] == "string_pattern_mismatch":
        return FieldError(path, text_forms.MESSAGE, text_forms.describe_pattern(context["pattern"]))
    bound = context.get("bound") or _BOUNDS.get(detail["type"])
    if bound is None:
        bound = next((f"{words} {context[key]}" for key, words in _LIMITS.items() if key in context), None)
    message, _ = rule_texts.describe_rule(detail["type"], detail["msg"], context)
    return FieldError(path, message, bound)


def _path(parts: Sequence[int | str]) -> str:
    return "history" + "".join(f"[{p}]" if isinstance(p, int) else f".{str(p)[:64]}" for p in parts)


def _order_errors(history: PatientHistory) -> Iterator[FieldError]:
    yield from _unordered_times("registrations", "recorded_at", [r.recorded_at for r in history.registrations])
    yield from _unordered_times("visits", "visited_at", [v.visited_at for v in history.visits])
    yield from _unordered_times("dispenses", "dispensed_at", [d.dispensed_at for d in history.dispenses])
    yield from _unordered_times("observations", "observed_at", [o.observed_at for o in history.observations])


def _unordered_times(name: str, key: str, times: Sequence[datetime]) -> Iterator[FieldError]:
    for i, (earlier, later) in enumerate(pairwise(times), start=1):
        if later < earlier:
            yield FieldError(f"history.{name}[{i}].{key}", "must be in order of time", f"at or after {name}[{i - 1}]")
