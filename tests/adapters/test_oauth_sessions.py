"""Contract of the session store, for the fake and DynamoDB."""

from dataclasses import replace

import pytest

from tests.support.fakes.tokens import FakeSessions
from vigil.access.tokens.oauth_model import Session
from vigil.access.tokens.oauth_store import DynamoSessions
from vigil.errors import Conflict, Unavailable

SESSION = Session("0123456789abcdef", "acme", "f" * 16, "a" * 64, 1_767_225_600, 1_769_817_600)
ID = SESSION.session_id


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeSessions()
    return DynamoSessions(request.getfixturevalue("aws")("dynamodb"), "access")


def test_get_returns_a_session_only_to_its_tenant(store):
    store.start("acme", SESSION)
    assert store.get("acme", ID) == SESSION
    assert store.get("globex", ID) is None


def test_start_can_be_repeated_but_not_with_another_digest(store):
    store.start("acme", SESSION)
    store.start("acme", SESSION)
    with pytest.raises(Conflict):
        store.start("acme", replace(SESSION, digest="b" * 64))


def test_a_digest_is_replaced_once(store):
    store.start("acme", SESSION)
    assert store.advance("acme", ID, "a" * 64, "b" * 64)
    assert not store.advance("acme", ID, "a" * 64, "c" * 64)
    assert store.get("acme", ID).digest == "b" * 64


def test_a_repeated_advance_succeeds(store):
    """The client library repeats a call after a lost answer."""
    store.start("acme", SESSION)
    assert store.advance("acme", ID, "a" * 64, "b" * 64)
    assert store.advance("acme", ID, "a" * 64, "b" * 64)


def test_an_ended_session_keeps_its_first_reason_and_cannot_advance(store):
    store.start("acme", SESSION)
    store.end("acme", ID, "reused")
    store.end("acme", ID, "revoked")
    assert store.get("acme", ID).ended == "reused"
    assert not store.advance("acme", ID, "a" * 64, "b" * 64)


def test_ending_an_unknown_session_creates_no_item(store):
    store.end("globex", ID, "revoked")
    assert store.get("globex", ID) is None


def test_a_missing_table_raises_unavailable(aws):
    away = DynamoSessions(aws("dynamodb"), "nowhere")
    for call in (
        lambda: away.start("acme", SESSION),
        lambda: away.get("acme", ID),
        lambda: away.advance("acme", ID, "a", "b"),
        lambda: away.end("acme", ID, "revoked"),
    ):
        with pytest.raises(Unavailable):
            call()
