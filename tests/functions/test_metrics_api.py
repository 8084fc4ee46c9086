"""Metrics and objectives as deployed: lines of functions become counters that equal the ledger, in both formats."""

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from cli.ministack_metrics import embedded_metrics
from tests.functions.rights import BODY, DATA_SERVICES, ROOT, answers, granted
from tests.support.aws_calls import replace_calls
from tests.support.dead_letter_queues import create_queues
from tests.support.fakes.clock import Clock
from tests.support.gateway import Context, event
from vigil.bootstrap import process
from vigil.errors import Unavailable
from vigil.operations.metrics.model import FAMILIES
from vigil.runtime import telemetry

OPERATOR = {"tenant": "vendor", "role": "operator"}
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
PATHS = ["/metrics", "/v1/objectives", "/v1/objectives/availability"]
FROM_TABLES = {
    *("vigil_alerts_open", "vigil_circuit_calls", "vigil_circuit_state", "vigil_dead_letter_jobs"),
    *("vigil_failure_groups", "vigil_queue_messages"),
}
"""Families whose source is not CloudWatch."""


@pytest.fixture
def lines(monkeypatch):
    """Stream with all log lines of the functions."""
    stream = io.StringIO()
    # Powertools keeps the stream of the first logger of a name.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", uuid4().hex)
    process.forget()
    made = telemetry.Telemetry.__init__
    monkeypatch.setattr(
        telemetry.Telemetry, "__init__", lambda self, service, _=None, **more: made(self, service, stream, **more)
    )
    return stream


@pytest.fixture
def queues(monkeypatch, published):
    """The queues whose depths are collected."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto mistakes an account's endpoint for DynamoDB's
    create_queues(monkeypatch)
    process.forget()


@pytest.fixture
def clock(monkeypatch):
    """A clock that starts now, because log lines have the real time."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    monkeypatch.setattr(process, "now", clock)
    return clock


def call(path, **caller):
    from functions.metrics_api.handler import lambda_handler

    return lambda_handler(event("GET", path, **OPERATOR | caller), Context())


def collect_only():
    from functions.metrics_collection.handler import lambda_handler

    return lambda_handler({}, Context())


def collect(lines):
    """Bring the metrics of all lines to CloudWatch, and collect once."""
    cloudwatch = boto3.client("cloudwatch")
    for datum in chain.from_iterable(map(embedded_metrics, lines.getvalue().splitlines())):
        # moto compares dimensions in their order, unlike CloudWatch.
        dimensions = [{"Name": name, "Value": value} for name, value in sorted(datum.dimensions.items())]
        values = {"MetricName": datum.name, "Dimensions": dimensions, "Value": datum.value, "Unit": datum.unit}
        values["Timestamp"] = datetime.fromtimestamp(datum.at, UTC)
        cloudwatch.put_metric_data(Namespace=datum.namespace, MetricData=[values])
    lines.seek(0)
    lines.truncate()
    return collect_only()


def scrape(**caller):
    answer = call("/metrics", **caller)
    assert answer["statusCode"] == 200
    read = read_openmetrics if caller else read_text
    return {family.name: family for family in read(answer["body"])}


def value(families, name):
    (sample,) = families[name].samples
    return sample.value


def test_only_operators_read_metrics_and_objectives(published):
    for caller, status in (({"tenant": None}, 401), ({"role": "admin"}, 403), ({}, 200)):
        assert [call(path, **caller)["statusCode"] for path in PATHS] == [status] * 3


