"""The Lambda entry of an ASGI app: a complete response is returned even if the app fails later."""

from tests.support.gateway import Context, event
from vigil.web.lambda_entry import LambdaEntry

START = {"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"application/json")]}


def test_a_response_in_parts_is_joined():
    async def app(scope, receive, send):
        body = (await receive())["body"]
        await send(START)
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})

    answer = LambdaEntry(app, lifespan="off")(event("POST", "/", body={"a": "\u00e9"}), Context())
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (201, '{"a": "\\u00e9"}', False)


def test_an_error_after_the_response_is_logged_without_its_message(caplog):
    async def app(scope, receive, send):
        await send(START)
        await send({"type": "http.response.body", "body": b"{}"})
        raise ValueError("the patient's name")

    answer = LambdaEntry(app, lifespan="off")(event("GET", "/"), Context())
    assert (answer["statusCode"], answer["body"]) == (201, "{}")
    assert "ValueError after the response" in caplog.text
    assert "patient" not in caplog.text


def test_an_app_that_fails_before_its_response_is_a_500():
    async def app(scope, receive, send):
        raise ValueError

    assert LambdaEntry(app, lifespan="off")(event("GET", "/"), Context())["statusCode"] == 500


def test_entry_works_without_an_event_loop(monkeypatch):
    monkeypatch.setattr("asyncio.get_event_loop", None)

    async def app(scope, receive, send):
        await send(START)
        await send({"type": "http.response.body", "body": b"{}"})

    assert LambdaEntry(app, lifespan="off")(event("GET", "/"), Context())["statusCode"] == 201
