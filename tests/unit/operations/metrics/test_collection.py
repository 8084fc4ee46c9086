"""Each minute of CloudWatch counts once, also after races and pauses; a source that is away is missing."""

import json
from datetime import timedelta
from io import StringIO

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.measurements import FakeCloudWatch, FakeStates
from vigil.errors import Unavailable
from vigil.operations.metrics.gauges_source import GaugeSource
from vigil.operations.metrics.schedule import ScheduledCollection
from vigil.operations.metrics.series_model import Catalogue, SeriesMemory, notice_metric, own, server_errors
from vigil.operations.metrics.series_source import SeriesSource
from vigil.operations.metrics.service import Collector, Metrics
from vigil.operations.objectives.timeline_model import minute_of
from vigil.runtime.telemetry import Telemetry

CATALOGUE = Catalogue("vigil", "local", ("CRITICAL", "INFO"))
ROUTE = own("Latency", (("model", "iit"), ("route", "/v1/scores"), ("service", "scoring-api")), "SampleCount")


class World:
    """Sources with a scripted CloudWatch, and the families of a scrape."""

    def __init__(self):
        self.clock, self.cloudwatch, self.states = Clock(), FakeCloudWatch(), FakeStates()
        self.source = SeriesSource(self.cloudwatch, CATALOGUE)
        self.depths = {("alerts", "visible"): 3}
        self.queues = GaugeSource("queues", "vigil_queue_messages", ("queue", "state"), lambda: self.depths)
        self.collector = Collector(self.states, [self.source, self.queues], self.clock)

    def predict(self, number=1, minutes_ago=0):
        self.cloudwatch.put(CATALOGUE.predictions, minute_of(self.clock()) - minutes_ago, number)

    def samples(self):
        families = Metrics(self.states, self.clock).families()
        return {
            (family.name, *(value for _, value in sample.labels), sample.suffix): sample.value
            for family in families
            for sample in family.samples
        }

    @property
    def predictions(self):
        return self.samples().get(("vigil_predictions", "_total"))


@pytest.fixture
def world():
    return World()


def test_notices_without_a_receiver_from_the_start_are_counted(world):
    for metric, number in ((notice_metric("unroutable"), 2), (CATALOGUE.unroutable, 3)):
        world.cloudwatch.put(metric, minute_of(world.clock()) - 10, number)
    world.collector.run()
    assert world.samples()["vigil_deliveries", "notice", "unroutable", "_total"] == 5


def test_each_minute_counts_once_and_a_late_one_waits(world):
    world.predict(5, minutes_ago=10)
    world.predict(7, minutes_ago=2)  # may still grow
    world.collector.run()
    assert world.predictions == 5
    for _ in range(20):
        world.clock.advance(minutes=1)
        world.collector.run()
    assert world.predictions == 12


def test_counters_are_exact_over_hours_of_traffic_and_pauses(world):
    world.collector.run()
    total = 0
    for minute in range(600):
        world.predict(minute % 13)
        total += minute % 13
        world.clock.advance(minutes=1)
        if minute % 97 < 60:  # the collector is down for more than half an hour at a time
            world.collector.run()
    world.clock.advance(minutes=10)
    world.collector.run()
    assert world.predictions == total


def test_a_collector_that_was_down_for_a_day_catches_up_in_parts(world):
    world.collector.run()
    for _ in range(1_440):
        world.clock.advance(minutes=1)
        world.predict()
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.collector.run()
    world.clock.advance(minutes=8)
    world.collector.run()
    assert world.predictions == 1_440


def collect_minutely(world, minutes):
    """Let minutes pass with one prediction and one score each, and collect in each of them."""
    for _ in range(minutes):
        world.predict()
        world.cloudwatch.put(own("ScoreRequests"), minute_of(world.clock()), 1)
        world.clock.advance(minutes=1)
        world.collector.run()


def timeline(world):
    """Return the end of the sums, and the scores of the windows of the rule `slow`."""
    memory = SeriesMemory.from_stored(world.states.find("cloudwatch").collected.memory)
    scores = memory.timelines["score_latency"]
    return memory.end, [scores.window(memory.end, timedelta(minutes=length)).valid for length in (30, 360)]


@pytest.mark.parametrize("ahead", [timedelta(minutes=9), timedelta(days=1), timedelta(days=400)])
def test_a_collection_with_a_clock_ahead_is_healed_by_later_ones(world, ahead):
    collect_minutely(world, 400)
    world.clock.now += ahead
    world.collector.run()
    world.clock.now -= ahead
    assert world.samples() == {}
    collect_minutely(world, 20)
    end, sums = timeline(world)
    assert minute_of(world.clock()) - end < 10
    assert sums == [30, 360]
    assert world.predictions == 420 - (minute_of(world.clock()) - end)


def test_a_first_collection_with_a_clock_ahead_is_healed_too(world):
    world.clock.now += timedelta(days=1)
    world.collector.run()
    world.clock.now -= timedelta(days=1)
    collect_minutely(world, 20)
    assert world.predictions == 20 - (minute_of(world.clock()) - timeline(world)[0])


@pytest.mark.parametrize("behind", [timedelta(minutes=6), timedelta(days=1)])
def test_a_collection_with_a_clock_behind_counts_no_minute_twice(world, behind):
    collect_minutely(world, 100)
    world.clock.now -= behind
    for _ in range(10):
        world.clock.advance(minutes=1)
        world.collector.run()
    world.clock.now += behind
    collect_minutely(world, 20)
    assert world.predictions == 120 - (minute_of(world.clock()) - timeline(world)[0])


