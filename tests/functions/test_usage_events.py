"""Reports of usage through the front door and the queue, as far as the bill and the audit."""

import json
from importlib import import_module

import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import access

ARRAY, BATCH = "application/json", "application/cloudevents-batch+json"
ONE = "application/cloudevents+json"
MARCH = {"period": "2026-03"}


@pytest.fixture
def call(clock, published):
    """Return a function that sends one request to a function and returns status and body."""

    def ask(function, method, path, **arguments):
        handler = import_module(f"functions.{function}.handler").lambda_handler
        answer = handler(event(method, path, **arguments), Context())
        is_json = "json" in answer["headers"]["content-type"]
        return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"]

    return ask


@pytest.fixture
def report(call):
    """Return a function that reports a body of a media type as a producer."""

    def send(body, media_type=ARRAY):
        headers = {"Content-Type": media_type}
        return call("usage_api", "POST", "/v1/usage-events", body=body, headers=headers, role="producer")

    return send


@pytest.fixture
def bill(call):
    """Return a function that returns quantity and micros of each meter that third parties charge for."""

    def read():
        lines = call("costs_api", "GET", "/v1/costs", query=MARCH | {"category": "third_party"})[1]["items"]
        return {line["meter"]: (line["quantity"], line["micros"]) for line in lines}

    return read


def used(number, **amounts):
    event = {"specversion": "1.0", "type": "vigil.usage", "source": "/assistant", "id": f"e-{number}"}
    return event | {"time": "2026-03-01T11:00:00Z", "data": amounts}


def queue(*bodies):
    """Deliver each body as one message of the queue and return the answer of the worker."""
    names = {"id": "m-1", "kind": "usage.events", "tenant_id": "acme", "correlation_id": "c-1"}
    record = {
        "attributes": {},
        "messageAttributes": {name: {"dataType": "String", "stringValue": text} for name, text in names.items()},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:usage-events",
    }
    records = [record | {"messageId": str(number), "body": json.dumps(body)} for number, body in enumerate(bodies)]
    handler = import_module("functions.usage_events.handler").lambda_handler
    return handler({"Records": records}, Context())


def audit(clock):
    """Recount the day of the reports, as the schedule does the day after."""
    clock.advance(days=1)
    return import_module("functions.usage_sweeps.handler").lambda_handler({"job": "recount"}, Context(900_000))


def test_a_zero_beside_a_positive_amount_is_counted(report, bill):
    status, answer = report([used(1, llm_input_tokens=1_200, llm_output_tokens=0)])
    assert (status, answer["counted"], answer["rejected"]) == (200, 1, 0)
    assert bill() == {"llm_input_tokens": (1_200, 180)}


@pytest.mark.parametrize("zeros", [{"emails": 0}, {"llm_input_tokens": 0, "audio_seconds": 0.0}])
def test_an_event_of_zeros_is_rejected_with_the_remedy(report, bill, zeros):
    status, answer = report([used(1, **zeros), used(2, emails=1)])
    assert (status, answer["counted"], answer["rejected"]) == (200, 1, 1)
    (error,) = answer["items"][0]["errors"]
    assert error == {"field": "data", "message": "has no amount above 0", "bound": "at least one amount above 0"}
    assert report([used(1, emails=5)])[1]["counted"] == 1  # a rejected event does not use up its id
    assert bill() == {"emails": (6, 600)}


def test_a_whole_number_with_a_point_is_the_same_number(report, bill):
    text = json.dumps([used(1, llm_input_tokens=1_200.0), used(2, audio_seconds=60.0)])
    assert report(text)[1]["counted"] == 2
    assert bill() == {"llm_input_tokens": (1_200, 180), "audio_seconds": (60, 6_000)}


