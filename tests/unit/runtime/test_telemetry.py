"""A log line names an error, its place and its cause, for every kind of AWS error."""

import inspect
import io
import json

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.alarms import alarms
from vigil.aws.tenant_guard import TenantViolation
from vigil.errors import Unavailable
from vigil.runtime.telemetry import Telemetry, describe_error

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
    stream = io.StringIO()
    telemetry = Telemetry("x", stream, traced=False)
    facts, started = telemetry.begin("GET")
    facts.record_error(_raised(TenantViolation()))
    telemetry.end(facts, started)
    request, breach = map(json.loads, stream.getvalue().splitlines())
    assert (request["breach"], breach["breach"], breach["Breaches"]) == ("tenant-trespass", "tenant-trespass", 1)
    (directive,) = breach["_aws"]["CloudWatchMetrics"]
    alarm = alarms()["TenantsTrespassed"].properties
    assert (directive["Namespace"], directive["Metrics"][0]["Name"]) == (alarm["Namespace"], alarm["MetricName"])
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


def _raised(error):
    """Return an error with a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value
