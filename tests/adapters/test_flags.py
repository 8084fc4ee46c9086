"""Contract of the flag store, for the fake and DynamoDB."""

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support.aws_calls import fail_calls
from tests.support.fakes.flags import FakeFlagStore
from vigil.access.flags.model import Flag, FlagSet
from vigil.access.flags.store import DynamoFlags, powertools_evaluator
from vigil.errors import Unavailable

FLAG = Flag("new-page", "A new page.", ("local",), 12.5, "subject", ("acme",), ("globex",))


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    return FakeFlagStore() if request.param == "fake" else DynamoFlags(request.getfixturevalue("dynamodb"), "flags")


def test_before_the_first_change_the_set_is_empty(store):
    assert store.current() == FlagSet()
    assert store.find_by_digest(FlagSet().digest()) is None


def test_a_replaced_set_is_found_by_its_digest(store):
    first = FlagSet().with_flag(FLAG)
    second = first.with_flag(Flag("other", "d"))
    assert store.replace(first, "key", "2026-01-01T00:00:00.000000Z")
    assert store.replace(second, "key", "2026-01-02T00:00:00.000000Z")
    assert store.current() == second
    assert store.find_by_digest(first.digest()) == first


def test_a_set_of_a_stale_version_is_not_stored(store):
    assert store.replace(FlagSet().with_flag(FLAG), "key", "now")
    late = FlagSet().with_flag(Flag("other", "d"))
    assert not store.replace(late, "key", "now")
    assert store.current().flags == (FLAG,)
    assert store.find_by_digest(late.digest()) is None


@pytest.mark.parametrize("stored", ["no json", '[{"name": "a"}]', None])
def test_a_malformed_set_raises_unavailable(dynamodb, stored):
    broken = {"flags": {"S": stored}} if stored else {}
    item = {"pk": {"S": "FLAGS"}, "sk": {"S": "CURRENT"}, "version": {"N": "1"}} | broken
    dynamodb.put_item(TableName="flags", Item=item)
    with pytest.raises(Unavailable):
        DynamoFlags(dynamodb, "flags").current()


def test_an_unavailable_table_raises_unavailable(dynamodb, monkeypatch):
    store = DynamoFlags(dynamodb, "no-such-table")
    for call in (store.current, lambda: store.find_by_digest("x"), lambda: store.replace(FlagSet(1), "key", "now")):
        with pytest.raises(Unavailable):
            call()
    fail_calls(monkeypatch, EndpointConnectionError(endpoint_url="x"), dynamodb)
    for call in (store.current, lambda: store.replace(FlagSet(1), "key", "now")):
        with pytest.raises(Unavailable):
            call()


@pytest.mark.parametrize("broken", [Flag("a", "d", percentage="much"), Flag("a", "d", deny=None)])
def test_a_set_that_powertools_rejects_raises_unavailable(broken):
    with pytest.raises(Unavailable):
        powertools_evaluator(FlagSet(1, (broken,)))
