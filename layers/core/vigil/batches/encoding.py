"""Rows of a file, read, checked and made what engines see in one step: for the rows that are plainly right.

What is taken here is encoded as `ModelContract.encode` would; whatever is not plainly right is left to it, errors
included. Reading JSON as the known types of a contract takes half the time of reading it as anything and then looking.
"""

import math
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, MsgspecError, convert, defstruct
from msgspec.json import Decoder
from msgspec.structs import astuple

from vigil.registry.model import NAN, FeatureSpec, ModelContract
from vigil.scoring.model import Flat

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
"""What msgspec can bound an integer by."""
_NOT_PLAIN = (MsgspecError, ValueError, OverflowError)
"""What reading and packing raise: for other JSON, text that is not UTF-8, an integer that no double holds."""


class Encoder:
    """Rows of a contract, packed as native doubles."""

    def __init__(self, contract: ModelContract) -> None:
        self._specs = {spec.name: spec for spec in contract.features}
        self._array = _array(contract.features)
        self._read = Decoder(_document(contract.features)).decode
        self._packed = struct.Struct(f"{len(self._specs)}d").pack
        self._categories = [
            (place, {category: float(i) for i, category in enumerate(spec.categories)})
            for place, spec in enumerate(contract.features)
            if spec.type == "category"
        ]

    def document(self, text: bytes) -> Flat | None:
        """Return the row that a JSON object of a name and features holds, or None where it is not plainly right."""
        try:
            document = self._read(text)
            return Flat(document.subject_id, self._pack(astuple(document.features)))
        except _NOT_PLAIN:
            return None

    def values(self, subject_id: str, values: Sequence[object]) -> Flat | None:
        """Return the row of these values in the order of the contract, or None likewise."""
        try:
            return Flat(subject_id, self._pack(astuple(convert(values, self._array))))
        except _NOT_PLAIN:
            return None

    def arrays(self, names: Sequence[str]) -> Callable[[bytes], bytes | None]:
        """Return what packs a JSON array of all features in the order of these names, or returns None likewise."""
        read, pack = Decoder(_array([self._specs[name] for name in names])).decode, self._pack
        order = [names.index(name) for name in self._specs]
        in_order = order == sorted(order)

        def packed(text: bytes) -> bytes | None:
            try:
                values = astuple(read(text))
                return pack(values if in_order else [values[place] for place in order])
            except _NOT_PLAIN:
                return None

        return packed

    def _pack(self, values: Sequence[Any]) -> bytes:
        if self._categories:
            values = list(values)
            for place, codes in self._categories:
                values[place] = codes.get(values[place])
        return self._packed(*[NAN if value is None else value for value in values])


def _document(specs: Sequence[FeatureSpec]) -> Any:
    """Return the type of a row of NDJSON: what `schemas.SubjectBody` takes, as far as it has only a name and features.

    A feature that is not there is one without a value.
    """
    names = {f"_{place}": spec.name for place, spec in enumerate(specs)}
    fields = [
        (field, _type(spec), None) if spec.missing == "allow" else (field, _type(spec))
        for field, spec in zip(names, specs, strict=True)
    ]
    features = defstruct("Features", fields, rename=names, forbid_unknown_fields=True, kw_only=True, gc=False)
    return defstruct("Row", [("subject_id", str), ("features", features)], forbid_unknown_fields=True, gc=False)


def _array(specs: Sequence[FeatureSpec]) -> Any:
    """Return the type of a JSON array of these features."""
    fields = [(f"_{place}", _type(spec)) for place, spec in enumerate(specs)]
    return defstruct("Values", fields, array_like=True, forbid_unknown_fields=True, gc=False)


def _type(spec: FeatureSpec) -> Any:
    # without an essential fact the answer abstains, which is no matter of one number
    return _kind(spec) | None if spec.missing == "allow" else _kind(spec)


def _kind(spec: FeatureSpec) -> Any:
    if spec.type == "category":
        return Literal[spec.categories]
    if spec.type == "boolean":
        return bool
    low = -math.inf if spec.minimum is None else spec.minimum
    high = math.inf if spec.maximum is None else spec.maximum
    if spec.type == "integer":
        return Annotated[int, Meta(ge=math.ceil(max(low, _LEAST)), le=math.floor(min(high, _MOST)))]
    largest = sys.float_info.max  # neither NaN nor an infinity is within bounds
    return Annotated[float, Meta(ge=max(low, -largest), le=min(high, largest))]
