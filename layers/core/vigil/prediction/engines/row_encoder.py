"""Encoding of named values into the row that engines receive."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.json_documents import MAX_MEMBERS
from vigil.prediction.features.feature_spec import FeatureSpec

_Accepted: TypeAlias = tuple[str, Any, float, float, FeatureSpec]
"""Name, type, bounds and specification of a feature."""
_KINDS: Mapping[str, type] = {"number": float, "integer": int, "boolean": bool}


class RowEncoder:
    """Encoder of one schema. Values of the usual type within both bounds need no call of their specification."""

    def __init__(self, features: Sequence[FeatureSpec]) -> None:
        self._plan = [_accepted(spec) for spec in features]
        self._most = max(MAX_MEMBERS, len(features))

    def encode(self, features: Mapping[str, object]) -> tuple[float, ...]:
        """Return the row in schema order; raise InvalidInput with every invalid field."""
        if len(features) > self._most:
            raise InvalidInput(FieldError("features", "has too many members", f"at most {self._most} members"))
        row: list[float] = []
        absent, errors = 0, list[FieldError]()
        for name, kind, low, high, spec in self._plan:
            value: Any = features.get(name)
            if type(value) is kind and low <= value <= high:
                row.append(value if kind is float else float(value))
                continue
            if value is None and name not in features:
                absent += 1
            try:
                row.append(spec.encode(value))
            except InvalidInput as error:
                errors.extend(error.errors)
        if len(features) + absent > len(self._plan):
            errors[:0] = self._unknown(features)
        if errors:
            raise InvalidInput(*errors)
        return tuple(row)

    def _unknown(self, features: Mapping[str, object]) -> list[FieldError]:
        known = {name for name, *_ in self._plan}
        return [
            FieldError(f"features.{name[:64]}", "is not a feature of this model", "a feature of the model's schema")
            for name in features
            if name not in known
        ]


def _accepted(spec: FeatureSpec) -> _Accepted:
    """Return the name, and the type and bounds of values that need no conversion; no type accepts every value."""
    kind = _KINDS.get(spec.type)
    if kind is bool:
        return spec.name, bool, 0, 1, spec
    if spec.minimum is None or spec.maximum is None:
        kind = None
    return spec.name, kind, spec.minimum or 0.0, spec.maximum or 0.0, spec
