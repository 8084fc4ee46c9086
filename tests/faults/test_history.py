"""The checker reports the errors of a history, and only those."""

import pytest

from tests.support.faultbed.history import Answer, Count, Effect, Input, report, violations

INPUTS = [Input("a", "acme"), Input("b", "globex", "bytes")]
EFFECTS = [Effect("a", "acme", "x"), Effect("b", "globex", "bytes")]


def test_one_effect_per_input_has_no_violation():
    answers = [Answer("a", "x"), Answer("a", "x"), Answer("b", "bytes")]
    assert violations(INPUTS, EFFECTS, answers, [Count("rows", 2, 2)]) == []


@pytest.mark.parametrize(
    ("effects", "answers", "counts", "expected"),
    [
        (EFFECTS[:1], [], [], [("lost", "b")]),
        (EFFECTS[1:], [Answer("a", "x")], [], [("lost", "a"), ("lost", "a")]),
        ([*EFFECTS, EFFECTS[0]], [], [], [("double", "a")]),
        ([*EFFECTS, Effect("c", "acme")], [], [], [("foreign", "c")]),
        ([Effect("a", "globex", "x"), EFFECTS[1]], [], [], [("foreign", "a")]),
        ([EFFECTS[0], Effect("b", "globex", "other")], [], [], [("changed", "b")]),
        (EFFECTS, [Answer("a", "y")], [], [("changed", "a")]),
        (EFFECTS, [], [Count("rows", 3, 2)], [("miscounted", "rows")]),
    ],
    ids=["lost", "answered and lost", "double", "foreign", "of another", "changed", "answered otherwise", "miscounted"],
)
def test_each_error_has_its_kind_of_violation(effects, answers, counts, expected):
    assert [(wrong.kind, wrong.key) for wrong in violations(INPUTS, effects, answers, counts)] == expected


def test_a_report_contains_the_seed():
    assert "VIGIL_FAULT_SEED=17" in report(violations(INPUTS, []), 17)
