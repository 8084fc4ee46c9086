"""Outcomes of trials, once a week: evidence about a challenger, and one finding about a worse release."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from cli.monitoring.stores import MemoryFindings, MemoryProgress, MemoryTrials
from tests.support.fakes.monitoring import FakeModels
from tests.support.fakes.trials import FakeComparisons, FakeLabels
from vigil.monitoring.findings.model import BUDGET_SHARES
from vigil.monitoring.findings.words_model import next_step
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.nightly.trials_service import TrialReview
from vigil.monitoring.trials.releases_model import RELEASE_EVIDENCE, RELEASES_PER_YEAR, find_worse_release
from vigil.prediction.trials.evidence_model import DecisionLabel, TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval
from vigil.prediction.trials.model import Comparison, ModelAnswer, PairedComparison
from vigil.prediction.trials.service import TrialOutcomes

OLD = ServedVersion("toy", 1, "single", "2026-01-05", "2026-03-01")
NEW = ServedVersion("toy", 2, "single", "2026-03-01", "2026-06-01")
SUNDAY, MONDAY = "2026-06-07", "2026-06-08"
DUE = "2026-05-01T00:00:00.000000Z"


class World:
    """Stores of a model whose version 2 was promoted after a trial beside version 1."""

    def __init__(self):
        self.comparisons, self.labels = FakeComparisons(), FakeLabels()
        self.models = FakeModels({("toy", 1): None, ("toy", 2): None})
        self.findings, self.progress, self.trials = MemoryFindings(), MemoryProgress(), MemoryTrials()
        for each in (OLD, NEW):
            self.progress.put_served("acme", each)

    def compare(self, versions, probabilities, tenant="acme", rows=400):
        """Store the answers of two versions to requests about which 20 % of the events are known."""
        chance = Random(f"{versions} {tenant}")
        before, after = (ModelAnswer(number, p, "wait") for number, p in zip(versions, probabilities, strict=True))
        for number in range(rows):
            key = f"{tenant}#{versions}-{number}"
            pair = PairedComparison(Comparison(before, after, label_due_at=DUE), f"s-{key}", key)
            self.comparisons.kept.setdefault(("toy", *versions), []).append(pair)
            self.labels.known[key] = DecisionLabel(chance.random() < 0.2)

    def review(self, served=NEW, day=MONDAY):
        outcomes = TrialOutcomes(self.comparisons, self.labels, lambda: datetime(2026, 6, 9, tzinfo=UTC))
        review = TrialReview(outcomes, self.trials, self.models, self.findings, self.progress)
        return review.review("acme", served, day)

    def found(self):
        return [record.finding for record in self.findings.findings("acme", "toy")]


@pytest.fixture
def world():
    return World()


def test_a_release_that_is_worse_than_its_predecessor_is_one_finding(world):
    world.compare((1, 2), (0.2, 0.6))
    served = world.review()
    (finding,) = world.found()
    assert (finding.family, finding.kind, finding.version, finding.source) == ("release", "release", 2, "single")
    assert (finding.day, finding.since, served.trials_week) == (SUNDAY, NEW.first_day, "2026-W23")
    assert (finding.effect.measure, finding.effect.value > finding.effect.low > 0) == ("paired_brier", True)
    assert finding.effect.value == round(finding.effect.value, 3)  # in the step of its report
    assert finding.e_value >= RELEASE_EVIDENCE
    assert "Return to version 1." in finding.text
    assert "previous version" in next_step(finding)
    world.review(served, "2026-06-15")
    assert world.found() == [finding]


@pytest.mark.parametrize("probabilities", [(0.6, 0.2), (0.2, 0.2), (0.2, 0.21)])
def test_a_release_that_is_not_worse_has_no_finding(world, probabilities):
    world.compare((1, 2), probabilities)
    world.review()
    assert world.found() == []


def test_outcomes_of_other_tenants_are_not_weighed(world):
    world.compare((1, 2), (0.2, 0.6), tenant="globex")
    world.review()
    assert world.found() == []


def test_the_predecessor_is_the_version_with_the_same_requests(world):
    world.progress.put_served("acme", replace(OLD, version=3))  # a challenger that was withdrawn
    world.models.versions |= {("toy", 4): None}
    world.compare((1, 4), (0.2, 0.6))
    world.review(replace(NEW, version=4))
    assert [finding.version for finding in world.found()] == [4]


@pytest.mark.parametrize(
    "changes", [{"source": "batch"}, {"version": 1}, {"trials_week": "2026-W23"}], ids=["batch", "no champion", "known"]
)
def test_only_champions_of_single_requests_are_reviewed_once_a_week(world, changes):
    world.compare((1, 2), (0.2, 0.6))
    world.review(replace(NEW, **changes))
    assert world.found() == []


def test_the_last_evidence_about_a_challenger_is_stored(world):
    world.models.challenger = 3
    world.compare((2, 3), (0.2, 0.6))
    world.review()
    stored = world.trials.load("acme", "toy", 2)
    assert (stored.challenger, stored.day, stored.evidence.verdict) == (3, SUNDAY, "worse")
    assert stored.evidence.brier_difference.mean > 0
    assert world.found() == []


def test_a_challenger_without_due_labels_leaves_nothing(world):
    world.models.challenger = 3
    world.review()
    assert world.trials.load("acme", "toy", 2) is None


def test_few_labelled_subjects_are_no_finding(world):
    world.compare((1, 2), (0.0, 1.0), rows=10)
    world.review()
    assert world.found() == []


def test_the_threshold_keeps_the_share_of_the_budget():
    assert pytest.approx(1) == sum(BUDGET_SHARES.values())
    assert pytest.approx(BUDGET_SHARES["release"]) == RELEASES_PER_YEAR / RELEASE_EVIDENCE
    for worse, is_found in ((RELEASE_EVIDENCE, True), (RELEASE_EVIDENCE - 1, False)):
        evidence = TrialEvidence("worse", 100, 0.1, worse, MeanInterval(0.1, 0.05, 0.15))
        assert bool(find_worse_release((1, 2), evidence, (NEW.first_day, SUNDAY))) is is_found


def test_equal_versions_have_findings_within_the_budget():
    found = 0
    for seed in range(200):
        chance, world = Random(seed), World()
        for number in range(300):
            truth = chance.betavariate(2, 6)
            answers = (min(max(truth + chance.gauss(0, 0.1), 0.0), 1.0) for _ in range(2))
            before, after = (ModelAnswer(version, p, "wait") for version, p in zip((1, 2), answers, strict=True))
            key = f"acme#{number}"
            pair = PairedComparison(Comparison(before, after, label_due_at=f"{DUE[:-8]}{number:06}Z"), key, key)
            world.comparisons.kept.setdefault(("toy", 1, 2), []).append(pair)
            world.labels.known[key] = DecisionLabel(chance.random() < truth)
        world.review()
        found += len(world.found())
    assert found <= 200 / RELEASE_EVIDENCE * 2