@pytest.mark.parametrize(("ahead", "is_missing"), [(5 * 60, False), (5 * 60 + 1, True)])
def test_a_state_that_is_ahead_is_missing_from_a_scrape(world, ahead, is_missing):
    world.collector.run()
    world.clock.now -= timedelta(seconds=ahead)
    assert (world.samples() == {}) == is_missing


def test_of_two_runs_at_once_one_counts(world):
    world.predict(5, minutes_ago=10)
    find = world.states.find

    def raced(name):
        state = find(name)
        world.states.find = find
        world.collector.run()
        return state

    world.states.find = raced
    world.collector.run()
    assert world.predictions == 5


def test_a_route_counts_from_its_first_minute_although_it_is_listed_late(world):
    world.collector.run()
    world.cloudwatch.put(ROUTE, minute_of(world.clock()) + 5, 10)
    world.cloudwatch.put(server_errors(ROUTE), minute_of(world.clock()) + 5, 2)
    world.clock.advance(minutes=20)
    world.collector.run()
    world.cloudwatch.routes = [ROUTE]
    world.clock.advance(minutes=5)
    world.collector.run()
    world.cloudwatch.routes = []  # without requests for three hours
    world.clock.advance(minutes=5)
    world.collector.run()
    requests = {key[3]: value for key, value in world.samples().items() if key[0] == "vigil_requests"}
    assert requests == {"answered": 8, "failed": 2}


def test_cloudwatch_is_asked_every_five_minutes_only(world):
    for _ in range(11):
        world.collector.run()
        world.clock.advance(minutes=1)
    assert world.cloudwatch.requested == 3 * (len(CATALOGUE.counters()) + len(CATALOGUE.quantiles))


def test_families_of_a_source_that_is_away_are_missing_and_never_zero(world):
    world.cloudwatch.is_away = True
    assert [*world.collector.run().missing] == ["cloudwatch"]
    assert {key[0] for key in world.samples()} == {"vigil_queue_messages", "vigil_collected_timestamp_seconds"}
    world.cloudwatch.is_away = False
    world.predict(4, minutes_ago=5)
    world.collector.run()
    assert world.predictions == 4
    world.cloudwatch.is_away = True
    for _ in range(15):
        world.clock.advance(minutes=1)
        world.collector.run()
    assert world.predictions is None
    ages = {
        key[1]: world.clock().timestamp() - value for key, value in world.samples().items() if "timestamp" in key[0]
    }
    assert ages == {"cloudwatch": 15 * 60, "queues": 0}
    world.cloudwatch.is_away = False
    world.collector.run()
    assert world.predictions == 4


def test_a_broken_source_is_missing_and_stops_no_other(world):
    def broken():
        return {}["a key that is missing"]

    world.cloudwatch.active_routes = broken
    summary = world.collector.run()
    assert summary.collected == ("queues",)
    assert {name: type(error) for name, error in summary.missing.items()} == {"cloudwatch": KeyError}


def test_a_missing_source_is_logged_with_its_classes_and_counted(world):
    def broken():
        raise Unavailable("CloudWatch returned no number.") from KeyError("a value that is no log text")

    lines, watched = StringIO(), []
    world.cloudwatch.active_routes = broken
    schedule = ScheduledCollection(
        world.collector, lambda: watched.append(1) or 0, Telemetry("metrics-collection", lines, traced=False)
    )
    with pytest.raises(
        Unavailable, match=r"^Sources of metrics are missing: cloudwatch\. The next run collects again\.$"
    ):
        schedule.handle({}, None)
    assert watched == [1], "the objectives are evaluated all the same"
    line = next(each for each in map(json.loads, lines.getvalue().splitlines()) if each["message"] == "SourceMissing")
    assert (line["source"], line["SourceMissing"]) == ("cloudwatch", 1)
    assert line["error_origin"]["classes"] == ["Unavailable", "KeyError"]
    assert "no log text" not in lines.getvalue()


def test_a_scrape_without_the_table_is_empty(world):
    world.collector.run()

    def away():
        raise Unavailable("The table of measurements did not respond.")

    world.states.read_all = away
    assert world.samples() == {}


def test_a_family_of_a_later_release_is_left_out(world):
    source = GaugeSource("later", "vigil_of_a_later_release", (), dict)
    Collector(world.states, [source], world.clock).run()
    assert {key[:2] for key in world.samples()} == {("vigil_collected_timestamp_seconds", "later")}


def test_latency_and_outcomes_of_the_api(world):
    minute = minute_of(world.clock()) - 5
    for metric, value in (
        (CATALOGUE.requests, 100),
        (CATALOGUE.refused, 7),
        (CATALOGUE.failed, 3),
        (CATALOGUE.latency, 12_500),
        (CATALOGUE.latency_quantiles["0.95"], 480),
    ):
        world.cloudwatch.put(metric, minute, value)
    world.collector.run()
    samples = world.samples()
    outcomes = {key[1]: value for key, value in samples.items() if key[0] == "vigil_api_requests"}
    assert outcomes == {"answered": 90, "refused": 7, "failed": 3}
    latency = {key[1:]: value for key, value in samples.items() if key[0] == "vigil_request_latency_seconds"}
    assert latency == {("0.95", ""): 0.48, ("_sum",): 12.5, ("_count",): 100}


def test_budgets_are_measured_from_the_collected_sums(world):
    minute = minute_of(world.clock()) - 5
    world.cloudwatch.put(own("ScoreRequests"), minute, 1_000)
    world.cloudwatch.put(own("SlowScores"), minute, 4)
    world.collector.run()
    assert world.samples()["vigil_objective_budget_ratio", "score_latency", ""] == pytest.approx(0.6)


def test_the_clock_of_a_scrape_does_not_change_its_values(world):
    world.predict(4, minutes_ago=5)
    world.collector.run()
    first = world.samples()
    world.clock.now += timedelta(minutes=14)
    assert world.samples() == first
