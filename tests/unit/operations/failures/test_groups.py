"""The life of a group: findings, regressions by version and by time, frequency and counts."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.log_lines import BEGIN, TIMED_OUT, batch
from vigil.kernel.time import format_timestamp
from vigil.operations.failures.counts_model import Tally, find_peak
from vigil.operations.failures.groups_model import FREQUENT_COUNT, FailureGroup, StoredFailure
from vigil.operations.failures.log_lines_model import read_batch

FUNCTION = "vigil-scoring-api"
HOUR = timedelta(hours=1)


def sighting(version=4, number=1, **named):
    (found,) = read_batch(batch(*[TIMED_OUT] * number, version=version, **named))
    return found


def resolved(version=4, after=timedelta()):
    return FailureGroup.begin(sighting(version)).published().resolve("operator:k", BEGIN + after)


def kinds(group):
    return [(event.kind, event.event_id, json.loads(event.detail)["is_frequent"]) for event in group.events()]


def test_a_new_group_has_one_finding_with_ids_and_names_only():
    group = FailureGroup.begin(sighting())
    (event,) = group.events()
    assert json.loads(event.detail) == {
        "event_id": f"{group.failure_id}.1.failures.found",
        "event_version": 2,
        "occurred_at": format_timestamp(BEGIN),
        "tenant_id": "_operators",
        "failure_id": group.failure_id,
        "generation": 1,
        "kind": "timeout",
        "error": "timeout in vigil-scoring-api",
        "function": FUNCTION,
        "function_version": 4,
        "is_frequent": False,
    }


def test_an_old_version_after_a_resolution_is_no_regression():
    group = resolved(version=4)
    assert group.fixed_in == {FUNCTION: 5}
    assert group.regress(sighting(4, after=48 * HOUR)) is group
    assert group.regress(sighting(3, after=HOUR)) is group


def test_the_fixed_version_is_a_regression_with_one_finding():
    group = resolved(version=4).regress(sighting(5, after=HOUR))
    assert (group.state, group.generation, group.count, group.resolved_at) == ("open", 2, 0, None)
    assert kinds(group) == [("failures.regressed", f"{group.failure_id}.2.failures.regressed", False)]
    assert group.regress(sighting(6, after=2 * HOUR)) is group


@pytest.mark.parametrize(("hours", "regresses"), [(23, False), (25, True)])
def test_without_a_version_a_failure_a_day_later_is_a_regression(hours, regresses):
    group = resolved(version="$LATEST")
    assert group.fixed_in == {}
    assert (group.regress(sighting("$LATEST", after=hours * HOUR)).state == "open") is regresses


def test_another_function_is_a_regression_a_day_later_only():
    group = resolved(version=4)
    assert group.regress(sighting(9, function="vigil-batches-chunk", after=HOUR)).state == "resolved"
    assert group.regress(sighting(9, function="vigil-batches-chunk", after=25 * HOUR)).state == "open"


def test_an_ignored_group_counts_without_findings():
    group = FailureGroup.begin(sighting()).published().ignore("operator:k", BEGIN)
    assert group.regress(sighting(9, after=48 * HOUR)) is group
    seen = group.see(sighting(9, after=HOUR), {0: 500}, 500)
    assert (seen.count, seen.unpublished, seen.is_frequent) == (500, (), False)


def test_more_than_ten_failures_in_five_minutes_are_one_further_finding():
    group = FailureGroup.begin(sighting()).published()
    assert group.see(sighting(), {0: 10}, FREQUENT_COUNT).unpublished == ()
    frequent = group.see(sighting(), {0: 11}, FREQUENT_COUNT + 1)
    assert kinds(frequent) == [("failures.found", f"{group.failure_id}.1.frequent.failures.found", True)]
    again = frequent.published().see(sighting(after=HOUR), {0: 99}, 99)
    assert again.unpublished == ()


def test_a_regressed_group_can_become_frequent_again():
    group = FailureGroup.begin(sighting()).see(sighting(), {0: 11}, 11).published()
    regressed = group.resolve("operator:k", BEGIN).regress(sighting(5, after=HOUR)).published()
    frequent = regressed.see(sighting(5, after=HOUR), {0: 11}, 11)
    assert kinds(frequent) == [("failures.regressed", f"{group.failure_id}.2.frequent.failures.regressed", True)]


def test_the_last_failure_is_stored_once_a_minute():
    group = FailureGroup.begin(sighting()).see(sighting(), {0: 1}, 1)
    assert group.see(sighting(after=timedelta(seconds=59)), {0: 2}, 2) is group
    later = group.see(sighting(after=timedelta(seconds=60)), {0: 2, 1: 1}, 3)
    assert (later.count, later.last_seen) == (3, "2026-11-21T05:01:00.000000Z")


def test_a_new_version_is_noted_and_a_known_one_changes_nothing():
    group = FailureGroup.begin(sighting(4))
    assert group.note_versions(sighting(5)).functions == {FUNCTION: 5}
    assert group.note_versions(sighting(3)) is group


def test_a_reopened_group_keeps_its_count_and_forgets_its_resolution():
    group = resolved().reopen("operator:k", BEGIN + HOUR)
    assert (group.state, group.resolved_at, group.fixed_in, group.generation) == ("open", None, {}, 1)


def test_a_tally_counts_minutes_and_the_latest_ten():
    tally = Tally("f", 1, 0)
    for minute in range(20):
        tally = tally.add(sighting(number=3, after=timedelta(minutes=minute)))
    assert (tally.count, find_peak([tally], sighting(after=timedelta(minutes=19)))) == (60, 15)
    assert [each.at for each in tally.latest][:2] == ["2026-11-21T05:19:00.002000Z", "2026-11-21T05:19:00.001000Z"]
    assert (len(tally.latest), len(tally.minutes)) == (10, 20)
    assert len(tally.add(spread(range(100))).minutes) == 30


def test_the_parts_of_a_count_are_added_up():
    group = FailureGroup.begin(sighting())
    parts = [Tally("f", 1, part).add(sighting(number=7, after=timedelta(seconds=part))) for part in range(3)]
    stored = StoredFailure(group, tuple(parts))
    assert (stored.count, stored.peak(sighting()), len(stored.latest)) == (21, 21, 10)
    assert stored.latest[0].at > stored.latest[-1].at


def spread(minutes):
    """Return a sighting with one failure in each of these minutes."""
    found = [sighting(after=timedelta(minutes=minute)).last for minute in minutes]
    return replace(sighting(), occurrences=tuple(found))


@given(st.lists(st.lists(st.integers(0, 25), min_size=1, max_size=6), min_size=1, max_size=8), st.randoms())
def test_a_peak_depends_on_the_times_and_not_on_the_arrival(batches, random):
    minutes = [minute for each in batches for minute in each]
    most = max(sum(end - 5 < minute <= end for minute in minutes) for end in minutes)
    random.shuffle(batches)
    parts, peaks = {}, []
    for number, each in enumerate(batches):
        part = number % 3
        parts[part] = parts.get(part, Tally("f", 1, part)).add(spread(each))
        peaks.append(find_peak(parts.values(), spread(each)))
    assert max(peaks) == most


def test_a_late_batch_in_a_forgotten_minute_has_its_own_peak():
    tally = Tally("f", 1, 0).add(spread(range(60, 120)))
    late = sighting(number=11)
    assert find_peak([tally.add(late)], late) == 11
