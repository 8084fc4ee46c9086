"""Tests of the statistics engine: distances, the gate, and tests of entropy and rates."""

import functools
import json
import math
import operator
from fractions import Fraction

import numpy as np
import pytest

from models import parts
from models.parts import statistics
from tests.unit.prediction.engines.contracts import NUMBERS, PLATT, engine
from vigil.errors import ModelRefused
from vigil.prediction.engines.statistics import EntropyTest, RateTest
from vigil.prediction.features.feature_spec import FeatureSpec

MIX = np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 2.0]])
GATE = 0.05


def draw(count, seed):
    return np.random.default_rng(seed).normal(size=(count, 3)) @ MIX + [5, -3, 100]


FITTED, HELD = draw(2000, seed=1), draw(1999, seed=2)
PART = statistics("engine", FITTED, HELD, NUMBERS, gate=GATE)
ENGINE = engine("statistics", PART.content, calibration=PLATT)
DOMAIN = {"features": ["a"], "center": [0.0], "scale": [1.0], "distances": [0.5, 1.0, 2.0], "gate": 0.05}


def parameters(**changes):
    return engine("statistics", json.dumps({"domain": DOMAIN, **changes}).encode(), calibration=PLATT)


def test_the_distance_is_the_mahalanobis_distance_of_robust_z():
    domain = json.loads(PART.content)["domain"]
    center, scale = np.array(domain["center"]), np.array(domain["scale"])
    z = np.arcsinh((FITTED - center) / scale)
    precision = np.linalg.inv(np.cov(z, rowvar=False) + 0.1 * np.eye(3))
    for row in draw(50, seed=3):
        deviation = np.arcsinh((row - center) / scale)
        assert ENGINE.raw_score(row.tolist()) == pytest.approx(math.sqrt(deviation @ precision @ deviation), rel=1e-9)


def test_the_gates_share_of_usual_rows_is_out_of_domain():
    outside = np.mean([ENGINE.assess(row).out_of_domain for row in draw(4000, seed=4).tolist()])
    assert outside == pytest.approx(GATE, abs=0.015)


def test_the_conformal_p_value_of_usual_rows_is_uniform():
    p = [ENGINE.assess(row).evidence[0].value for row in draw(4000, seed=4).tolist()]
    for level in (0.1, 0.25, 0.5, 0.75):
        assert np.mean(np.array(p) <= level) == pytest.approx(level, abs=0.04)


def test_a_distant_row_abstains_with_its_p_value_as_evidence():
    vote = ENGINE.assess((50.0, 30.0, -400.0))
    assert (vote.vote, vote.probability, vote.out_of_domain) == ("abstain", None, True)
    assert vote.evidence[0].value == pytest.approx(1 / 1001)


def test_a_row_against_the_correlation_has_a_larger_distance():
    together, apart = ENGINE.raw_score((7.0, -3 + 2 * 0.8, 100.0)), ENGINE.raw_score((7.0, -3 - 2 * 0.8, 100.0))
    assert apart > 1.5 * together


def test_a_missing_value_counts_as_the_median():
    center = json.loads(PART.content)["domain"]["center"]
    assert ENGINE.raw_score((math.nan, -2.0, 99.0)) == ENGINE.raw_score((center[0], -2.0, 99.0))


def test_a_domain_that_only_gates_does_not_vote():
    assert parameters(votes=False).assess((1.0, 0, 0)).vote == "abstain"
    assert parameters().assess((1.0, 0, 0)).vote == "positive"


COUNTS = tuple(FeatureSpec(name, "number", name, minimum=0) for name in ("web", "mail", "other", "seconds"))


def with_checks(**tests):
    rows = np.random.default_rng(5).uniform(1, 9, size=(200, 4))
    part = statistics("engine", rows, rows, COUNTS, gate=0.001, tests=parts.StatisticsTests(votes=False, **tests))
    return engine("statistics", part.content, COUNTS)


def test_entropy_outside_its_range_votes_positive_with_evidence():
    narrow = EntropyTest(name="narrow", text="One service alone.", counts=("web", "mail", "other"), minimum=0.5)
    engine_ = with_checks(entropy=(narrow,))
    even, alone = engine_.assess((4.0, 4.0, 4.0, 5.0)), engine_.assess((9.0, 0.0, 0.0, 5.0))
    assert (even.vote, alone.vote) == ("abstain", "positive")
    assert (alone.evidence[1].code, alone.evidence[1].value, alone.evidence[1].bound) == ("narrow", 0.0, 0.5)
    assert engine_.assess((0.0, 0.0, 0.0, 5.0)).vote == "abstain"
    assert engine_.assess((math.nan, 4.0, 0.0, 5.0)).vote == "abstain"


def test_a_rate_far_above_the_usual_one_votes_positive():
    fast = RateTest(name="fast", text="Far more than usual.", count="web", exposure="seconds", rate=1.0, most=4.0)
    engine_ = with_checks(rates=(fast,))
    assert engine_.assess((8.0, 2.0, 2.0, 8.0)).vote == "abstain"
    assert engine_.assess((30.0, 2.0, 2.0, 3.0)).evidence[1].code == "fast"
    assert engine_.assess((30.0, 2.0, 2.0, math.nan)).vote == "abstain"


def test_the_rate_test_stabilises_the_variance_of_poisson_counts():
    random = np.random.default_rng(6)
    for mean in (5, 50, 5000):
        counts = random.poisson(mean, 4000)
        deviates = 2 * (np.sqrt(counts + 0.375) - math.sqrt(mean + 0.375))
        assert deviates.std() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ({"features": ["z"]}, "schema_mismatch"),
        ({"center": [0.0, 1.0]}, "malformed"),
        ({"scale": [0.0]}, "malformed"),
        ({"distances": [2.0, 1.0]}, "malformed"),
        ({"distances": []}, "malformed"),
        ({"gate": 0}, "malformed"),
        ({"whitening": [[1.0, 2.0]]}, "malformed"),
        ({"surplus": 1}, "malformed"),
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_are_refused(domain, reason):
    with pytest.raises(ModelRefused) as caught:
        parameters(domain=DOMAIN | domain)
    assert caught.value.reason == reason


def test_the_distance_is_rounded_once_on_every_python():
    """`sum` of floats is compensated from Python 3.12 on, and would give other bits there."""
    random = np.random.default_rng(6)
    names = [f"f{place}" for place in range(10)]
    whitening = [random.normal(size=place + 1).tolist() for place in range(10)]
    domain = {"features": names, "center": [0.0] * 10, "scale": [1.0] * 10, "whitening": whitening}
    content = json.dumps({"domain": {**domain, "distances": [1.0], "gate": 0.05}}).encode()
    distance = engine("statistics", content, tuple(FeatureSpec(name, "number", name) for name in names)).raw_score
    naive = 0
    for row in random.normal(size=(200, 10)).tolist():
        z = [math.asinh(x) for x in row]
        turned = [exact(w * x for w, x in zip(weights, z, strict=False)) for weights in whitening]
        assert distance(row) == math.sqrt(exact(x * x for x in turned))
        naive += math.sqrt(functools.reduce(operator.add, (x * x for x in turned))) != distance(row)
    assert naive > 10


def exact(terms):
    """Return the sum of floats, rounded once."""
    return float(sum(map(Fraction, terms)))
