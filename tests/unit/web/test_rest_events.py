"""The translation of REST API events gives the same scopes and answers as Mangum's own."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mangum.handlers.api_gateway import APIGateway
from mangum.types import LambdaConfig

from tests.support.gateway import Context, event
from vigil.web.rest_events import RestEvent

CONFIG = LambdaConfig(
    api_gateway_base_path="/",
    text_mime_types=["text/", "application/json", "application/problem+json"],
    exclude_headers=[],
)
CONTEXT = Context()

names = st.sampled_from(["Content-Type", "content-type", "X-Tenant-ID", "Accept", "X-Forwarded-Proto", "X-\u00e9"])
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
bodies = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
headers = st.none() | st.dictionaries(names, values)
events = st.builds(
    lambda path, sent, several, body, query: {
        **event("POST", path, query=query),
        "headers": sent,
        "multiValueHeaders": several,
        "body": body,
    },
    st.sampled_from(["", "/", "/v1/scores", "/v1/scores/a%20b", "/v1/%C3%A9"]),
    headers,
    st.none() | st.dictionaries(names, st.lists(values, max_size=3)),
    bodies,
    st.none() | st.dictionaries(st.sampled_from(["limit", "subject"]), st.lists(values, min_size=1, max_size=2)),
)
field_names = st.sampled_from([b"content-type", b"location", b"set-cookie", b"etag", b"X-Odd"])
field_values = st.sampled_from([b"application/json", b"text/plain; charset=utf-8", b"image/png", b"a", b"b"])
responses = st.builds(
    lambda fields, body: {"status": 201, "headers": fields, "body": body},
    st.lists(st.tuples(field_names, field_values), max_size=5),
    st.binary(max_size=8) | st.sampled_from([b"", b"{}", "\u00e9".encode()]),
)


@given(events)
def test_scope_and_body_equal_those_of_mangum(sent):
    ours, mangums = (kind(sent, CONTEXT, CONFIG) for kind in (RestEvent, APIGateway))
    assert (ours.scope, ours.body) == (mangums.scope, mangums.body)


@given(responses)
def test_answer_equals_that_of_mangum(response):
    ours, mangums = (kind(event("GET", "/"), CONTEXT, CONFIG) for kind in (RestEvent, APIGateway))
    assert ours(response) == mangums(response)


@pytest.mark.parametrize("host", ["api.example.com", "api.example.com:8443"])
def test_server_is_the_host_and_its_port(host):
    sent = event("GET", "/", headers={"Host": host, "X-Forwarded-Port": "443"})
    assert RestEvent(sent, CONTEXT, CONFIG).scope["server"] == APIGateway(sent, CONTEXT, CONFIG).scope["server"]


def test_encoded_body_is_decoded():
    sent = {**event("POST", "/"), "body": base64.b64encode(b"\xff\x00").decode(), "isBase64Encoded": True}
    assert RestEvent(sent, CONTEXT, CONFIG).body == b"\xff\x00"


@pytest.mark.parametrize("other", [{"version": "2.0"}, {"version": "1.0"}])
def test_event_of_an_http_api_is_left_to_mangum(other):
    assert RestEvent.infer(event("GET", "/"), CONTEXT, CONFIG)
    assert not RestEvent.infer({**event("GET", "/"), **other}, CONTEXT, CONFIG)
