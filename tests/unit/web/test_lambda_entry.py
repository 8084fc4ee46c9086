"""The Lambda entry of an ASGI app: an answer that was given stands."""

from tests.support.gateway import Context, event
from vigil.web.lambda_entry import LambdaEntry

START = {"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"application/json")]}


def test_an_answer_in_pieces_is_put_together_from_the_whole_body():
    async def app(scope, receive, send):
        body = (await receive())["body"]
        await send(START)
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})

    answer = LambdaEntry(app, lifespan="off")(event("POST", "/", body={"a": "\u00e9"}), Context())
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (201, '{"a": "\\u00e9"}', False)


def test_what_fails_after_the_answer_does_not_take_it_back_and_is_logged_without_its_message(caplog):
    async def app(scope, receive, send):
        await send(START)
        await send({"type": "http.response.body", "body": b"{}"})
        raise ValueError("the patient's name")

    answer = LambdaEntry(app, lifespan="off")(event("GET", "/"), Context())
    assert (answer["statusCode"], answer["body"]) == (201, "{}")
    assert "ValueError after the response" in caplog.text
    assert "patient" not in caplog.text


def test_an_app_that_fails_before_it_answers_is_a_500():
    async def app(scope, receive, send):
        raise ValueError

    assert LambdaEntry(app, lifespan="off")(event("GET", "/"), Context())["statusCode"] == 500
