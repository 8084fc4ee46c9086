"""The text of a decision equals the one that pydantic writes without knowing the types of the fields."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.model import Decision, Reason

numbers: Any = st.floats() | st.integers(-(2**70), 2**70)
values = st.none() | st.booleans() | numbers | st.text()
reasons = st.builds(Reason, value=values, contribution=numbers)
decisions = st.builds(
    Decision,
    probability=st.none() | numbers,
    raw_score=st.none() | numbers,
    explanation=st.none() | st.lists(reasons, max_size=3).map(tuple),
    base_value=st.none() | numbers,
)


@given(decisions)
def test_texts_equal_those_of_a_writer_without_types(decision):
    def written(*left_out: str) -> str:
        return to_json(decision, exclude=set(left_out), inf_nan_mode="null").decode()

    assert serialize.body(decision) == written()
    assert serialize.summary(decision) == written("engines", "explanation", "base_value", "flags")
    members = serialize.result_members(decision)
    assert "{" + members == written("decision_id", "created_at", "explanation", "base_value")
