"""The encoder of a schema gives the row and the errors that the specifications give one by one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.scoring import FEATURES
from vigil.errors import InvalidInput
from vigil.prediction.engines.row_encoder import RowEncoder
from vigil.prediction.features.feature_spec import FeatureSpec

SPECS = (
    *FEATURES,
    FeatureSpec("free", "number", "free number"),
    FeatureSpec("floor", "number", "number with one bound", minimum=1.0),
    FeatureSpec("count", "integer", "integer with one bound", maximum=9),
)
ENCODER = RowEncoder(SPECS)
numbers: Any = st.floats() | st.integers() | st.integers(-(10**400), 10**400)
values = st.none() | st.booleans() | numbers | st.sampled_from(["I", "II", "IV", "1"]) | st.lists(st.integers())
names = st.sampled_from([spec.name for spec in SPECS] + ["other", "x" * 80])


def one_by_one(features):
    known = {spec.name for spec in SPECS}
    errors = [(f"features.{name[:64]}", "is not a feature of this model") for name in features if name not in known]
    row = []
    for spec in SPECS:
        try:
            row.append(spec.encode(features.get(spec.name)))
        except InvalidInput as error:
            errors += [(each.field, each.message) for each in error.errors]
    return errors or repr(row)


@given(st.dictionaries(names, values))
def test_row_and_errors_equal_those_of_the_specifications(features):
    try:
        found = repr(list(ENCODER.encode(features)))
    except InvalidInput as error:
        found = [(each.field, each.message) for each in error.errors]
    assert found == one_by_one(features)


class UncalledSpec(FeatureSpec):
    """A specification that refuses every call."""

    def encode(self, value):
        raise AssertionError(f"{self.name} is encoded by its specification")


@given(st.floats(0, 100), st.integers(0, 50), st.booleans())
def test_usual_values_need_no_call_of_their_specification(age, visits, urban):
    uncalled = UncalledSpec("age", "number", "", "", 0, 100), UncalledSpec("visits", "integer", "", "", 0, 50)
    encoder = RowEncoder((*uncalled, UncalledSpec("urban", "boolean", "")))
    assert encoder.encode({"age": age, "visits": visits, "urban": urban}) == (age, float(visits), float(urban))
