"""Tests of verdicts: vetoes, missing engines, abstention reasons and policies."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.prediction.engines.ensemble import Abstention, Band, DegradedEngine, Ensemble, decide, error_probability
from vigil.prediction.engines.votes import EngineVote, sigmoid, vote_for

BANDS = (Band("low", 0, "wait"), Band("moderate", 0.3, "look"), Band("high", 0.7, "act"))
NAMES = [band.name for band in BANDS]
CERTIFIED = Abstention(0.05, 0.1, 0.2, 0.04, 0.9)
ENSEMBLE = Ensemble({"a": 1.0, "b": 0.5, "c": 0.8}, 0.5, -0.2, {"a": -1.0, "b": 0.1, "c": 0.0})


def vote(probability, veto=None, **more):
    kind = "abstain" if probability is None else vote_for(probability, ENSEMBLE.positive_from)
    return EngineVote(kind, probability, veto=veto, **more)


def votes(*probabilities):
    return {name: vote(p) for name, p in zip("abc", probabilities, strict=True)}


def of(given_votes, *degraded, ensemble=ENSEMBLE, abstention=CERTIFIED, **more):
    return decide(BANDS, ensemble, abstention, given_votes, degraded, **more)


PROBABILITIES = st.one_of(st.none(), st.floats(0, 1))
VETOES = st.sampled_from([None, *NAMES])
VOTES = st.fixed_dictionaries(
    {name: st.builds(vote, PROBABILITIES, VETOES, out_of_domain=st.booleans()) for name in "abc"}
)
ENSEMBLES = st.builds(
    Ensemble,
    st.fixed_dictionaries(dict.fromkeys("abc", st.floats(0, 3))),
    st.floats(0.05, 0.95),
    st.floats(-2, 2),
    st.fixed_dictionaries(dict.fromkeys("abc", st.floats(-2, 2))),
    st.sampled_from(["weighted", "majority", "unanimity"]),
)


def severity(verdict):
    return -1 if verdict.band == "unknown" else NAMES.index(verdict.band)


@given(VOTES, ENSEMBLES, st.sampled_from("abc"), st.sampled_from(NAMES))
def test_a_veto_never_lowers_a_band_and_applies_to_any_votes(given_votes, ensemble, name, veto):
    before = of(given_votes, ensemble=ensemble)
    present = given_votes[name].veto
    if present and NAMES.index(present) > NAMES.index(veto):
        return
    after = of(given_votes | {name: replace(given_votes[name], veto=veto)}, ensemble=ensemble)
    assert severity(after) >= max(severity(before), NAMES.index(veto))
    assert after.probability == before.probability
    assert not (after.reasons and not before.reasons)


@given(VOTES, ENSEMBLES, st.sets(st.sampled_from("abc"), min_size=1))
def test_an_answer_without_an_engine_abstains_or_has_the_highest_band(given_votes, ensemble, missing):
    survivors = {name: vote for name, vote in given_votes.items() if name not in missing}
    verdict = of(survivors, *(DegradedEngine(name, "failed") for name in sorted(missing)), ensemble=ensemble)
    assert verdict.decision == "abstain" or verdict.band == "high"
    assert [lack.engine for lack in verdict.degraded] == sorted(missing)
    assert not verdict.guaranteed
    if verdict.decision == "abstain":
        assert "missing" in verdict.reasons


@given(VOTES, ENSEMBLES, st.sets(st.sampled_from("abc"), min_size=1))
def test_a_degraded_answer_is_never_below_the_band_of_a_remaining_engine(given_votes, ensemble, missing):
    survivors = {name: vote for name, vote in given_votes.items() if name not in missing}
    verdict = of(survivors, *(DegradedEngine(name, "failed") for name in missing), ensemble=ensemble)
    for survivor in survivors.values():
        if survivor.probability is not None:
            assert severity(verdict) >= max(i for i, band in enumerate(BANDS) if survivor.probability >= band.lower)
        if survivor.veto:
            assert severity(verdict) >= NAMES.index(survivor.veto)


@given(VOTES, ENSEMBLES, st.booleans(), st.booleans())
def test_an_answer_has_reasons_only_if_it_abstains(given_votes, ensemble, lacks_facts, certified):
    verdict = of(given_votes, ensemble=ensemble, abstention=CERTIFIED if certified else None, lacks_facts=lacks_facts)
    assert (verdict.decision == "abstain") == bool(verdict.reasons)
    assert len(set(verdict.reasons)) == len(verdict.reasons)
    assert not (verdict.guaranteed and (verdict.reasons or verdict.vetoed or not certified))


def test_the_probability_is_the_weighted_sum_of_log_odds():
    log_odds = -0.2 + 1.0 * -2.197224577336219 + 0.5 * 0 + 0.8 * 2.197224577336219
    assert of(votes(0.1, 0.5, 0.9)).probability == pytest.approx(sigmoid(log_odds))


def test_an_abstaining_engine_contributes_its_learnt_term():
    assert ENSEMBLE.probability(votes(None, 0.5, 0.5)) == pytest.approx(sigmoid(-0.2 - 1.0))
    assert ENSEMBLE.probability({"b": vote(0.5)}) == pytest.approx(sigmoid(-0.2 - 1.0))


def test_a_missing_engine_is_named_with_its_reason():
    gone = DegradedEngine("a", "unsigned")
    verdict = of({"b": vote(0.1), "c": vote(0.1)}, gone)
    assert verdict.reasons == ("unsigned_model", "missing")
    assert verdict.degraded == (gone,)


def test_without_any_engine_the_band_is_unknown():
    verdict = of({}, *(DegradedEngine(name, "failed") for name in "abc"))
    assert (verdict.probability, verdict.band, verdict.decision) == (None, "unknown", "abstain")


def test_engines_without_calibration_abstain_for_no_calibration():
    verdict = of(
        {"a": EngineVote("positive", None), "b": EngineVote("abstain", None), "c": EngineVote("abstain", None)}
    )
    assert verdict.reasons == ("no_calibration",)


def test_a_row_out_of_domain_has_a_band_but_no_decision():
    verdict = of(votes(0.99, 0.99, 0.99) | {"b": vote(None, out_of_domain=True)})
    assert (verdict.band, verdict.decision, verdict.reasons) == ("high", "abstain", ("out_of_domain",))


def test_a_missing_essential_fact_makes_the_answer_abstain():
    assert of(votes(0.01, 0.01, 0.01), lacks_facts=True).reasons == ("missing",)


@pytest.mark.parametrize(
    ("policy", "probabilities", "disagree"),
    [
        ("unanimity", (0.01, 0.01, 0.6), True),
        ("unanimity", (0.01, 0.01, None), False),
        ("majority", (0.01, 0.01, 0.6), False),
        ("majority", (0.001, 0.6, 0.6), True),
        ("weighted", (0.0001, 0.6, 0.6), True),
        ("weighted", (0.01, 0.01, 0.6), False),
        ("weighted", (0.51, None, None), False),
    ],
)
def test_each_policy_detects_its_disagreements(policy, probabilities, disagree):
    verdict = of(votes(*probabilities), ensemble=replace(ENSEMBLE, policy=policy), abstention=None)
    assert ("disagreement" in verdict.reasons) is disagree


def test_an_error_probability_above_the_threshold_is_low_confidence():
    one = Ensemble({"a": 1.0}, 0.5)
    assert of({"a": vote(0.21)}, ensemble=one).reasons == ("low_confidence",)
    assert of({"a": vote(0.19)}, ensemble=one).guaranteed
    assert of({"a": vote(0.79)}, ensemble=one).reasons == ("low_confidence",)
    missed = replace(CERTIFIED, harm="missed")
    positive = of({"a": vote(0.6)}, ensemble=one, abstention=missed)
    assert (positive.reasons, positive.guaranteed) == ((), False)
    assert of({"a": vote(0.21)}, ensemble=one, abstention=missed).reasons == ("low_confidence",)


def test_a_veto_decides_if_no_known_band_is_above_it():
    decided = of(votes(0.4, 0.4, 0.4) | {"b": vote(None, "high", out_of_domain=True)})
    assert (decided.decision, decided.vetoed, decided.guaranteed) == ("act", True, False)
    below = of(votes(0.6, 0.9, 0.6) | {"b": vote(0.9, "low")})
    assert not below.vetoed


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_the_error_probability_is_that_of_the_other_side(probability, positive_from):
    wrong = error_probability(probability, positive_from, "wrong")
    assert wrong == (probability if probability < positive_from else 1 - probability)
    assert error_probability(probability, positive_from, "missed") in {wrong, 0.0}


@pytest.mark.parametrize(
    "fields", [{"weights": {}}, {"weights": {"a": -1}}, {"positive_from": 0}, {"positive_from": 1}]
)
def test_an_ensemble_with_invalid_numbers_is_refused(fields):
    with pytest.raises(ValueError, match=r"must be|may be"):
        Ensemble(**{"weights": {"a": 1.0}, "positive_from": 0.5, **fields})
