"""The library of Standard Webhooks verifies Vigil's signatures, also while secrets rotate."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from vigil.errors import InvalidInput
from vigil.outbound.webhook_signatures import create_secret, parse_secret, signed_headers

BODIES = st.dictionaries(st.text(max_size=9), st.text(max_size=9)).map(json.dumps)


def now():
    return int(datetime.now(UTC).timestamp())


@given(BODIES)
def test_the_library_verifies_a_signature(body):
    secret = create_secret()
    headers = signed_headers([secret], "evt-1", now(), body.encode())
    assert isinstance(Webhook(secret).verify(body, dict(headers)), dict)


def test_both_secrets_verify_during_a_rotation():
    new, old, other = create_secret(), create_secret(), create_secret()
    headers = dict(signed_headers([new, old], "evt-1", now(), b"{}"))
    assert [Webhook(secret).verify("{}", headers) for secret in (new, old)] == [{}, {}]
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify("{}", headers)


@pytest.mark.parametrize("part", ["webhook-id", "webhook-timestamp", "body"])
def test_a_changed_part_is_not_verified(part):
    secret = create_secret()
    parts = {**signed_headers([secret], "evt-1", now(), b"{}"), "body": "{}"}
    changed = parts | {part: {"webhook-id": "evt-2", "webhook-timestamp": str(now() - 1), "body": "[]"}[part]}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(changed["body"], changed)


def test_the_published_example_has_its_signature():
    """Example of the specification, https://github.com/standard-webhooks/standard-webhooks."""
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_old_webhook_is_not_verified():
    secret, old = create_secret(), datetime.now(UTC) - timedelta(minutes=6)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify("{}", dict(signed_headers([secret], "evt-1", int(old.timestamp()), b"{}")))


def test_a_secret_is_parsed_to_its_bytes():
    assert len(parse_secret(create_secret())) == 32
    assert create_secret() != create_secret()


@pytest.mark.parametrize(
    "text",
    [
        *("", "whsec_", "canary", b64encode(bytes(32)).decode(), "whsec_!!!!", "whsec_" + "a" * 31),
        *(f"whsec_{b64encode(bytes(size)).decode()}" for size in (0, 23, 65)),
        *(f"whsec_{b64encode(bytes(32)).decode()}\n", f" whsec_{b64encode(bytes(32)).decode()}"),
    ],
)
def test_a_text_that_is_no_secret_is_refused_without_the_text(text):
    with pytest.raises(InvalidInput) as error:
        parse_secret(text, "options.secret")
    assert error.value.errors[0].field == "options.secret"
    assert "canary" not in str(error.value)


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a" * 129])
def test_an_id_that_ends_the_signed_text_is_refused(message_id):
    with pytest.raises(ValueError, match="id"):
        signed_headers([create_secret()], message_id, 1, b"")
