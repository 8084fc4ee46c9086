"""Rights of persons: consents with history, exports in parts, and requests to erase."""

import json
from datetime import UTC, timedelta, timezone

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.persons import FakeConsentStore, FakePersonErasureStore, FakePersonStore
from tests.support.fakes.tenant_keys import tenant_key
from vigil.errors import Conflict, InvalidInput, MalformedRequest, NotFound
from vigil.privacy.persons import service
from vigil.privacy.persons.service import MAX_CLOCK_SKEW, DeclarationRequest, PersonRights

ENOUGH = 60.0
NOW = "2026-03-01T12:00:00.000000Z"


class World:
    def __init__(self):
        self.consents, self.erasures, self.clock = FakeConsentStore(), FakePersonErasureStore(), Clock()
        self.stores = {"decisions": FakePersonStore(5), "outcomes": FakePersonStore(0), "rows": FakePersonStore(1)}
        self.marked, self.published = [], []
        self.rights = PersonRights(
            self.consents,
            self.erasures,
            self.stores,
            self.marked.append,
            self.clock,
            tenant_key,
            self.published.append,
        )

    def changes(self):
        return [json.loads(event.detail)["change"] for event in self.published]

    def declare(self, known=True, declared_at=None, **purposes):
        request = DeclarationRequest(purposes, "v1", "subject", declared_at)
        return self.rights.declare("acme", "jane", request, "key", known=known)

    def declarations(self):
        return self.rights.declarations("acme", "jane", None, 100).declarations

    def export(self, remaining=ENOUGH):
        parts, after = [], None
        while True:
            part = self.rights.export("acme", "jane", after, lambda: remaining)
            parts.append(part.data)
            if (after := part.next) is None:
                return parts


@pytest.fixture
def world():
    return World()


def test_a_declaration_changes_only_its_purposes_and_extends_the_history(world):
    world.declare(scoring="given", research="given")
    consent = world.declare(scoring="withdrawn")
    assert consent.purposes == {"scoring": "withdrawn", "research": "given"}
    assert (consent.version, len(world.declarations())) == (2, 2)
    assert world.rights.consent("acme", "jane") == consent


def test_each_declaration_publishes_its_change_with_the_pseudonym_only(world):
    world.declare(scoring="given")
    world.declare(scoring="given", research="withdrawn")
    assert world.changes() == ["consent", "withdrawal"]
    (first, second) = world.published
    assert (first.kind, first.occurred_at) == ("persons.changed", NOW)
    assert first.event_id != second.event_id
    assert set(json.loads(first.detail)) == {
        *("event_id", "event_version", "occurred_at", "tenant_id", "subject", "change")
    }


def test_a_repeated_erasure_publishes_the_same_event(world):
    world.rights.erase("acme", "jane", "key")
    world.clock.advance(minutes=1)
    world.rights.erase("acme", "jane", "key")
    assert world.changes() == ["erasure", "erasure"]
    assert world.published[0] == world.published[1]


def test_an_unknown_person_has_no_consent(world):
    with pytest.raises(NotFound):
        world.rights.consent("acme", "jane")


def test_a_declaration_without_a_time_is_dated_now(world):
    world.declare(scoring="given")
    (declaration,) = world.declarations()
    assert (declaration.declared_at, declaration.recorded_at, declaration.key_id) == (NOW, NOW, "key")


def test_the_time_of_a_declaration_is_stored_in_utc(world):
    declared_at = world.clock().astimezone(timezone(timedelta(hours=2))) - timedelta(days=1)
    world.declare(scoring="given", declared_at=declared_at)
    (declaration,) = world.declarations()
    assert declaration.declared_at == "2026-02-28T12:00:00.000000Z"


def test_a_declaration_in_the_future_or_without_purposes_is_rejected(world):
    now = world.clock().astimezone(UTC)
    world.declare(scoring="given", declared_at=now + MAX_CLOCK_SKEW)
    for wrong in ({"scoring": "given", "declared_at": now + MAX_CLOCK_SKEW + timedelta(seconds=1)}, {}):
        with pytest.raises(InvalidInput):
            world.declare(**wrong)
    assert world.rights.consent("acme", "jane").version == 1


def test_only_a_tenant_not_known_to_record_consents_is_marked(world):
    world.declare(known=True, scoring="given")
    assert world.marked == []
    world.declare(known=False, scoring="withdrawn")
    assert world.marked == ["acme"]


def test_a_concurrent_declaration_is_retried_until_the_last_attempt(world):
    world.consents.overtaken = 2
    assert world.declare(scoring="given").version == 1
    world.consents.overtaken = 99
    with pytest.raises(Conflict):
        world.declare(scoring="withdrawn")
    assert world.rights.consent("acme", "jane").purposes == {"scoring": "given"}


def test_an_export_with_enough_time_has_one_part(world):
    (data,) = world.export()
    assert {store: len(entries) for store, entries in data.items()} == {"decisions": 5, "outcomes": 0, "rows": 1}


def test_an_export_without_time_has_small_parts_of_the_same_data(world):
    (whole,) = world.export()
    parts = world.export(remaining=0.0)
    assert len(parts) == 5
    for store, entries in whole.items():
        assert [entry for part in parts for entry in part.get(store, ())] == entries


def test_an_export_above_the_maximum_size_is_split(world, monkeypatch):
    monkeypatch.setattr(service, "MAX_PART_CHARACTERS", 0)
    assert len(world.export()) == 5


def test_all_parts_of_an_export_have_the_time_of_the_first_request(world):
    first = world.rights.export("acme", "jane", None, lambda: 0.0)
    world.clock.advance(hours=1)
    world.rights.export("acme", "jane", first.next, lambda: ENOUGH)
    requests = [person for store in world.stores.values() for person, _ in store.requests]
    assert {person.until for person in requests} == {NOW}


def test_a_position_in_an_unknown_store_is_rejected(world):
    with pytest.raises(MalformedRequest):
        world.rights.export("acme", "jane", {"store": "letters", "until": NOW}, lambda: ENOUGH)


def test_a_repeated_request_to_erase_returns_the_erasure_in_progress(world):
    first = world.rights.erase("acme", "jane", "key-1")
    world.clock.advance(minutes=1)
    assert world.rights.erase("acme", "jane", "key-2") == first
    assert (first.running.started_at, first.running.key_id) == (NOW, "key-1")


def test_a_person_without_a_request_to_erase_has_no_erasure(world):
    with pytest.raises(NotFound):
        world.rights.erasures("acme", "jane")
