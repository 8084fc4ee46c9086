"""Stored values have the types of their dataclasses, or are damaged."""

import json
import zlib
from dataclasses import dataclass
from typing import Literal

import pytest

from vigil.errors import DamagedData
from vigil.kernel.stored_values import naming_damage, read_json, read_value, unpack_json


@dataclass(frozen=True)
class Part:
    counts: tuple[int, ...]
    share: float | None = None


@dataclass(frozen=True)
class Whole:
    name: str
    kind: Literal["a", "b"]
    parts: tuple[Part, ...]
    by_name: dict[str, Part]
    is_open: bool = False


STORED = {
    "name": "x",
    "kind": "a",
    "parts": [{"counts": [1, 0]}, {"counts": [], "share": 2}],
    "by_name": {"y": {"counts": [3], "share": None}},
}
WHOLE = Whole("x", "a", (Part((1, 0)), Part((), 2.0)), {"y": Part((3,))})


def test_a_stored_document_is_read_by_the_types_of_its_dataclass():
    assert read_value(Whole, STORED) == WHOLE
    assert read_value(Whole, STORED | {"is_open": True}).is_open


@pytest.mark.parametrize(
    "changes",
    [
        {"name": 1},
        {"name": None},
        {"kind": "c"},
        {"kind": ["a"]},
        {"parts": {}},
        {"parts": [{"counts": [1.0]}]},
        {"parts": [{"counts": [True]}]},
        {"parts": [{"counts": [-1]}]},
        {"parts": [{"counts": 1}]},
        {"parts": [{"share": 1.0}]},
        {"parts": [{"counts": [], "share": float("nan")}]},
        {"parts": [{"counts": [], "share": 10**400}]},
        {"parts": [{"counts": [], "share": "1"}]},
        {"parts": [{"counts": [], "other": 1}]},
        {"by_name": []},
        {"is_open": 1},
        {"further": 1},
    ],
)
def test_a_value_of_another_type_is_damaged(changes):
    with pytest.raises(DamagedData):
        read_value(Whole, STORED | changes)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "[" * 100_000, b"\xff"])
def test_a_text_that_is_no_json_is_damaged(text):
    with pytest.raises(DamagedData, match="must be JSON"):
        read_json(text)


def test_compressed_json_has_a_largest_size_and_an_end():
    packed = zlib.compress(json.dumps(STORED).encode())
    assert unpack_json(packed, 1_000) == STORED
    for damaged, most in ((packed, 50), (packed[:-1], 1_000), (packed + b"x", 1_000), (b"x", 1_000)):
        with pytest.raises(DamagedData):
            unpack_json(damaged, most)


def test_damage_names_its_item_and_the_remedy():
    with (
        pytest.raises(
            DamagedData, match=r"^DAY#1 is damaged: it must be JSON\. An operator must delete it\.$"
        ) as caught,
        naming_damage("DAY#1"),
    ):
        read_json("{")
    assert caught.value.items == ("DAY#1",)
