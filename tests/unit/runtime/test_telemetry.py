"""A log line names an error, its place and its cause, for every kind of AWS error."""

import inspect
import io
import json
import uuid

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from cli.dashboards.log_metrics import read_points
from tests.support.alarms import alarms
from vigil.aws.errors import ConditionFailed, database_unavailable, translate_errors
from vigil.aws.tenant_guard import TenantViolation
from vigil.errors import Unavailable
from vigil.runtime.error_facts import describe_error
from vigil.runtime.telemetry import Telemetry

NETWORK = [
    error
    for _, error in inspect.getmembers(botocore.exceptions, inspect.isclass)
    if issubclass(error, botocore.exceptions.HTTPClientError | botocore.exceptions.ConnectionError)
]


def described(cause):
    try:
        raise Unavailable("The table did not answer.") from cause
    except Unavailable as error:
        return describe_error(error).partition(" from ")[2]


def test_a_refusal_has_its_code():
    refusal = ClientError({"Error": {"Code": "ThrottlingException", "Message": "secret"}}, "PutItem")
    assert described(refusal) == "ClientError ThrottlingException"


@pytest.mark.parametrize("kind", NETWORK, ids=lambda kind: kind.__name__)
def test_a_network_error_has_its_class(kind):
    cause = kind(endpoint_url="u", error="e", proxy_url="p", request=None)
    assert isinstance(cause, BotoCoreError)
    assert described(cause) == kind.__name__


def test_an_error_without_a_cause_has_its_place():
    with pytest.raises(Unavailable) as caught:
        raise Unavailable("secret")
    assert describe_error(caught.value).startswith("Unavailable at test_telemetry.py:")


def test_a_trespass_counts_as_a_breach_over_all_functions():
    stream, alarm = io.StringIO(), alarms()["TenantsTrespassed"].properties
    telemetry = Telemetry("x", stream, traced=False, namespace=alarm["Namespace"]["Sub"])
    facts, started = telemetry.begin("GET")
    facts.record_error(_raised(TenantViolation()))
    telemetry.end(facts, started)
    request, breach = map(json.loads, stream.getvalue().splitlines())
    assert (request["breach"], breach["breach"], breach["Breaches"]) == ("tenant-trespass", "tenant-trespass", 1)
    (directive,) = breach["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == alarm["Namespace"]["Sub"]
    assert directive["Metrics"][0]["Name"] == alarm["MetricName"]
    assert directive["Dimensions"] == [[each["Name"] for each in alarm["Dimensions"]]]
    assert [each["Value"] for each in alarm["Dimensions"]] == [breach["breach"]]


def test_another_error_is_no_breach():
    stream = io.StringIO()
    telemetry = Telemetry("y", stream, traced=False)
    facts, started = telemetry.begin("GET")
    facts.record_error(_raised(KeyError()))
    telemetry.end(facts, started)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert "breach" not in line


def finished(**facts):
    """Return the points of the log line of a request that ends with these facts."""
    stream = io.StringIO()
    telemetry = Telemetry(uuid.uuid4().hex, stream, traced=False)
    request, started = telemetry.begin("GET")
    for name, value in facts.items():
        setattr(request, name, value)
    telemetry.end(request, started)
    return list(read_points(stream.getvalue()))


def counted_by(alarm, points):
    """Return the values of the points that an alarm reads."""
    wanted = {each["Name"]: each["Value"] for each in alarm.properties["Dimensions"]}
    return [
        each.value for each in points if (each.key.name, each.dimensions) == (alarm.properties["MetricName"], wanted)
    ]


@pytest.mark.parametrize(
    ("name", "facts", "others"),
    [
        ("CredentialsRefused", {"status": 401}, {"status": 403}),
        ("PermissionsRefused", {"status": 403}, {"status": 404}),
        ("DatabaseFails", {"status": 503, "dependency": "database"}, {"status": 503}),
    ],
)
def test_an_alarm_over_all_functions_reads_the_line_of_a_request(name, facts, others):
    assert counted_by(alarms()[name], finished(**facts)) == [1]
    assert counted_by(alarms()[name], finished(**others)) == []


def test_a_refused_request_with_a_failed_database_counts_twice():
    names = [point.key.name for point in finished(status=403, dependency="database")]
    assert names == ["Latency", "DependencyErrors", "Denials"]


def test_a_failed_call_of_the_database_marks_the_request():
    facts, _ = Telemetry("w", io.StringIO(), traced=False).begin("GET")
    with pytest.raises(ConditionFailed), translate_errors("The table", unavailable=database_unavailable):
        raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")
    assert facts.dependency is None
    with pytest.raises(Unavailable), translate_errors("The table", unavailable=database_unavailable):
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "PutItem")
    assert facts.dependency == "database"


def test_another_dependency_does_not_mark_the_request():
    facts, _ = Telemetry("v", io.StringIO(), traced=False).begin("GET")
    with pytest.raises(Unavailable), translate_errors("The bucket"):
        raise ClientError({"Error": {"Code": "InternalError"}}, "GetObject")
    assert facts.dependency is None


def _raised(error):
    """Return an error with a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value
