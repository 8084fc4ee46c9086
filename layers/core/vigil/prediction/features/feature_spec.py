"""The specification of one model input: type, unit, range and handling of missing values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import NAN, FeatureValue


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One input of a model: type, unit, allowed range, and handling of missing values.

    `minimum` and `maximum` are inclusive. A category is encoded as its index in `categories`, a boolean as 0 or 1, a
    missing value as NaN.

    `other_units` maps a unit that callers send by mistake to the number of such units in one of the feature's own
    (`{"months": 12}` for a feature in years). The error message can then name the confused unit.

    `label` is the noun phrase in reason texts. `missing` decides the effect of a missing value: it is allowed, makes
    the answer abstain, or is refused. `cost` is the effort of obtaining the value, relative to the package's other
    features.
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

    def accepts_as_is(self, value: float) -> bool:
        """True if the value is a number within both bounds and needs no conversion; never true for NaN or infinity."""
        low, high = self.minimum, self.maximum
        return self.type == "number" and low is not None and high is not None and low <= value <= high

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

    @property
    def bound(self) -> str:
        """The allowed range in words, with the unit."""
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is not None and self.maximum is not None:
            return f"between {self.minimum:g} and {self.maximum:g}{unit}"
        if self.minimum is not None:
            return f"at least {self.minimum:g}{unit}"
        return f"at most {self.maximum:g}{unit}" if self.maximum is not None else f"a number{unit}"

    def _in_range(self, number: float) -> bool:
        return (self.minimum is None or number >= self.minimum) and (self.maximum is None or number <= self.maximum)

    def _unit_hint(self, number: float) -> str:
        for unit, per_one in self.other_units.items():
            if self._in_range(number / per_one):
                return f"; the value looks like {unit}"
        return ""

    def _error(self, message: str, bound: str) -> InvalidInput:
        return InvalidInput(FieldError(f"features.{self.name}", message, bound))