def test_counters_equal_the_ledger_and_both_formats_agree(clock, queues, lines):
    from functions.scoring_api.handler import lambda_handler as score

    for number in range(7):
        headers = {"Idempotency-Key": str(number // 2)}  # most requests are replays
        body = BODY | {"subject_id": f"p-{number // 2}"}
        assert score(event("POST", "/v1/scores", body=body, headers=headers), Context())["statusCode"] < 300
    score(event("GET", "/health/readiness", tenant=None), Context())
    clock.advance(minutes=10)
    assert collect(lines) == {"collected": 6, "told": 0}
    text, openmetrics = scrape(), scrape(headers=OPENMETRICS)
    rows = boto3.client("dynamodb").scan(TableName="decisions", Select="COUNT")["Count"]
    assert value(text, "vigil_predictions") == value(openmetrics, "vigil_predictions") == rows == 4
    assert text.keys() == openmetrics.keys() == FAMILIES.keys()
    assert call("/metrics")["headers"]["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    routes = {(s.labels["route"], s.labels["outcome"]): s.value for s in text["vigil_requests"].samples}
    assert routes["/v1/scores", "answered"] == 7
    latency = json.loads(call("/v1/objectives/score_latency")["body"])
    assert (latency["budget"]["valid"], latency["state"]) == (7, "met")
    clock.advance(minutes=10)
    collect(lines)
    assert value(scrape(), "vigil_predictions") == rows


def test_scrapes_of_four_instances_without_traffic_are_identical(clock, queues, lines):
    collect(lines)
    bodies = set()
    for instance in range(20):
        if instance % 5 == 0:
            process.forget()  # another instance
        clock.advance(seconds=15)
        bodies.add(call("/metrics", headers=OPENMETRICS)["body"])
    assert len(bodies) == 1
    assert bodies.pop().endswith("# EOF\n")


def break_service(monkeypatch, broken):
    """Make every call of a service fail."""

    def away(make, service, operation, arguments):
        if service == broken:
            raise EndpointConnectionError(endpoint_url=service)
        return make(operation, arguments)

    replace_calls(monkeypatch, away)


def test_families_of_cloudwatch_are_missing_and_not_zero_while_it_is_away(clock, queues, lines, monkeypatch):
    break_service(monkeypatch, "cloudwatch")
    with pytest.raises(Unavailable, match="cloudwatch"):
        collect_only()
    families = scrape()
    assert families.keys() == {*FROM_TABLES, "vigil_collected_timestamp_seconds"}
    assert json.loads(call("/v1/objectives")["body"])["items"][0]["state"] == "unknown"


def test_a_scrape_is_empty_and_answered_while_dynamodb_is_away(clock, queues, lines, monkeypatch):
    collect(lines)
    break_service(monkeypatch, "dynamodb")
    with pytest.raises(Unavailable):
        collect_only()
    assert scrape() == scrape(headers=OPENMETRICS) == {}
    assert call("/v1/objectives")["statusCode"] == 503


def test_the_sample_events_are_accepted(clock, queues, lines):
    from functions.metrics_api.handler import lambda_handler as serve
    from functions.metrics_collection.handler import lambda_handler as run

    sample = json.loads((ROOT / "events/metrics_api.json").read_text())
    assert serve(sample, Context())["statusCode"] == 200
    assert run(json.loads((ROOT / "events/metrics_collection.json").read_text()), Context())["collected"] == 6


def test_the_functions_call_exactly_the_granted_actions(called, queues, clock, lines):
    from functions.metrics_api.handler import lambda_handler

    actions, _ = called
    missed = [("EventsTold", 500), ("EventsToldLate", 500)]
    for name, number in missed:
        metric = {"MetricName": name, "Value": number, "Timestamp": clock() - timedelta(minutes=5)}
        boto3.client("cloudwatch").put_metric_data(Namespace="Vigil/vigil", MetricData=[metric])
    actions.clear()
    assert collect_only() == {"collected": 6, "told": 3}
    assert {action for action in actions if action.split(":")[0] in DATA_SERVICES} == granted("MetricsCollection")
    actions.clear()
    requests = [("GET", path, {}, 200) for path in PATHS] + [("GET", "/v1/objectives/uptime", {}, 404)]
    assert answers(lambda_handler, requests, role="operator") == requests
    assert actions == granted("MetricsApi")
