"""Certified policy for answers: over redrawn sets, too many unanswerable questions pass at most in the share delta."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from models.answer_policy import LabelledShare, fit_policy
from vigil.assistant.answers.abstention_model import AnswerPolicy

ALPHA, DELTA = 0.1, 0.05


def questions(rng, unanswerable, answerable=80):
    """Return labelled shares; those of unanswerable questions follow Beta(3, 6), the others Beta(8, 3)."""
    return [
        *(LabelledShare(float(share), is_answerable=False) for share in rng.beta(3, 6, unanswerable)),
        *(LabelledShare(float(share), is_answerable=True) for share in rng.beta(8, 3, answerable)),
    ]


def test_a_fitted_threshold_is_too_low_at_most_in_the_share_delta():
    rng = np.random.default_rng(3)
    found = [fit_policy(questions(rng, 60), ALPHA, DELTA) for _ in range(200)]
    assert all(policy.passed_bound <= ALPHA for policy in found)
    assert np.mean([stats.beta.sf(policy.share_from, 3, 6) > ALPHA for policy in found]) <= DELTA
    assert np.mean([policy.coverage for policy in found]) > 0.6


@pytest.mark.parametrize(("count", "is_certified"), [(0, False), (25, False), (28, False), (29, True), (60, True)])
def test_few_unanswerable_questions_certify_nothing(count, is_certified):
    labelled = [LabelledShare(0.0, is_answerable=False)] * count + [LabelledShare(0.5, is_answerable=True)] * 500
    assert (fit_policy(labelled, ALPHA, DELTA) is not None) is is_certified


def test_the_share_of_answerable_questions_does_not_change_the_threshold():
    rng = np.random.default_rng(5)
    few = questions(rng, 60, 0)
    many = [*few, *questions(rng, 0, 1_000)]
    assert fit_policy(few, ALPHA, DELTA).share_from == fit_policy(many, ALPHA, DELTA).share_from


def test_the_smallest_certified_threshold_and_its_figures_are_stated():
    shares = [0.3] * 58 + [0.62, 0.7]
    labelled = [*(LabelledShare(each, is_answerable=False) for each in shares), LabelledShare(0.65, is_answerable=True)]
    policy = fit_policy(labelled, ALPHA, DELTA)
    bound = pytest.approx(stats.beta.ppf(0.95, 1 + 1, 60 - 1))  # with two of 60, it is above 0.1
    assert policy == AnswerPolicy(pytest.approx(0.625), ALPHA, DELTA, 60, 1, bound, coverage=1.0)
    assert AnswerPolicy(**json.loads(json.dumps(asdict(policy)))) == policy


def test_questions_that_pass_every_threshold_certify_nothing():
    assert fit_policy([LabelledShare(1.0, is_answerable=False)] * 100, ALPHA, DELTA) is None
