"""Each transition is one log line with a metric and one event; no text of a person is logged."""

import io
import json
import uuid
from dataclasses import replace

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from vigil.outbound.breakers.model import Circuit, CircuitChange, CircuitId, Transition
from vigil.outbound.breakers.observing import CircuitEvents
from vigil.runtime.telemetry import Telemetry

VENDOR = Circuit(CircuitId("opsgenie:eu"), "open", epoch=3)
ENDPOINT = Circuit(CircuitId("webhook:w-1", "acme"), epoch=4)


def opening(failed, calls):
    return Transition("opened", 3, Clock()(), failed, calls, Clock()())


@pytest.fixture
def world():
    log, bus = io.StringIO(), FakeBus()
    observer = CircuitEvents(Telemetry(uuid.uuid4().hex, log, traced=False), bus)
    return observer, bus, lambda: [json.loads(line) for line in log.getvalue().splitlines()]


def test_an_opening_is_one_line_with_a_metric_and_one_event(world):
    observer, bus, lines = world
    observer.observe(VENDOR.id, opening(7, 9))
    (line,), (event,) = lines(), bus.taken
    assert (line["message"], line["level"], line["circuit"], line["epoch"]) == (
        *("circuit_opened", "ERROR", "opsgenie:eu", 3),
    )
    assert (line["failures"], line["calls"], line["circuit_family"], line["circuit_opened"]) == (7, 9, "opsgenie", 1)
    assert [each["Dimensions"] for each in line["_aws"]["CloudWatchMetrics"]] == [
        [["service", "circuit_family"]],
        [["circuit_owner"]],
    ]
    assert (line["circuit_owner"], line["CircuitsOpened"]) == ("deployment", 1)
    assert (event.kind, event.event_id) == ("circuits.opened", "_operators.opsgenie:eu.3.circuits.opened")
    told = json.loads(event.detail)
    assert (told["tenant_id"], told["circuit"], told["failed"], told["calls"]) == ("_operators", "opsgenie:eu", 7, 9)


def test_an_opening_of_a_tenants_endpoint_is_not_one_of_the_deployment(world):
    observer, _, lines = world
    observer.observe(ENDPOINT.id, opening(7, 9))
    assert lines()[0]["circuit_owner"] == "tenant"


def test_a_closing_of_a_tenants_endpoint_names_the_tenant(world):
    observer, bus, lines = world
    observer.observe(ENDPOINT.id, Transition("closed", 4, Clock()(), 0, 0, Clock()()))
    (line,), (event,) = lines(), bus.taken
    assert (line["message"], line["level"], line["tenant_id"]) == ("circuit_closed", "INFO", "acme")
    assert (event.kind, json.loads(event.detail)["tenant_id"]) == ("circuits.closed", "acme")


def test_an_event_that_the_bus_refuses_is_counted(world):
    observer, bus, lines = world
    bus.away = True
    assert not observer.observe(VENDOR.id, opening(1, 1))
    assert [line["message"] for line in lines()] == ["circuit_opened", "CircuitEventsLost"]


def test_a_change_by_hand_is_logged_without_its_reason(world):
    observer, bus, lines = world
    change = CircuitChange("reset", "operator:k-1", "jane-roe", Clock()())
    observer.changed(replace(VENDOR, last_change=change))
    (line,) = lines()
    assert (line["message"], line["change"], line["by"]) == ("circuit_changed", "reset", "operator:k-1")
    assert "jane-roe" not in json.dumps(line)
    assert bus.taken == []


def test_a_missing_store_is_logged_as_a_metric(world):
    observer, _, lines = world
    observer.store_unavailable(VENDOR.id)
    assert lines()[0]["CircuitsBlind"] == 1
