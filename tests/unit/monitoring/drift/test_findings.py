"""Findings have the kind and the next step of their cause, and show no small cell."""

from dataclasses import replace

import pytest

from tests.support.drift_worlds import World, judge
from vigil.monitoring.drift.cells_model import compared_cells, split_cells
from vigil.monitoring.drift.rules_model import DriftRules

OWN = judge(DriftRules(settling_days=20, settling_rows=1_000))
SETTLED = 25


@pytest.fixture(scope="module")
def days():
    return list(World(100, 9, 60).profiles())


def findings(days, change, performance="unknown", last=40):
    """Return the findings after the profiles of a settled model have changed."""
    state, found = OWN.rebuild(days[:SETTLED])
    assert found == ()
    everything = []
    for profile in days[SETTLED:last]:
        state, found = OWN.advance(state, change(profile), performance)
        everything += found
    return everything


def without(profile, features, share=1.0):
    """Return the profile with these features missing in a share of the rows, in the same rows."""
    lost = int(profile.counted * share)
    kept = {
        feature: replace(counts, counts=tuple(int(n * (1 - share)) for n in counts.counts))
        for feature, counts in enumerate(profile.features)
        if feature in features
    }
    counted = [
        replace(kept[i], missing=profile.counted - sum(kept[i].counts)) if i in kept else each
        for i, each in enumerate(profile.features)
    ]
    return replace(profile, features=tuple(counted), missing_patterns={sum(1 << i for i in features): lost})


def test_features_that_go_missing_together_are_one_finding(days):
    found = findings(days, lambda profile: without(profile, {2, 3, 5, 31}))
    assert [(f.kind, f.recommendation, set(f.subjects)) for f in found] == [
        ("feed", "fix_feed", {"number2", "number3", "number5", "level1"})
    ]
    assert "4 features" in found[0].text


def test_features_with_weak_evidence_join_those_they_go_missing_with(days):
    def change(profile):
        many = without(profile, {2, 3}, 0.4)
        # Feature 7 had values in few rows before, so that its own evidence is small.
        return replace(many, missing_patterns={(1 << 2) + (1 << 3) + (1 << 7): 40})

    found = findings(days, change, last=SETTLED + 2)
    assert [set(finding.subjects) for finding in found] == [{"number2", "number3", "number7"}]


def constant(profile):
    rows = sum(profile.features[4].counts)
    return replace(profile, features=swapped(profile, 4, (*(0,) * 9, rows)))


def swapped(profile, feature, counts):
    own = replace(profile.features[feature], counts=counts)
    return tuple(own if i == feature else each for i, each in enumerate(profile.features))


def shifted(profile):
    counts = profile.features[4].counts
    return replace(profile, features=swapped(profile, 4, (0, *counts[:8], sum(counts[8:]))))


def test_a_constant_feature_is_a_broken_feed(days):
    found = findings(days, constant)
    assert [(f.kind, f.recommendation, f.subjects) for f in found] == [("feed", "fix_feed", ("number4",))]
    assert "constant or in another unit" in found[0].text


@pytest.mark.parametrize(
    ("performance", "kind", "step"),
    [("unknown", "population", "watch"), ("inside", "population", "watch"), ("below", "domain", "collect_labels")],
)
def test_performance_decides_between_population_and_domain(days, performance, kind, step):
    found = findings(days, shifted, performance, last=60)
    assert [(f.kind, f.recommendation) for f in found][:1] == [(kind, step)]


@pytest.mark.parametrize(
    ("members", "subject", "kind", "step"),
    [
        ({"abstention_reasons": {"missing": 30, "out_of_domain": 2}}, "abstention missing", "feed", "fix_feed"),
        ({"abstention_reasons": {"missing": 3, "out_of_domain": 30}}, "abstention out_of_domain", "domain", "watch"),
        ({"degraded_engines": {"forest": 40}}, "engine forest", "predictions", "review"),
        ({"bands": {"high": 60, "low": 40}}, "bands", "predictions", "watch"),
        ({"decisions": {"act": 60, "wait": 40}}, "decisions", "predictions", "watch"),
        ({"bands": {"unheard": 60, "low": 40}}, "bands", "predictions", "watch"),
    ],
)
def test_answers_that_move_are_findings_of_predictions(days, members, subject, kind, step):
    (found,) = findings(days, lambda profile: replace(profile, **members))
    assert (found.family, found.subjects, found.kind, found.recommendation) == ("predictions", (subject,), kind, step)
    assert found.text.startswith(f"{subject} is ")


def test_scores_that_move_are_a_finding_of_predictions(days):
    def moved(profile):
        rows = profile.scores.rows
        return replace(profile, scores=replace(profile.scores, rows=(*(0,) * 8, *rows[:-9], sum(rows[-9:]))))

    found = findings(days, moved)
    assert [(f.family, f.subjects, f.effect.measure) for f in found] == [("predictions", ("score",), "mean_shift_sd")]


def test_an_alarm_with_few_rows_shows_the_tolerated_edge(days):
    own = judge(DriftRules(settling_days=20, settling_rows=1_000))
    state, _ = own.rebuild(days[:SETTLED])
    few = list(World(4, 1, 60).profiles())[SETTLED:]
    effects = []
    for profile in few:
        changed = without(profile, {0})
        state, found = own.advance(state, changed)
        effects += [finding.effect for finding in found]
    assert effects[0].low is None
    assert 1.1 <= effects[0].value < 3


@pytest.mark.parametrize("hidden", range(11))
def test_a_part_below_eleven_rows_has_no_effect_of_its_own(hidden):
    shown = split_cells((hidden, 500 - hidden), (300, 700), {0})
    assert shown == split_cells((0, 500), (300, 700), {0})
    mirrored = split_cells((300, 700), (hidden, 500 - hidden), {0})
    assert mirrored == split_cells((300, 700), (0, 500), {0})


def test_parts_that_are_small_on_both_sides_are_not_shown():
    assert split_cells((3, 500), (9, 700), {0}) is None
    assert split_cells((500, 0), (700, 4), {0}) is None


@pytest.mark.parametrize("kind", ["number", "levels"])
def test_compared_cells_have_eleven_rows_each(kind):
    cells = compared_cells(kind, (1, 30, 4, 4, 4, 50, 3), (200, 200, 200, 3, 200, 200, 5))
    assert min(cells.window + cells.baseline) >= 11
    assert (sum(cells.window), sum(cells.baseline)) == (96, 1008)


def test_few_rows_are_not_compared():
    assert compared_cells("number", (10, 11), (500, 500)) is None
    assert compared_cells("levels", (500, 500), (10, 11)) is None
