"""Profiles of sampled rows equal those of a count of one decision after the other."""

from array import array
from dataclasses import replace
from itertools import pairwise
from math import isnan

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.scoring import CONTRACT
from vigil.decisions.batches.limits_model import SAMPLE_STEP
from vigil.decisions.batches.row_columns_model import RowColumns
from vigil.decisions.scoring.answered_rows_model import NO_ANSWER, AnsweredRows, AnswerFacts
from vigil.decisions.scoring.groups_model import SubjectGroups
from vigil.kernel.rows import NAN
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter
from vigil.monitoring.profiles.sampled_rows import count_rows
from vigil.prediction.engines.group_attributes import GroupAttribute

GROUPED = replace(
    CONTRACT,
    groups=(
        GroupAttribute("sex", ("female", "male")),
        GroupAttribute("age_band", ("young", "old"), source="age", cuts=(40.0,)),
    ),
    intersections=(("sex", "age_band"),),
)
CELLS = [FeatureCells(edges, cells) for edges, cells in (((20.0, 40.0, 60.0), 4), ((), 1), ((), 2), ((), 3))]
FACTS = (
    AnswerFacts(1, "low", "wait"),
    AnswerFacts(2, "high", "call"),
    AnswerFacts(2, "high", "abstain", ("low_confidence",), ("linear",)),
)
ROWS = st.tuples(
    st.sampled_from((NO_ANSWER, *FACTS)),
    st.tuples(
        st.one_of(st.just(NAN), st.sampled_from((0.0, 20.0, 40.0, 59.5, 100.0))),
        st.one_of(st.just(NAN), st.integers(0, 50).map(float)),
        st.sampled_from((NAN, 0.0, 1.0)),
        st.sampled_from((NAN, 0.0, 1.0, 2.0)),
    ),
    st.one_of(st.just(NAN), st.floats(0, 1)),
    st.sampled_from(({}, {"sex": "female"}, {"sex": "male"})),
)


def step_of(rows):
    answered = AnsweredRows.without_answers(len(rows), len(CONTRACT.features))
    answered.kinds = [facts for facts, *_ in rows]
    answered.facts = {facts: facts for facts in answered.kinds if facts is not NO_ANSWER}
    answered.vectors = array("d", [value for _, vector, *_ in rows for value in vector])
    answered.probabilities = [probability for _, _, probability, _ in rows]
    return answered


def one_by_one(rows, first_row):
    """Return the profile that a count of one row after the other gives."""
    counter = ProfileCounter(CELLS, ["sex", "age_band"], [("sex", "age_band")])
    for number, (facts, vector, probability, groups) in enumerate(rows, first_row):
        if number % SAMPLE_STEP == 1 and facts.band_code:
            known = {**groups, **SubjectGroups(GROUPED).derive(vector)}
            given_probability = None if isnan(probability) else probability
            answer = (facts.band, facts.decision, facts.band == "high", facts.reasons, facts.degraded)
            counter.add(CountedDecision(str(number), "p", "", vector, given_probability, *answer, known))
    return counter.profile("2026-11-21", "batch", sum(facts.band_code > 0 for facts, *_ in rows))


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=8), st.integers(1, 200), st.lists(st.integers(1, 90), max_size=4))
def test_sampled_rows_are_counted_like_single_decisions(pattern, first_row, cuts):
    rows = (pattern * 300)[:300]
    columns = RowColumns(first_row, GROUPED)
    bounds = [0, *sorted({min(sum(cuts[: n + 1]), 300) for n in range(len(cuts))}), 300]
    for start, end in pairwise(bounds):
        if start < end:
            columns.add(step_of(rows[start:end]), [groups for *_, groups in rows[start:end]])
    assert count_rows(CELLS, columns, "2026-11-21T23:59:59.000000Z") == one_by_one(rows, first_row)
