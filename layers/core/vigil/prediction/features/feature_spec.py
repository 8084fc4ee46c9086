"""The specification of one model input: type, unit, range, handling of missing values, and words for people."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import NAN, FeatureValue
from vigil.prediction.features.quantities import format_exact, format_rounded

NOT_RECORDED = "not recorded"
"""Words for a missing value."""
MAX_CATEGORY_LABEL = 100
"""Maximum length of the label of a level, in characters."""


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One input of a model: type, unit, allowed range, and handling of missing values.

    `minimum` and `maximum` are inclusive. A category is encoded as its index in `categories`, a boolean as 0 or 1, a
    missing value as NaN.

    `other_units` maps a unit that callers send by mistake to its number per unit of the feature. A feature in years has
    `{"months": 12}`. The error message can then name the confused unit.

    `label` is the noun phrase in reason texts. `missing` decides the effect of a missing value: it is allowed, makes
    the answer abstain, or is refused. `cost` is the effort of obtaining the value, relative to the package's other
    features.

    `unit_singular` is the unit after the number 1 (`day` for `days`); a unit with one form, such as `km`, has none.
    `category_labels` has words for people by level (`{"fair_poor": "fair or poor"}`); other levels are shown as they
    are. Callers send levels, never labels.
    """

    name: str
    type: Literal["number", "integer", "boolean", "category"]
    label: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    missing: Literal["allow", "abstain", "refuse"] = "allow"
    other_units: Mapping[str, float] = field(default_factory=dict)
    cost: float = 1.0
    unit_singular: str = ""
    category_labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        labels = self.category_labels
        if not labels.keys() <= set(self.categories):
            raise ValueError(f"category_labels of {self.name} must have levels of its categories only")
        if not all(0 < len(label) <= MAX_CATEGORY_LABEL and label.isprintable() for label in labels.values()):
            raise ValueError(
                f"a label of {self.name} must have 1 to {MAX_CATEGORY_LABEL} characters, without control characters"
            )

    def encode(self, value: object) -> float:
        """Return the value as the float that the engine receives.

        Raises InvalidInput with the field `features.<name>`.
        """
        if value is None:
            if self.missing == "refuse":
                raise self._error("is required and has no value", "required")
            return NAN
        if self.type == "category":
            if not isinstance(value, str) or value not in self.categories:
                choices = f"one of {', '.join(self.categories)}"
                raise self._error(f"must be {choices}", choices)
            return float(self.categories.index(value))
        if self.type == "boolean":
            if not isinstance(value, bool):
                raise self._error("must be true or false", "boolean")
            return float(value)
        return self._encode_number(value)

    def _encode_number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(f"must be {'an integer' if self.type == 'integer' else 'a number'}", self.type)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._error("must be finite", "finite")
        if not self._in_range(number):
            raise self._error(f"must be {self.bound}{self._unit_hint(number)}", self.bound)
        if self.type == "integer" and not number.is_integer():
            raise self._error("must be a whole number", "integer")
        return number

    def decode(self, number: float) -> FeatureValue:
        """Return the readable value of an encoded number; the inverse of `encode`."""
        if math.isnan(number):
            return None
        if self.type == "category":
            return self.categories[int(number)]
        if self.type == "boolean":
            return bool(number)
        return int(number) if self.type == "integer" else number

    def format_value(self, value: FeatureValue) -> str:
        """Return a value in words for people, for example `6.3 days`, `yes`, `fair or poor` or `not recorded`.

        Numbers are rounded (`format_rounded`), so that the words cannot be converted back to the value.
        """
        if value is None:
            return NOT_RECORDED
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return self.category_labels.get(value, value)
        return format_rounded(value, self.unit, self.unit_singular)

    @property
    def bound(self) -> str:
        """The allowed range in words, with the unit."""
        units = self.unit, self.unit_singular
        if self.maximum is None:
            unit = f" {self.unit}" if self.unit else ""
            return f"a number{unit}" if self.minimum is None else f"at least {format_exact(self.minimum, *units)}"
        maximum = format_exact(self.maximum, *units)
        return f"at most {maximum}" if self.minimum is None else f"between {format_exact(self.minimum)} and {maximum}"

    def _in_range(self, number: float) -> bool:
        return (self.minimum is None or number >= self.minimum) and (self.maximum is None or number <= self.maximum)

    def _unit_hint(self, number: float) -> str:
        for unit, per_one in self.other_units.items():
            if self._in_range(number / per_one):
                return f"; the value looks like {unit}"
        return ""

    def _error(self, message: str, bound: str) -> InvalidInput:
        return InvalidInput(FieldError(f"features.{self.name}", message, bound))


def with_words(
    specs: Iterable[FeatureSpec],
    singular_units: Mapping[str, str],
    category_labels: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[FeatureSpec, ...]:
    """Return the specifications with words for people: singulars by unit, and labels of levels by feature."""
    labels = category_labels or {}
    return tuple(
        replace(spec, unit_singular=singular_units.get(spec.unit, ""), category_labels=labels.get(spec.name, {}))
        for spec in specs
    )
