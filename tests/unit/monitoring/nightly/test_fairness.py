"""Monthly look at groups: alarms at their own level, one finding per group, and no small counts."""

import pytest

from cli.monitoring.stores import MemoryCohorts, MemoryFindings, MemoryProfiles, MemoryProgress
from tests.support.monitored_ledgers import MONITORED, REFERENCE
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.fairness.verdicts_model import compare_groups
from vigil.monitoring.nightly.fairness_model import find_unfair_groups
from vigil.monitoring.nightly.fairness_service import FairnessReview
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.performance.cohorts_model import Cohort
from vigil.monitoring.report.group_rows_model import publish_groups
from vigil.monitoring.report.monitored_model import MonitoredVersion

VERSION = MonitoredVersion(MONITORED, REFERENCE, profile_layout(MONITORED, REFERENCE))
SERVED = ServedVersion("toy", 1, "single", "2026-01-05", "2026-03-31")


def tally(events, found, rows=1_000):
    """Return a group with this number of events, of which some are flagged, and few false alarms."""
    return GroupTally(rows, found + 50, 0, found, 50, events - found, rows - events - 50, float(events))


FAIR, UNFAIR = tally(200, 120), tally(200, 40)


@pytest.fixture
def world():
    cohorts, findings, progress = MemoryCohorts(), MemoryFindings(), MemoryProgress()
    return cohorts, findings, FairnessReview(MemoryProfiles(), cohorts, findings, progress)


def put(cohorts, week, **groups):
    cohorts.put("acme", "toy", 1, "single", Cohort(week, groups={f"sex={name}": each for name, each in groups.items()}))


def found(findings):
    return [record.finding for record in findings.findings("acme", "toy")]


def test_equal_groups_have_no_finding(world):
    cohorts, findings, review = world
    put(cohorts, "2026-W10", female=FAIR, male=FAIR)
    review.review("acme", SERVED, VERSION, "2026-03-31")
    assert found(findings) == []


def test_a_group_that_is_missed_has_one_finding_per_version(world):
    cohorts, findings, review = world
    put(cohorts, "2026-W10", female=UNFAIR, male=FAIR)
    served = SERVED
    for day in ("2026-03-31", "2026-04-01", "2026-05-01"):
        served = review.review("acme", served, VERSION, day)
    (first,) = found(findings)
    assert (first.subjects, first.day) == (("sex=female",), "2026-03-31")
    assert (first.family, first.kind, first.recommendation, first.since) == (
        "fairness",
        "fairness",
        "review",
        "2026-01-05",
    )
    assert first.effect.value == pytest.approx(0.33, abs=0.01)
    assert "flagged is lower than among all others (ratio 0.33" in first.text


def test_groups_are_compared_once_a_month(world):
    cohorts, findings, review = world
    served = review.review("acme", SERVED, VERSION, "2026-03-02")
    put(cohorts, "2026-W10", female=UNFAIR, male=FAIR)
    served = review.review("acme", served, VERSION, "2026-03-31")
    assert found(findings) == []
    review.review("acme", served, VERSION, "2026-04-01")
    assert len(found(findings)) == 1


def test_counts_before_the_last_year_are_left_out(world):
    cohorts, findings, review = world
    put(cohorts, "2025-W10", female=UNFAIR, male=FAIR)
    review.review("acme", ServedVersion("toy", 1, "single", "2024-01-01", "2026-03-31"), VERSION, "2026-03-31")
    assert found(findings) == []


def test_a_finding_shows_no_ratio_of_small_counts():
    groups = {"female": tally(200, 9), "male": tally(400, 300)}
    (first,) = find_unfair_groups(SERVED, {"sex": groups}, "2026-01-05", "2026-03-31")
    assert (first.effect.value, first.effect.low) == (0.8, None)
    assert "ratio" not in first.text


def test_a_finding_has_the_ratio_that_its_report_shows():
    for events in range(30, 50):
        groups = {"sex": {"female": tally(200, events), "male": tally(400, 300)}}
        (first,) = find_unfair_groups(SERVED, groups, "2026-01-05", "2026-03-31")
        row = next(each for each in publish_groups(groups) if each.group == "female")
        shown = row.ratio.value, row.ratio.low, row.ratio.high
        assert (first.effect.value, first.effect.low, first.effect.high) == shown


def test_more_flags_alone_are_no_finding():
    groups = {"female": GroupTally(1_000, 500), "male": GroupTally(1_000, 100)}
    assert list(find_unfair_groups(SERVED, {"sex": groups}, "2026-01-05", "2026-03-31")) == []


def test_a_calibrated_model_is_fair_to_a_group_with_more_events():
    # In both groups 40 % of the events are flagged; more rows without an event follow from the higher rate.
    groups = {
        "15-24": GroupTally(2_000, 600, 0, 160, 440, 240, 1_160, expected=400.0),
        "25+": GroupTally(8_000, 800, 0, 256, 544, 384, 6_816, expected=640.0),
    }
    failed = {each.measure for each in compare_groups(groups) if each.verdict == "fail"}
    assert failed == {"false_positive_rate", "selection_rate"}
    assert list(find_unfair_groups(SERVED, {"age_band": groups}, "2026-01-05", "2026-03-31")) == []


@pytest.mark.parametrize(
    ("female", "words"),
    [
        (GroupTally(2_000, 600, 0, 200, 400, 200, 1_200, expected=200.0), "events per expected event is higher"),
        (GroupTally(2_000, 600, 0, 200, 400, 200, 1_200, expected=800.0), "events per expected event is lower"),
        (GroupTally(2_000, 600, 900, 200, 400, 200, 1_200, expected=400.0), "share of abstentions is higher"),
        (GroupTally(2_000, 100, 0, 60, 40, 340, 1_560, expected=400.0), "events that are flagged is lower"),
    ],
)
def test_each_harm_is_named(female, words):
    male = GroupTally(8_000, 2_400, 400, 800, 1_600, 800, 4_800, expected=1_600.0)
    found = list(find_unfair_groups(SERVED, {"sex": {"female": female, "male": male}}, "2026-01-05", "2026-03-31"))
    assert [each.subjects for each in found if words in each.text] == [("sex=female",)]


def test_a_finding_about_two_attributes_names_both():
    groups = {"female&15-24": UNFAIR, "male&15-24": FAIR, "male&25+": FAIR}
    subjects = [
        each.subjects for each in find_unfair_groups(SERVED, {"sex&age_band": groups}, "2026-01-05", "2026-03-31")
    ]
    assert ("sex=female&age_band=15-24",) in subjects


def test_a_group_without_one_of_two_values_has_no_finding():
    groups = {"not given&15-24": UNFAIR, "female&15-24": FAIR, "male&15-24": FAIR}
    found = find_unfair_groups(SERVED, {"sex&age_band": groups}, "2026-01-05", "2026-03-31")
    assert not [each.subjects for each in found if "not given" in each.subjects[0]]
