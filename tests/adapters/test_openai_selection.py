"""A model of OpenAI selects sentences. The tests read its requests, and its usable and unusable answers."""

import json
import platform
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.openai_server import KEY, Step, empty, incomplete, lose, read_data, refusal, refuse, say
from tests.support.selections import QUESTION, SENTENCES, Models, ranked, served_models
from tests.support.vendors.requests import VendorAnswer
from vigil.assistant.answers.model import Selection
from vigil.assistant.answers.ports import NoSelection, TokenUsage
from vigil.assistant.passages.model import PassageId
from vigil.errors import Unavailable

TENANT = "acme-clinic"
OUTSIDE = {"temperature", "tools", "tool_choice", "metadata", "previous_response_id", "stream", "user"}
"""Fields that would store data, give the model tools or name a person."""


def select(models, question=QUESTION, **context):
    return models.selector.select(TENANT, question, context, ranked(*SENTENCES))


def failed(models):
    """Return the usage of a selection without a usable answer."""
    with pytest.raises(NoSelection) as error:
        select(models)
    assert not any(secret in _whole(error.value) for secret in (KEY, TENANT, QUESTION, "canary-of-an-error"))
    return error.value.usage


def _whole(error):
    """Return the texts of an error and of all errors from which it was raised."""
    return "" if error is None else f"{error!r} {vars(error)} {_whole(error.__cause__ or error.__context__)}"


@pytest.fixture
def models():
    return Models()


@pytest.fixture
def served():
    """Return a function that makes models over a server on loopback."""
    with served_models() as make:
        yield make


def test_sentences_are_selected_by_one_request_over_a_socket(served):
    models = served()
    found = select(models, age="2 years")
    assert found.selections == (Selection(PassageId("guide", 1, 3), 0, 0),)
    assert (found.is_answerable, found.missing, found.usage.is_estimate) == (True, "nothing", False)
    assert models.fake.billed == (found.usage.input_tokens, found.usage.output_tokens)
    (request,) = models.fake.requests
    assert read_data(request.document()["input"])["context"] == {"age": "2 years"}
    assert sorted(request.headers) == [
        *("accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"),
        "user-agent",
    ]
    assert request.headers["user-agent"] == "Vigil"
    assert platform.python_version() not in str(request.headers)


def test_a_request_stores_nothing_and_names_no_tenant_or_person(models):
    select(models)
    models.selector.select("other-clinic", QUESTION, {}, ranked(*SENTENCES))
    one, other = (request.document() for request in models.fake.requests)
    assert (one["store"], one["max_output_tokens"], one["text"]["format"]["strict"]) == (False, 800, True)
    assert OUTSIDE.isdisjoint(one)
    assert TENANT not in json.dumps(one)
    pseudonyms = [(each["prompt_cache_key"], each["safety_identifier"]) for each in (one, other)]
    assert pseudonyms[0] != pseudonyms[1]
    assert len({*pseudonyms[0], *pseudonyms[1]}) == 2


def test_an_unanswerable_question_names_the_missing_part(models):
    models.fake.script = [say({"answerable": False, "selections": [], "missing": "patient_facts"})]
    found = select(models)
    assert (found.is_answerable, found.selections, found.missing) == (False, (), "patient_facts")


USELESS = {
    "incomplete": Step(edit=incomplete),
    "refusal": Step(edit=refusal),
    "empty": Step(edit=empty),
    "prose": say("The dose of zinc is 20 mg."),
    "schema": say({"answer": "20 mg"}),
    "passage": say(
        {"answerable": True, "selections": [{"passage": "p1", "first": 0, "last": 0}], "missing": "nothing"}
    ),
}


@pytest.mark.parametrize("step", USELESS.values(), ids=USELESS)
def test_a_useless_answer_is_billed_once_and_not_repeated(models, step):
    models.fake.script = [step]
    usage = failed(models)
    assert (usage, len(models.fake.requests), models.canaries) == (TokenUsage(*models.fake.billed), 1, 0)


