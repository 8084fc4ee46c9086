"""Reasons of abstentions and their order."""

from itertools import product

import pytest

from vigil.assistant.answers.abstention_model import (
    AbstentionFacts,
    AnswerPolicy,
    find_abstention,
    find_early_abstention,
)

POLICY = AnswerPolicy(0.6, alpha=0.1, delta=0.05, unanswerable=60, passed=1, passed_bound=0.08, coverage=0.9)
NEAR, FAR = {"share": 0.6}, {"share": 0.59}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({**NEAR, "has_statements": True}, None),
        ({**NEAR, "has_statements": True, "has_contradictions": True}, None),
        ({**NEAR, "has_statements": True, "outcome": "unavailable"}, None),
        ({**NEAR, "has_contradictions": True}, "conflict"),
        ({**NEAR, "has_contradictions": True, "outcome": "unavailable"}, "conflict"),
        (NEAR, "unsupported"),
        ({**NEAR, "outcome": "unanswerable"}, "no_evidence"),
        ({**NEAR, "outcome": "masking_refused"}, "phi"),
        ({**NEAR, "outcome": "unavailable"}, "llm_unavailable"),
        (FAR, "no_evidence"),
        ({**FAR, "retired_share": 0.6}, "retired"),
        ({**FAR, "retired_share": 0.6, "is_out_of_scope": True}, "out_of_scope"),
        ({**NEAR, "has_statements": True, "is_out_of_scope": True}, "out_of_scope"),
    ],
)
def test_the_first_reason_of_the_order_is_given(facts, reason):
    assert find_abstention(AbstentionFacts(**{"is_out_of_scope": False, **facts}), POLICY) == reason


def test_the_model_is_called_only_if_no_early_reason_applies():
    for share, retired, order in product((0.0, 0.59, 0.6, 1.0), (0.0, 1.0), (True, False)):
        facts = AbstentionFacts(order, share, retired, has_statements=True)
        early = find_early_abstention(facts, POLICY)
        assert (early is None) == (share >= 0.6 and not order)
        assert find_abstention(facts, POLICY) == early