def test_fractions_of_seconds_add_up_exactly_to_the_bill(report, bill, call, clock):
    access.tenants().create("acme", "FREE")
    assert report([used(1, audio_seconds=0.1), used(2, audio_seconds=0.2)])[1]["counted"] == 2
    assert queue(used(3, audio_seconds=0.045), [used(4, audio_seconds=12)]) == {"batchItemFailures": []}
    assert bill() == {"audio_seconds": (12.345, 1_234)}  # 1,234.5 micros, half to even
    usage = call("usage_api", "GET", "/v1/usage", query=MARCH)[1]
    assert (usage["total"]["audio_seconds"], usage["items"][0]["audio_seconds"]) == (12.345, 12.345)
    text = call("costs_api", "GET", "/v1/costs/export", query=MARCH)[1]
    assert "2026-03-01,third_party,audio_seconds,12.345,1,1234,0.001234," in text
    found = audit(clock)
    assert (found["failed"], found["unrepaired"]) == (0, 0)
    assert report([used(5, audio_seconds=0.655)])[1]["counted"] == 1
    assert "audio_seconds,13,1,1300," in call("costs_api", "GET", "/v1/costs/export", query=MARCH)[1]


def test_a_statement_has_the_seconds_of_the_open_month(report, call, clock):
    access.tenants().create("acme", "FREE")
    report([used(1, audio_seconds=7.25)])
    clock.advance(days=40)
    import_module("functions.costs_closing.handler").lambda_handler({}, Context(900_000))
    status, stated = call("costs_api", "GET", "/v1/costs/statements/2026-03")
    assert (status, [(line["quantity"], line["micros"]) for line in stated["lines"]]) == (200, [(7.25, 725)])
    report([used(2, audio_seconds=0.75)])
    clock.advance(days=1)
    import_module("functions.costs_closing.handler").lambda_handler({}, Context(900_000))
    (late,) = call("costs_api", "GET", "/v1/costs", query={"period": "2026-04"})[1]["items"]
    assert (late["adjusts"], late["quantity"], late["micros"]) == ("2026-03", 0.75, 75)


def test_seconds_are_rounded_to_milliseconds(report, bill):
    report([used(1, audio_seconds=8.470000267028809), used(2, audio_seconds=0.0004, emails=1)])
    assert bill() == {"audio_seconds": (8.47, 847), "emails": (1, 100)}


@pytest.mark.parametrize("meter", ["llm_input_tokens", "sms_messages", "emails", "webhooks"])
def test_only_seconds_have_fractions(report, meter):
    (result,) = report([used(1, **{meter: 1.5})])[1]["items"]
    assert (result["outcome"], result["errors"][0]["field"]) == ("rejected", f"data.{meter}")


def test_one_structured_event_is_answered_with_its_result(report, bill):
    assert report(used(1, emails=10), f"{ONE}; charset=utf-8") == (200, {"outcome": "counted", "errors": None})
    assert report(used(1, emails=10), ONE) == (200, {"outcome": "duplicate", "errors": None})
    assert report([used(1, emails=10)], BATCH)[1]["duplicates"] == 1
    assert bill() == {"emails": (10, 1_000)}


def test_one_rejected_event_is_422_with_field_and_bound(report):
    status, problem = report(used(1, emails=-987_654_321), ONE)
    assert (status, problem["type"]) == (422, "urn:vigil:problem:invalid-input")
    assert [(error["field"], error["bound"]) for error in problem["errors"]] == [
        ("data.emails", "greater than or equal to 0")
    ]
    assert "987654321" not in json.dumps(problem)


def test_the_errors_of_one_event_are_counted(report):
    event = used(1, emails=1)
    event["data"] |= {f"meter_{number}": 1 for number in range(60)}
    assert report(event, ONE)[1]["detail"].startswith("60 errors. ")


@pytest.mark.parametrize(
    ("body", "media_type", "remedy"),
    [
        ([used(1, emails=1)], ONE, f"an array is sent as {BATCH}"),
        (used(1, emails=1), BATCH, f"one event is sent as {ONE}"),
        (used(1, emails=1), ARRAY, f"one event is sent as {ONE}"),
    ],
)
def test_a_form_that_its_media_type_does_not_have_is_422(report, body, media_type, remedy):
    status, problem = report(body, media_type)
    assert (status, problem["errors"][0]["field"]) == (422, "body")
    assert remedy in problem["errors"][0]["bound"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/cloudevents", "application/x-ndjson"])
def test_another_media_type_is_415_and_lists_those_accepted(report, media_type):
    status, problem = report([used(1, emails=1)], media_type)
    assert (status, problem["title"]) == (415, "The media type of the body is not accepted")
    assert all(accepted in problem["detail"] for accepted in (ARRAY, BATCH, ONE))