def test_an_answer_with_the_canary_is_counted_and_refused(models):
    def betray(document):
        document["output"][0]["content"][0]["text"] = document["instructions"]

    models.fake.script = [Step(edit=betray)]
    assert failed(models) == TokenUsage(*models.fake.billed)
    assert models.canaries == 1


@pytest.mark.parametrize("loss", ["hang", "trickle", "cut", "huge", "reset"])
def test_a_lost_answer_is_estimated_and_not_repeated(served, loss):
    models = served(seconds=1 if loss in {"hang", "trickle"} else 15)
    models.fake.script = [lose(loss)]
    usage = failed(models)
    billed = models.fake.billed
    assert len(models.fake.requests) == len(models.fake.bills) == 1
    assert usage.is_estimate
    assert (usage.input_tokens >= billed[0], usage.output_tokens >= billed[1]) == (True, True)


def test_an_answer_without_usage_is_estimated(models):
    models.fake.script = [Step(edit=lambda document: document.update(usage=None))]
    assert select(models).usage.is_estimate


REPEATED = [
    refuse(500),
    refuse(503),
    refuse(408, "timeout"),
    refuse(409, "conflict"),
    refuse(429, "rate_limit_exceeded", Retry_After="2"),
    lose("unreachable"),
]
FINAL = [
    *(refuse(status, "invalid_request_error") for status in (302, 400, 401, 403, 404, 422)),
    refuse(429, "rate_limit_exceeded"),
    refuse(429, "rate_limit_exceeded", Retry_After="3"),
    refuse(503, Retry_After="60"),
    refuse(429, "insufficient_quota"),
    refuse(429, "insufficient_quota", Retry_After="1"),
]


@pytest.mark.parametrize("step", REPEATED)
def test_a_temporary_failure_is_repeated_once(models, step):
    models.fake.script = [step]
    began = models.clock.now
    assert select(models).usage == TokenUsage(*models.fake.billed)
    assert len(models.way_out.sent) == 2
    assert models.clock.now - began <= timedelta(seconds=3)
    models.clock.advance(seconds=60)
    models.fake.script = [step, step, step]
    assert failed(models) is None
    assert len(models.way_out.sent) == 4


@pytest.mark.parametrize("step", FINAL)
def test_a_final_failure_is_not_repeated_and_not_billed(models, step):
    models.fake.script = [step]
    assert (failed(models), len(models.way_out.sent)) == (None, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 30_000,
        b'{"error": "canary-of-an-error"}',
        b'{"error": {"code": ["a"], "type": 5, "message": {"a": 1}}}',
        b'{"error": {"code": "canary-of-an-error", "type": null}}',
        b"\xff\xfe",
    ],
)
def test_an_error_of_any_form_is_not_billed(models, body):
    models.fake.script = [
        Step(VendorAnswer(status, body, {"content-type": "application/json"})) for status in (503, 400)
    ]
    assert (failed(models), len(models.way_out.sent)) == (None, 2)


def test_a_wrong_key_is_not_repeated(models):
    models.fake.key = "sk-another"
    assert (failed(models), len(models.way_out.sent)) == (None, 1)


def test_a_missing_key_sends_nothing():
    def fail():
        raise Unavailable("The secret store did not answer.")

    models = Models(key=fail)
    assert (failed(models), models.way_out.sent) == (None, [])


def test_the_limits_shrink_with_the_time_that_is_left(models):
    models.fake.script = [replace(refuse(500), seconds=5)]
    select(models)
    first, second = models.way_out.sent
    assert (first.connect, first.total) == (timedelta(seconds=1), timedelta(seconds=15))
    assert second.total == timedelta(seconds=20 - 4 - 5 - 0.5)


def test_an_outage_opens_the_circuit_and_stops_the_requests(models):
    models.fake.script = [refuse(503)] * 200
    for _ in range(40):
        assert failed(models) is None
        models.clock.advance(seconds=0.2)
    assert len(models.way_out.sent) < 30
    models.fake.script = []
    assert models.embedder.embed(TENANT, ["zinc"]).tokens == 1  # its endpoint has a circuit of its own
