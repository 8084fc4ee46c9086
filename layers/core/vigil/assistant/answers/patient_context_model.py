"""Patient context: the closed set of facts about a patient that rules and warnings read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from vigil.assistant.answers.questions_model import normalise_name
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.grammar import read_boolean, read_number

MAX_NAMES = 30
"""Maximum medicines, and maximum allergies, of a patient."""

Sex = Literal["female", "male"]
"""Sex of a patient, as guidelines distinguish it."""


class Bounds(NamedTuple):
    """Range of a number, both ends included, with its unit."""

    lowest: float
    highest: float
    unit: str


BOUNDS: Mapping[str, Bounds] = {
    "age_years": Bounds(0, 130, "years"),
    "weight_kg": Bounds(0.3, 400, "kg"),
    "creatinine_clearance_ml_min": Bounds(0, 300, "mL/min"),
}
"""Bounds of the numbers of a context."""
_TRUTHS = ("pregnant", "breastfeeding")
_NAMES = ("medicines", "allergies")
_SEXES: tuple[Sex, ...] = ("female", "male")


@dataclass(frozen=True, slots=True)
class PatientContext:
    """Facts about a patient; None for an unknown one. An empty list of medicines or allergies is a known fact."""

    age_years: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    weight_kg: float | None = None
    creatinine_clearance_ml_min: float | None = None
    medicines: tuple[str, ...] | None = None
    allergies: tuple[str, ...] | None = None


FIELDS = tuple(field.name for field in fields(PatientContext))
"""Names of the facts of a context."""


def read_context(document: Mapping[str, object]) -> PatientContext:
    """Return the context of a JSON object. Pregnancy and breastfeeding of a male patient are False.

    Raises InvalidInput for an unknown member, a value of another type or out of its bounds, and contradicting values.
    """
    errors = [
        FieldError(f"context.{name}"[:100], "is not a fact of the context", ", ".join(FIELDS))
        for name in document
        if name not in FIELDS
    ]
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name in FIELDS and value is not None:
            try:
                values[name] = _read(name, value)
            except InvalidInput as refused:
                errors += refused.errors
    errors += _conflicts(values)
    if errors:
        raise InvalidInput(*errors)
    if values.get("sex") == "male":
        values |= {"pregnant": False, "breastfeeding": False}
    return PatientContext(**values)


def _read(name: str, value: object) -> object:
    field = f"context.{name}"
    if name in _NAMES:
        return _read_names(field, value)
    if name == "sex":
        if value not in _SEXES:
            raise InvalidInput(FieldError(field, "must be female or male", "female, male"))
        return value
    try:
        if name in _TRUTHS:
            return read_boolean(value)
        number, bounds = read_number(value), BOUNDS[name]
    except ValueError as refused:
        kind = "true or false" if name in _TRUTHS else f"a number in {BOUNDS[name].unit}"
        raise InvalidInput(FieldError(field, f"must be {kind}", kind)) from refused
    if not bounds.lowest <= number <= bounds.highest:
        span = f"{bounds.lowest:g} to {bounds.highest:g} {bounds.unit}"
        raise InvalidInput(FieldError(field, f"must be {span}; check the unit", span))
    return number


def _read_names(field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_NAMES or not all(isinstance(each, str) for each in value):
        raise InvalidInput(FieldError(field, "must be a list of names", f"at most {MAX_NAMES} names"))
    return tuple(dict.fromkeys(normalise_name(each, f"{field}.{place}") for place, each in enumerate(value)))


def _conflicts(values: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in _TRUTHS:
        if values.get("sex") == "male" and values.get(name):
            yield FieldError(f"context.{name}", "must be false for a male patient, or the sex female", "false")
