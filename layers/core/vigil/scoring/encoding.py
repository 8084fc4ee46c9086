"""Many feature mappings at once into the rows that engines see: for the rows that are plainly right.

What is taken here is encoded as `ModelContract.encode` would; whatever is not plainly right is left to it, errors
included. A row is checked by one call into pydantic's core: some 25 ns per value, where a loop over specs takes 200.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema

from vigil.registry.model import NAN, FeatureSpec, ModelContract


class Encoder:
    """Rows of a contract, packed as native doubles."""

    def __init__(self, contract: ModelContract) -> None:
        specs = contract.features
        self._names = tuple(spec.name for spec in specs)
        self._known = frozenset(self._names)
        # of one name, itemgetter gives the bare value
        self._pick = itemgetter(*self._names) if len(specs) > 1 else lambda features: (features[self._names[0]],)
        self._check = SchemaValidator(core_schema.tuple_schema([_schema(spec) for spec in specs])).validate_python
        self._packed = struct.Struct(f"{len(specs)}d").pack
        self._categories = [
            (place, {category: float(i) for i, category in enumerate(spec.categories)})
            for place, spec in enumerate(specs)
            if spec.type == "category"
        ]

    def encode(self, features: Mapping[str, Any]) -> bytes | None:
        """Return the packed row of these features, or None where it is not plainly right."""
        try:
            return self.pack(self._pick(features) if len(features) == len(self._names) else self._sparse(features))
        except KeyError:
            return None

    def pack(self, values: Sequence[Any]) -> bytes | None:
        """Return the packed row of these values in the order of the contract, or None likewise."""
        try:
            values = self._check(values)
        except ValidationError:
            return None
        if self._categories:
            values = list(values)
            for place, codes in self._categories:
                values[place] = codes.get(values[place], NAN)
        try:
            return self._packed(*[NAN if value is None else value for value in values])
        except (OverflowError, struct.error):
            return None

    def _sparse(self, features: Mapping[str, Any]) -> tuple[Any, ...]:
        if not features.keys() <= self._known:
            raise KeyError
        return tuple(map(features.get, self._names))


def _schema(spec: FeatureSpec) -> core_schema.CoreSchema:
    kind = _kind(spec)
    # without an essential fact the answer abstains, which is no matter of one number
    return core_schema.nullable_schema(kind) if spec.missing == "allow" else kind


def _kind(spec: FeatureSpec) -> core_schema.CoreSchema:
    low, high = spec.minimum, spec.maximum
    if spec.type == "category":
        return core_schema.literal_schema(list(spec.categories))
    if spec.type == "boolean":
        return core_schema.bool_schema(strict=True)
    if spec.type == "integer":
        return core_schema.int_schema(
            strict=True,
            ge=None if low is None else math.ceil(low),
            le=None if high is None else math.floor(high),
        )
    return core_schema.float_schema(strict=True, ge=low, le=high, allow_inf_nan=False)
