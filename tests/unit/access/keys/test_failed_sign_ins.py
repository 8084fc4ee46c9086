"""An address with too many failed sign-ins costs no further look-ups, and locks out no verified key."""

import pytest

from vigil.access.keys.failed_sign_ins import LOOK_UP_INTERVAL, MAX_FAILURES, WINDOW, FailedSignIns
from vigil.access.keys.token import KeyToken
from vigil.errors import SignInsRefused, Unauthenticated
from vigil.web.gateway import source_address

CLINIC, OTHER = "203.0.113.7", "198.51.100.1"
LOOK_UPS = WINDOW // LOOK_UP_INTERVAL


def attempt(world, token=None, address=CLINIC):
    try:
        world.authenticator.authenticate(str(token or KeyToken.new("local")), address)
    except (Unauthenticated, SignInsRefused) as error:
        return type(error)
    return None


@pytest.fixture
def flooded(world):
    """World in which the clinic's address has the maximum of failures."""
    for _ in range(MAX_FAILURES):
        assert attempt(world) is Unauthenticated
    return world


def test_a_flood_costs_a_bounded_number_of_calls(world):
    results = [attempt(world) for _ in range(10 * MAX_FAILURES)]
    assert results == [Unauthenticated] * MAX_FAILURES + [SignInsRefused] * (9 * MAX_FAILURES)
    assert (world.key_store.reads, world.counters.writes) == (MAX_FAILURES, MAX_FAILURES)
    assert world.refusals == ["refused"]


def test_a_flood_through_a_whole_window_looks_up_at_intervals(flooded):
    for _ in range(int(WINDOW.total_seconds()) - 1):
        flooded.clock.advance(seconds=1)
        attempt(flooded)
        attempt(flooded)
    assert flooded.key_store.reads - MAX_FAILURES <= LOOK_UPS
    assert flooded.counters.writes == MAX_FAILURES


def test_another_address_is_not_refused(flooded):
    assert attempt(flooded, address=OTHER) is Unauthenticated


def test_the_refusal_ends_with_its_window(flooded):
    with pytest.raises(SignInsRefused) as refused:
        flooded.authenticator.authenticate(str(KeyToken.new("local")), CLINIC)
    assert 0 < refused.value.retry_after <= WINDOW.total_seconds()
    flooded.clock.advance(seconds=refused.value.retry_after)
    assert attempt(flooded) is Unauthenticated
    assert flooded.counters.writes == MAX_FAILURES + 1


def test_a_verified_key_passes_although_its_address_is_refused(world):
    token = world.keys.create("acme", by="operator").token
    assert attempt(world, token) is None
    for _ in range(2 * MAX_FAILURES):
        attempt(world)
    world.clock.advance(seconds=45)
    assert attempt(world, token) is None


def test_an_unknown_valid_key_passes_between_two_look_ups_of_a_flood(flooded):
    token = flooded.keys.create("acme", by="operator").token
    assert attempt(flooded, token) is SignInsRefused
    flooded.clock.advance(seconds=LOOK_UP_INTERVAL.total_seconds())
    assert attempt(flooded, token) is None


def test_twenty_machines_with_one_wrong_key_are_not_refused(world):
    wrong = KeyToken.new("local")
    for _ in range(int(WINDOW.total_seconds())):
        assert [attempt(world, wrong) for _ in range(20)] == [Unauthenticated] * 20
        world.clock.advance(seconds=1)
    assert world.counters.writes == WINDOW.total_seconds() / 30
    assert world.refusals == []


def test_a_revoked_key_is_not_counted(world):
    token = world.keys.create("acme", by="operator").token
    world.keys.revoke("acme", token.key_id, by="operator")
    for _ in range(2 * MAX_FAILURES):
        assert attempt(world, token) is Unauthenticated
    assert world.counters.writes == 0


@pytest.mark.parametrize("text", [" ", "x", "vgl_local_x", "a.b.c", "another stage", "a wrong checksum"])
def test_a_malformed_key_is_not_counted(world, text):
    texts = {"another stage": KeyToken.new("prod"), "a wrong checksum": f"{KeyToken.new('local')}"[:-6] + "zzzzzz"}
    attempt(world, texts.get(text, text))
    assert (world.key_store.reads, world.counters.writes) == (0, 0)


def test_an_unavailable_table_is_ignored_and_left_alone_for_seconds(world):
    world.counters.away = True
    for _ in range(3 * MAX_FAILURES):
        assert attempt(world) is Unauthenticated
    assert world.counters.writes == 1
    world.counters.away = False
    world.clock.advance(seconds=5)
    attempt(world)
    assert world.counters.writes == 2


def test_a_source_is_a_keyed_hash_without_the_address(world):
    attempt(world)
    world.peppers.current, world.peppers.versions = "2", {"1": b"first", "2": b"second"}
    attempt(world)
    first, second = (source for source, _ in world.counters.failures)
    assert first != second
    assert CLINIC not in first + second


def test_addresses_of_one_ipv6_network_are_one_source(world):
    for address in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1", CLINIC, f"::ffff:{CLINIC}"):
        attempt(world, address=address)
    assert sorted(world.counters.failures.values()) == [1, 2, 2]


def test_a_text_that_is_no_address_is_a_source_too(world):
    attempt(world, address="test-invoke-source-ip")
    assert world.counters.writes == 1


def test_without_an_address_no_failure_is_counted(world):
    attempt(world, address=None)
    assert world.counters.writes == 0


def test_the_address_comes_from_the_request_context_only():
    headers = {"X-Forwarded-For": OTHER, "Forwarded": f"for={OTHER}", "X-Real-IP": OTHER}
    context = {"requestContext": {"identity": {"sourceIp": CLINIC}}}
    assert source_address(context | {"headers": headers}) == CLINIC
    assert source_address({"headers": headers}) is None


def test_instances_share_the_count(flooded):
    refusals = []
    other = FailedSignIns(flooded.counters, flooded.peppers, flooded.clock, lambda: refusals.append(1))
    other.check(CLINIC)
    other.record(CLINIC)
    with pytest.raises(SignInsRefused):
        other.check(CLINIC)
    assert refusals == [1]
