"""Tests of rules: conditions, missing values, vetoes, and refusal of invalid rules."""

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.prediction.engines.contracts import PLATT, engine
from vigil.errors import ModelRefused
from vigil.prediction.features.feature_spec import FeatureSpec

FEATURES = (
    FeatureSpec("rate", "number", "packet rate", "packets/s", 0, 1e9),
    FeatureSpec("ports", "integer", "ports", "", 0, 65536),
    FeatureSpec("stage", "category", "stage", categories=("I", "II", "III")),
    FeatureSpec("open", "boolean", "open"),
)
NAN = math.nan
FLOOD = {"name": "flood", "text": "Above 100k packets/s.", "when": {"feature": "rate", "op": ">", "value": 100_000}}


def rules(*book, calibration=None):
    return engine("rules", json.dumps({"rules": book}).encode(), FEATURES, calibration)


def fires(when, row):
    return rules({**FLOOD, "when": when}).assess(row).vote == "positive"


def row(rate=0.0, ports=0.0, stage=0.0, open_=0.0):
    return (rate, ports, stage, open_)


@pytest.mark.parametrize(
    ("when", "values", "fired"),
    [
        ({"feature": "rate", "op": ">", "value": 5}, {"rate": 5.5}, True),
        ({"feature": "rate", "op": ">", "value": 5}, {"rate": 5.0}, False),
        ({"feature": "rate", "op": ">=", "value": 5}, {"rate": 5.0}, True),
        ({"feature": "rate", "op": "<", "value": 5}, {"rate": 5.0}, False),
        ({"feature": "rate", "op": "<=", "value": 5}, {"rate": 5.0}, True),
        ({"feature": "ports", "op": "==", "value": 7}, {"ports": 7.0}, True),
        ({"feature": "ports", "op": "!=", "value": 7}, {"ports": 7.0}, False),
        ({"feature": "stage", "op": "==", "value": "II"}, {"stage": 1.0}, True),
        ({"feature": "stage", "in": ["II", "III"]}, {"stage": 0.0}, False),
        ({"feature": "stage", "in": ["II", "III"]}, {"stage": 2.0}, True),
        ({"feature": "open", "op": "==", "value": True}, {"open_": 1.0}, True),
        ({"feature": "rate", "missing": True}, {"rate": NAN}, True),
        ({"feature": "rate", "missing": False}, {"rate": NAN}, False),
    ],
)
def test_each_condition_is_true_only_for_matching_values(when, values, fired):
    assert fires(when, row(**values)) is fired


MORE = {"feature": "rate", "op": ">", "value": 5}
OPEN = {"feature": "open", "op": "==", "value": True}


@pytest.mark.parametrize(
    ("when", "fired"),
    [
        (MORE, False),
        ({"not": MORE}, False),
        ({"any": [MORE, OPEN]}, True),
        ({"all": [MORE, OPEN]}, False),
        ({"not": {"all": [MORE, {"not": OPEN}]}}, True),
        ({"feature": "rate", "in": [1.0]}, False),
        ({"not": {"feature": "rate", "in": [1.0]}}, False),
    ],
)
def test_a_comparison_with_a_missing_value_and_its_negation_do_not_fire(when, fired):
    assert fires(when, row(rate=NAN, open_=1.0)) is fired


CONDITIONS = st.recursive(
    st.sampled_from([MORE, OPEN, {"feature": "ports", "op": "<", "value": 3}]),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS, st.floats(0, 10), st.integers(0, 6), st.booleans())
def test_not_inverts_a_condition_without_missing_values(when, rate, ports, open_):
    values = row(rate, float(ports), 0.0, float(open_))
    with suppress(ModelRefused):  # deeper than the limit
        assert fires(when, values) is not fires({"not": when}, values)


@given(CONDITIONS, st.integers(0, 6), st.booleans())
def test_a_rule_that_fires_on_a_missing_value_fires_on_every_value(when, ports, open_):
    with suppress(ModelRefused):  # deeper than the limit
        if fires(when, row(NAN, float(ports), 0.0, float(open_))):
            assert all(fires(when, row(rate, float(ports), 0.0, float(open_))) for rate in (0.0, 5.0, 5.1, 1e9))


def test_the_engine_abstains_if_no_rule_fires():
    vote = rules(FLOOD, calibration=PLATT).assess(row())
    assert (vote.vote, vote.probability, vote.veto, vote.evidence) == ("abstain", None, None, ())


def test_points_are_summed_and_opposite_votes_cancel():
    calm = {
        "name": "calm",
        "text": "Few ports.",
        "when": {"feature": "ports", "op": "<", "value": 3},
        "vote": "negative",
    }
    both = rules({**FLOOD, "points": 3}, {**calm, "points": 1}).assess(row(rate=2e5))
    assert (both.vote, both.raw) == ("positive", 2.0)
    assert [evidence.code for evidence in both.evidence] == ["flood", "calm"]
    assert rules(FLOOD, calm).assess(row(rate=2e5)).vote == "abstain"


def test_the_highest_veto_applies_independently_of_the_vote():
    veto = {**FLOOD, "points": 0, "severity": "high", "veto": True}
    lower = {**veto, "name": "lower", "severity": "moderate"}
    silent = {**veto, "name": "silent", "veto": False}
    vote = rules(lower, veto, silent).assess(row(rate=2e5))
    assert (vote.vote, vote.veto) == ("abstain", "high")
    assert [evidence.severity for evidence in vote.evidence] == ["moderate", "high", "high"]
    assert rules(silent).assess(row(rate=2e5)).veto is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"when": "rate > 5"}, "malformed"),
        ({"when": {"eval": "__import__('os')"}}, "malformed"),
        ({"when": {"all": []}}, "malformed"),
        ({"when": MORE | {"op": "=~"}}, "malformed"),
        ({"name": "../x"}, "malformed"),
        ({"points": -1}, "malformed"),
        ({"when": MORE | {"feature": "speed"}}, "schema_mismatch"),
        ({"when": MORE | {"value": "five"}}, "schema_mismatch"),
        ({"when": MORE | {"value": -1}}, "schema_mismatch"),
        ({"when": {"feature": "stage", "op": "<", "value": "II"}}, "schema_mismatch"),
        ({"when": {"feature": "stage", "in": ["IV"]}}, "schema_mismatch"),
        ({"severity": "extreme"}, "schema_mismatch"),
        ({"veto": True}, "schema_mismatch"),
        ({"when": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": MORE}}}}}}}}}, "schema_mismatch"),
    ],
    ids=str,
)
def test_a_rule_that_does_not_fit_the_schema_is_refused(changes, reason):
    with pytest.raises(ModelRefused) as caught:
        rules({**FLOOD, **changes})
    assert caught.value.reason == reason


@pytest.mark.parametrize("content", [b"", b"[]", b'{"rules":[]}', b'{"rules":' + b"[" * 100_000])
def test_an_invalid_rule_book_is_refused(content):
    with pytest.raises(ModelRefused, match="malformed"):
        engine("rules", content, FEATURES)


def test_two_rules_with_the_same_name_are_refused():
    with pytest.raises(ModelRefused, match="same name"):
        rules(FLOOD, FLOOD)
