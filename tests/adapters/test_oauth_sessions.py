"""The contract of sessions, held by the fake and by DynamoDB alike."""

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


def test_a_session_is_kept_for_its_tenant_alone(store):
    store.start("acme", SESSION)
    assert store.get("acme", ID) == SESSION
    assert store.get("globex", ID) is None


def test_the_same_start_again_changes_nothing_and_another_under_its_id_is_refused(store):
    store.start("acme", SESSION)
    store.start("acme", SESSION)
    with pytest.raises(Conflict):
        store.start("acme", replace(SESSION, digest="b" * 64))


def test_a_digest_is_replaced_once(store):
    store.start("acme", SESSION)
    assert store.advance("acme", ID, "a" * 64, "b" * 64)
    assert not store.advance("acme", ID, "a" * 64, "c" * 64)
    assert store.get("acme", ID).digest == "b" * 64


def test_ones_own_write_sent_again_is_no_reuse(store):
    """The client library repeats a call whose answer was lost."""
    store.start("acme", SESSION)
    assert store.advance("acme", ID, "a" * 64, "b" * 64)
    assert store.advance("acme", ID, "a" * 64, "b" * 64)


def test_the_first_reason_of_an_end_stays_and_nothing_follows_it(store):
    store.start("acme", SESSION)
    store.end("acme", ID, "reused")
    store.end("acme", ID, "revoked")
    assert store.get("acme", ID).ended == "reused"
    assert not store.advance("acme", ID, "a" * 64, "b" * 64)


def test_ending_what_is_not_there_makes_nothing(store):
    store.end("globex", ID, "revoked")
    assert store.get("globex", ID) is None


def test_a_store_that_is_away_is_unavailable(aws):
    away = DynamoSessions(aws("dynamodb"), "nowhere")
    for call in (
        lambda: away.start("acme", SESSION),
        lambda: away.get("acme", ID),
        lambda: away.advance("acme", ID, "a", "b"),
        lambda: away.end("acme", ID, "revoked"),
    ):
        with pytest.raises(Unavailable):
            call()
