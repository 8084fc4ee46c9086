"""Every metric that a panel or an alarm names is published by the deployed stack, and the dashboard is deployed."""

import json
import time
import uuid
from dataclasses import replace

import pytest

from cli.checkout import ROOT
from cli.dashboards.log_metrics import read_points
from cli.dashboards.panels import MetricKey, build_panels, panel_metrics
from models import recipe
from tests.e2e.clients import http
from tests.support.alarms import alarms
from tests.support.aws_metrics import PUBLISHED_BY_AWS
from tests.support.filter_patterns import filter_value, metric_filters
from vigil.workers.queues import Message, SqsQueue

PATIENCE_SECONDS = 120
"""Longest wait for a schedule that runs every minute, and for the stream, in seconds."""
ROWS = 100
"""Maximum scores of the model `leads` until it has answered with each of its bands."""
ALERT = {"type": "work_stuck", "source": "telemetry.pages", "title": "Exports wait"}
OWN = "Vigil/${StackName}"
"""Namespace of the metrics of the stack, as the templates name it."""
RARE = {
    MetricKey(OWN, "CircuitsOpened", frozenset({"circuit_owner"})): "tests/unit/outbound/breakers",
    MetricKey(OWN, "DependencyErrors", frozenset({"dependency"})): "tests/unit/runtime/test_telemetry.py",
    MetricKey(OWN, "ModelAuc", frozenset({"service", "model"})): "tests/functions/monitoring/test_nightly.py",
    MetricKey(OWN, "OpenFindings", frozenset({"service", "model"})): "tests/functions/monitoring/test_nightly.py",
    MetricKey(OWN, "SignInsRefused", frozenset({"service", "limit"})): "tests/functions/test_failed_sign_ins.py",
    MetricKey(OWN, "UsageMismatches", frozenset({"service", "route"})): "tests/functions/test_metering.py",
    MetricKey(OWN, "models-refused", frozenset()): "tests/deploy/test_metric_filters.py",
    MetricKey(OWN, "tokens-authorizer-failures", frozenset()): "tests/deploy/test_metric_filters.py",
}
"""Metrics of faults and of daily jobs, which the stack need not have, with the tests that publish them."""


def alarm_metrics():
    """Return the metrics of all alarms, also those of metric math."""
    for alarm in alarms().values():
        math = [each["MetricStat"]["Metric"] for each in alarm.properties.get("Metrics", ()) if "MetricStat" in each]
        for metric in math or [alarm.properties]:
            space, dimensions = metric["Namespace"], metric.get("Dimensions", ())
            text = space["Sub"].replace("${ApiName}", "${StackName}") if isinstance(space, dict) else space
            yield MetricKey(text, metric["MetricName"], frozenset(each["Name"] for each in dimensions))


WANTED = panel_metrics(build_panels()) | set(alarm_metrics())


@pytest.fixture(scope="module")
def active(stack, tenants, aws, operator):
    """Make the stack write a line with each metric: scores, refusals, a batch, an alert and a dead letter."""
    client = tenants[0]
    samples = recipe.load_recipe("leads").samples(seed=1, count=ROWS)
    rows = [{name: value for name, value in sample.items() if not name.startswith("_")} for sample in samples]
    bands = set()
    while bands != {"low", "moderate", "high"}:
        bands.add(client.post("/v1/scores", json={"model": "leads", **rows.pop()}).json()["band"])
    with http(stack, "vgl_local_x") as stranger:
        assert stranger.get("/v1/models").status_code == 401
    assert client.post("/v1/prices", json={}).status_code == 403
    assert client.post("/v1/batches", json={"model": "leads", "rows": rows[:3]}).status_code == 202
    page_somebody(stack, client)
    chunk = json.dumps({"batch_id": "0" * 32, "index": 0})
    SqsQueue(aws("sqs"), stack.queues["batch_chunks"]).send(
        [Message(f"gone-{uuid.uuid4()}", "batch.chunk", stack.tenants[0].tenant_id, str(uuid.uuid4()), chunk)]
    )
    yield
    client.post("/v1/alerting/send", json=ALERT | {"is_cleared": True})


def page_somebody(stack, client):
    """Send an alert, which reaches the operators for lack of a channel, and a webhook with a forged signature."""
    assert client.post("/v1/alerting/send", json=ALERT).status_code == 202
    secrets = {"routing_key": "R0" + "k" * 30, "webhook_secret": "secret-of-the-webhook"}
    created = client.post("/v1/alerting/channels", json={"kind": "pagerduty", "label": "Telemetry", "secrets": secrets})
    channel_id = created.json()["id"]
    with http(stack) as stranger:
        path = f"/v1/alerting/inbound/pagerduty/{stack.tenants[0].tenant_id}.{channel_id}"
        headers = {"x-pagerduty-signature": f"v1={'0' * 64}", "content-type": "application/json"}
        assert stranger.post(path, content=b"{}", headers=headers).status_code == 401
    assert client.delete(f"/v1/alerting/channels/{channel_id}").is_success


@pytest.fixture(scope="module")
def published(stack, aws, active):
    """The metrics of all log lines, as soon as every metric is among them or the time is over."""
    deadline, redriver = time.monotonic() + PATIENCE_SECONDS, f"{stack.stack_name}-dead-letters-redrive"
    while True:
        aws("lambda").invoke(FunctionName=redriver, Payload=json.dumps({"id": str(uuid.uuid4())}))
        found = read_metrics(stack, aws)
        if WANTED - PUBLISHED_BY_AWS - RARE.keys() <= found or time.monotonic() > deadline:
            return found
        time.sleep(2)


def read_metrics(stack, aws):
    """Return the metrics of the log lines of all functions: embedded ones, and those of filters."""
    prefix = f"/aws/lambda/{stack.stack_name}-"
    found = set()
    for page in aws("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            lines = read_lines(aws, group["logGroupName"])
            keys = {point.key for line in lines for point in read_points(line)}
            found |= {replace(key, namespace=OWN) for key in keys if key.namespace == f"Vigil/{stack.stack_name}"}
            for properties in filters_of(group["logGroupName"].removeprefix(prefix)):
                if any(filter_value(properties, line) is not None for line in lines):
                    name = properties["MetricTransformations"][0]["MetricName"]
                    found.add(MetricKey(OWN, name, frozenset()))
    return found


def read_lines(aws, group):
    pages = aws("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [line for page in pages for event in page["events"] for line in event["message"].splitlines()]


def filters_of(function):
    """Return the metric filters that read the logs of a function."""
    group = "".join(word.capitalize() for word in function.split("-")) + "Logs"
    return [each for each in metric_filters().values() if each["LogGroupName"] == {"Ref": group}]


@pytest.mark.parametrize("metric", sorted(WANTED, key=str), ids=lambda metric: metric.name)
def test_a_metric_of_a_panel_or_an_alarm_is_published(metric, request):
    if metric in PUBLISHED_BY_AWS:
        assert metric.namespace.startswith("AWS/")
        return
    assert metric in request.getfixturevalue("published") | RARE.keys()


def test_another_test_publishes_each_rare_metric():
    assert RARE.keys() <= WANTED
    assert [path for path in RARE.values() if not (ROOT / path).exists()] == []


def test_the_dashboard_is_deployed(stack, aws):
    body = aws("cloudwatch").get_dashboard(DashboardName=stack.stack_name)["DashboardBody"]
    titles = [widget["properties"]["title"] for widget in json.loads(body)["widgets"]]
    assert len(titles) == len(build_panels())
    assert stack.stack_name in body
    assert "${" not in body
