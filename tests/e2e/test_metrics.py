"""Metrics and objectives of the embedded stack: collected by the deployed function, and read over HTTP."""

import json
from datetime import UTC, datetime, timedelta

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from vigil.operations.metrics.model import FAMILIES
from vigil.operations.objectives.model import OBJECTIVES

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def total(aws, namespace, name, **dimensions):
    """Return the sum of a metric of the last hour."""
    now = datetime.now(UTC)
    found = aws("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3_600,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def test_lines_and_answers_are_metrics_that_the_function_collects(stack, aws, tenants, operator):
    for _ in range(3):
        assert tenants[0].get("/health/liveness").status_code == 200
    assert total(aws, f"Vigil/{stack.stack_name}", "HealthChecks") >= 3
    assert total(aws, "AWS/ApiGateway", "Count", ApiName=stack.stack_name, Stage="local") >= 3
    run = aws("lambda").invoke(FunctionName=f"{stack.stack_name}-metrics-collection", Payload=b"{}")
    assert "FunctionError" not in run, run["Payload"].read()
    assert json.loads(run["Payload"].read())["collected"] >= 4  # CloudWatch may not be due
    for headers, read in (({}, read_text), (OPENMETRICS, read_openmetrics)):
        answer = operator.get("/metrics", headers=headers)
        assert answer.status_code == 200, answer.text
        assert {family.name for family in read(answer.text)} == FAMILIES.keys()
    items = operator.get("/v1/objectives").json()["items"]
    assert [each["name"] for each in items] == list(OBJECTIVES)
    assert all(each["state"] != "unknown" for each in items)


def test_a_tenant_reads_neither_metrics_nor_objectives(tenants):
    for path in ("/metrics", "/v1/objectives", "/v1/objectives/availability"):
        assert tenants[0].get(path).status_code == 403
