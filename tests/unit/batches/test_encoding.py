"""What is read and encoded in one step is encoded as ever, or not at all."""

import json
import math
import struct
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes.scoring import CONTRACT, FEATURES
from vigil.batches.encoding import Encoder
from vigil.registry.model import FeatureSpec

NUMBERS = replace(CONTRACT, features=tuple(FeatureSpec(name, "number", name) for name in ("x", "y", "z")))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 120), st.floats(-5, 120), st.sampled_from(["I", "III", "", "x", 10**400]),
    st.floats(allow_nan=True), st.integers(), st.lists(st.integers(), max_size=1),
)  # fmt: skip
NAMES = [spec.name for spec in FEATURES]
DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


def numbers(packed):
    return list(memoryview(packed).cast("d"))


def same(row, expected):
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(row, expected, strict=True))


@given(st.dictionaries(st.sampled_from([*NAMES, "colour"]), VALUES))
def test_a_document_is_encoded_as_ever(features):
    text = json.dumps({"features": features, "subject_id": "p"}).encode()
    if (flat := Encoder(CONTRACT).document(text)) is not None:
        assert flat.subject_id == "p"
        assert same(numbers(flat.row), CONTRACT.encode(features))


@given(st.tuples(*[VALUES] * len(NAMES)))
def test_values_are_encoded_as_ever(values):
    if (flat := Encoder(CONTRACT).values("p", values)) is not None:
        assert same(numbers(flat.row), CONTRACT.encode(dict(zip(NAMES, values, strict=True))))


@given(DECIMALS)
@example("9007199254740993")
@example("2.2250738585072011e-308")
@example("1.7976931348623159e308")
@example("0.1000000000000000055511151231257827021181583404541015625")
def test_a_number_is_the_nearest_double(text):
    packed = Encoder(NUMBERS).arrays(["z", "x", "y"])(f"[1,{text},null]".encode())
    if math.isinf(float(text)):
        assert packed is None
    else:
        assert struct.unpack("3d", packed)[0] == float(text)
        assert numbers(packed)[2] == 1


@pytest.mark.parametrize(
    "text",
    [
        b'{"subject_id":"p","features":{"age":1,"age":101}}',
        b'{"subject_id":"p","features":{"age":1},"as_of":null}',
        b'{"subject_id":"p"}',
        b'{"subject_id":7,"features":{"age":1}}',
        b'{"subject_id":"\xff","features":{"age":1}}',
        b'{"subject_id":"p","features":{"age":NaN}}',
        b'{"subject_id":"p","features":{}}',
        b'[{"subject_id":"p","features":{"age":1}}]',
        b'{"subject_id":"p","features":{"age":1}} x',
        b'{"subject_id":"p","features":{"age":' + b"[" * 10_000 + b"}}",
    ],
)
def test_what_is_not_plainly_right_is_left_alone(text):
    assert Encoder(CONTRACT).document(text) is None


def test_an_integer_may_have_any_bounds():
    specs = (FeatureSpec("n", "integer", "n", minimum=-1e30, maximum=1e30), FeatureSpec("m", "integer", "m"))
    encoder = Encoder(replace(CONTRACT, features=specs))
    assert numbers(encoder.values("p", [-(1 << 62), 1 << 62]).row) == [-(2.0**62), 2.0**62]
    assert encoder.values("p", [1, 10**400]) is None


def test_features_have_names_that_stand_in_json_as_they_are():
    for name in ('a"b', "a\\b", "a\nb"):
        with pytest.raises(ValueError, match="printable"):
            replace(CONTRACT, features=(FeatureSpec(name, "number", "x"),))
    odd = replace(CONTRACT, features=(FeatureSpec("é class-1", "number", "x"),))
    assert numbers(Encoder(odd).document('{"subject_id":"p","features":{"é class-1":2}}'.encode()).row) == [2.0]
