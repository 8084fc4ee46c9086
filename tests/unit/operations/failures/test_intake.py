"""Batches count once under double delivery, lost races and crashes, with few writes; findings are published."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.support.fakes.failures import CrashingFailures, FakeBus, FakeFailures
from tests.support.faultbed.interleaving import Interleaving
from tests.support.log_lines import BEGIN, TIMED_OUT, batch, chunks, line_of
from vigil.errors import Unavailable
from vigil.operations.failures.intake import FailureIntake
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.service import Failures

MOST_WRITES_PER_SECOND = 100


class PausingFailures:
    """A store that lets another actor run before each call."""

    def __init__(self, table, pause):
        self._table = table
        self._pause = pause

    def __getattr__(self, name):
        def call(*arguments):
            self._pause()
            return getattr(self._table, name)(*arguments)

        return call


class Exporter:
    """Receiver that records the names of findings."""

    def __init__(self):
        self.findings = []

    def export(self, failure):
        self.findings += [finding.name for finding in failure.group.unpublished]


@pytest.fixture
def table():
    return FakeFailures()


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def intake(table, bus):
    return FailureIntake(table, bus)


def only(table):
    """Return the only group, as it is stored."""
    (failure_id,) = table.groups
    return table.find(failure_id)


def raises():
    raise KeyError("secret")


def test_a_new_failure_is_counted_and_published(table, bus, intake):
    assert intake.process(batch(TIMED_OUT, "START", TIMED_OUT)) == 2
    stored = only(table)
    assert (stored.count, stored.group.count, stored.group.unpublished) == (2, 2, ())
    assert [event.kind for event in bus.events] == ["failures.found"]


def test_10_000_lines_delivered_twice_in_any_order_count_once(table, intake):
    line = line_of(raises)
    deliveries = [each for n in range(10) for each in chunks([line] * 1_000, 50, name=f"s{n}")] * 2
    Random(7).shuffle(deliveries)
    for each in deliveries:
        intake.process(each)
    assert only(table).count == 10_000


def test_1_000_errors_a_second_need_less_than_100_writes_a_second(table, intake):
    # A failing instance of 20 ms per request has 50 errors a second, and its stream is delivered each second.
    line, seconds, instances = line_of(raises), 12, 20
    for second in range(seconds):
        for instance in range(instances):
            found = batch(*[line] * 50, name=f"s{instance}", first=second * 50, after=timedelta(seconds=second))
            intake.process(found)
    assert only(table).count == 1_000 * seconds
    assert table.writes.total() / seconds < MOST_WRITES_PER_SECOND
    assert table.writes["group"] / seconds < 1


def test_frequent_failures_are_published_once_more(bus, intake):
    for number in range(40):
        intake.process(batch(TIMED_OUT, name=f"s{number}", first=number, after=timedelta(seconds=number)))
    assert [event.event_id.partition(".")[2] for event in bus.events] == [
        "1.failures.found",
        "1.frequent.failures.found",
    ]


def test_rare_failures_are_published_once(bus, intake):
    for number in range(40):
        intake.process(batch(TIMED_OUT, first=number, after=timedelta(minutes=number)))
    assert len(bus.events) == 1


@pytest.mark.parametrize("streams", [1, 11])
def test_a_burst_that_arrives_late_is_frequent(bus, intake, streams):
    for number in range(20):
        intake.process(batch(TIMED_OUT, first=number, after=timedelta(minutes=30 + 6 * number)))
    assert len(bus.events) == 1
    for number in range(streams):
        burst = batch(*[TIMED_OUT] * (11 // streams), name=f"s{number}", first=100 + number)
        intake.process(burst)
    assert [event.event_id.partition(".")[2] for event in bus.events][1:] == ["1.frequent.failures.found"]


def test_a_burst_at_the_begin_of_a_batch_is_frequent(bus, intake):
    burst, last = batch(*[TIMED_OUT] * 11), batch(TIMED_OUT, first=11, after=timedelta(minutes=20))
    intake.process(replace(burst, events=burst.events + last.events))
    assert len(bus.events) == 2


def test_a_regression_is_published_once_and_counted_anew(table, bus, intake):
    intake.process(batch(TIMED_OUT, version=4))
    group = only(table).group
    table.replace(group.resolve("operator:k", BEGIN))
    intake.process(batch(TIMED_OUT, version=4, first=1))
    assert (only(table).group.state, only(table).count) == ("resolved", 2)
    for first in range(2, 5):
        intake.process(batch(TIMED_OUT, version=5, first=first))
    assert [event.kind for event in bus.events] == ["failures.found", "failures.regressed"]
    assert (only(table).group.state, only(table).count, only(table).group.generation) == ("open", 3, 2)


def test_a_failure_during_a_resolution_is_known_or_a_regression():
    assert {raced(seed) for seed in range(40)} == {("resolved", 6, 2), ("open", None, 1)}


def raced(seed):
    """Resolve a group while a later version fails. Return its state, its fixed version and its count."""
    turns, table = Interleaving(seed), FakeFailures()
    paused = PausingFailures(table, turns.pause)
    intake, service = FailureIntake(paused, FakeBus()), Failures(paused, lambda: BEGIN)
    intake.process(batch(TIMED_OUT, version=4))
    failure_id = only(table).group.failure_id
    later = batch(TIMED_OUT, version=5, first=1)
    turns.run([lambda: service.resolve(failure_id, "operator:k"), lambda: intake.process(later)])
    stored = only(table)
    return stored.group.state, stored.group.fixed_in.get("vigil-scoring-api"), stored.count


def test_a_finding_that_the_bus_refuses_is_published_by_the_repetition(table, bus, intake):
    bus.is_away = True
    with pytest.raises(Unavailable):
        intake.process(batch(TIMED_OUT))
    bus.is_away = False
    intake.process(batch(TIMED_OUT))
    assert (only(table).count, len(bus.events), only(table).group.unpublished) == (1, 1, ())


def test_a_group_that_fails_does_not_stop_the_others(table, bus):
    class Refusing(FakeFailures):
        def find(self, failure_id):
            if failure_id == refused:
                raise Unavailable("away")
            return super().find(failure_id)

    found = batch(TIMED_OUT, line_of(raises))
    refused = read_batch(found)[0].signature.fingerprint
    table = Refusing()
    with pytest.raises(Unavailable):
        FailureIntake(table, bus).process(found)
    assert len(table.groups) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("first", range(1, 12))
def test_crashes_at_every_write_lose_and_double_nothing(bus, after, first):
    table = CrashingFailures(first, first + 2, first + 3, after=after)
    intake = FailureIntake(table, bus)
    for number in range(15):
        found = batch(TIMED_OUT, name=f"s{number % 2}", first=number, after=timedelta(seconds=number))
        for _ in range(5):  # Lambda repeats a failed delivery
            try:
                intake.process(found)
            except Unavailable:
                continue
            break
    assert only(table).count == 15
    assert only(table).group.unpublished == ()
    assert {event.event_id.partition(".")[2] for event in bus.events} == {
        "1.failures.found",
        "1.frequent.failures.found",
    }


def test_a_lost_race_for_the_group_is_repeated(table, intake):
    table.lose = 3
    intake.process(batch(TIMED_OUT))
    assert (only(table).count, only(table).group.count) == (1, 1)


def test_a_lost_race_of_every_attempt_is_unavailable(table, intake):
    table.lose = 100
    with pytest.raises(Unavailable):
        intake.process(batch(TIMED_OUT))
    table.lose = 0
    intake.process(batch(TIMED_OUT))
    assert only(table).count == 1


def test_findings_are_exported_after_they_are_published(table, bus):
    exporter = Exporter()
    intake = FailureIntake(table, bus, [exporter])
    intake.process(batch(TIMED_OUT))
    intake.process(batch(TIMED_OUT, first=1))
    assert exporter.findings == ["found"]
