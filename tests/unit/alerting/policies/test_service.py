"""Policies, routes and silences: references hold, versions are checked, silences have bounds."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from tests.support.alerting_examples import ANN, BEN, MATCHER, NOW, PAGER, POLICY, ROTA, ROUTES, SILENCE
from tests.support.fakes.alerting_configurations import FakeConfigurations
from vigil.alerting.policies.model import MAX_POLICIES, MAX_SILENCES, PolicyStep, RouteList
from vigil.alerting.policies.service import AlertingRules
from vigil.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from vigil.kernel.time import format_timestamp


@pytest.fixture
def store():
    """Configuration of `acme` with a channel, two members, a schedule, a policy and its routes."""
    fake = FakeConfigurations()
    fake.add_channel("acme", PAGER)
    for generation, value in enumerate((ANN, BEN, ROTA, POLICY, replace(ROUTES, version=1))):
        assert fake.put("acme", generation, value)
    return fake


@pytest.fixture
def rules(store):
    ids = count(1)
    return AlertingRules(store, lambda: f"{next(ids):016x}", lambda: NOW)


def silence(starts=0, ends=60, **changes):
    """Return a silence from and until a number of minutes from now."""
    times = {
        name: format_timestamp(NOW + timedelta(minutes=minutes))
        for name, minutes in (("starts_at", starts), ("ends_at", ends))
    }
    return replace(SILENCE, **{"holds_critical": False, **times, **changes})


def test_a_new_policy_gets_an_id_and_the_first_version(rules):
    created = rules.create_policy("acme", replace(POLICY, version=9))
    assert created == replace(POLICY, policy_id="pol-0000000000000001")
    assert rules.policy("acme", created.policy_id) == created


def test_a_policy_names_each_target_that_does_not_exist(rules):
    steps = (
        PolicyStep(("channel:chn-pager", "channel:gone")),
        PolicyStep(("member:mem-ann",), fallbacks=("schedule:chn-pager", "member:x")),
    )
    with pytest.raises(InvalidInput) as error:
        rules.create_policy("acme", replace(POLICY, steps=steps))
    assert [each.field for each in error.value.errors] == [
        "steps.0.targets.1",
        "steps.1.fallbacks.0",
        "steps.1.fallbacks.1",
    ]
    assert "gone" not in str(error.value)


def test_targets_of_another_tenant_do_not_exist(rules):
    with pytest.raises(InvalidInput):
        rules.create_policy("globex", POLICY)


def test_a_replaced_policy_has_the_next_version(rules):
    assert rules.replace_policy("acme", replace(POLICY, label="Nights"), 1).version == 2
    with pytest.raises(PreconditionFailed):
        rules.replace_policy("acme", POLICY, 1)


def test_unknown_policies_and_silences_are_not_found(rules):
    for call in (
        lambda: rules.policy("globex", "pol-ops"),
        lambda: rules.replace_policy("globex", POLICY, None),
        lambda: rules.delete_policy("globex", "pol-ops", None),
        lambda: rules.silence("acme", "sil-work"),
        lambda: rules.replace_silence("acme", SILENCE, None),
        lambda: rules.delete_silence("acme", "sil-work", None),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_policy_that_routes_select_is_not_deleted(rules):
    with pytest.raises(Conflict, match="routes queues, rest"):
        rules.delete_policy("acme", "pol-ops", None)
    rules.replace_routes("acme", RouteList(), 1)
    rules.delete_policy("acme", "pol-ops", 1)
    assert rules.read("acme").policies == {}


def test_a_channel_that_policies_name_is_in_use(rules):
    with pytest.raises(Conflict, match="policies pol-ops"):
        rules.read("acme").check_unused_channel("chn-pager")
    rules.read("acme").check_unused_channel("chn-other")


def test_policies_have_a_maximum_number(rules):
    for _ in range(MAX_POLICIES - 1):
        rules.create_policy("acme", POLICY)
    with pytest.raises(InvalidInput, match="cannot be more than 20 per tenant"):
        rules.create_policy("acme", POLICY)
    assert rules.replace_policy("acme", POLICY, None).version == 2


def test_routes_are_replaced_as_one_list(rules):
    shorter = RouteList(ROUTES.routes[:1])
    assert rules.replace_routes("acme", shorter, 1) == replace(shorter, version=2)
    with pytest.raises(PreconditionFailed):
        rules.replace_routes("acme", ROUTES, 1)
    assert rules.read("acme").routes == replace(shorter, version=2)


def test_the_first_routes_have_version_0_before_them(rules):
    assert rules.replace_routes("globex", RouteList(), 0).version == 1
    with pytest.raises(PreconditionFailed):
        rules.replace_routes("globex", RouteList(), 0)


def test_routes_name_each_broken_rule(rules):
    first, second = ROUTES.routes
    wrong = (first, replace(second, route_id="queues"), replace(second, policy_id="pol-x"))
    with pytest.raises(InvalidInput) as error:
        rules.replace_routes("acme", RouteList(wrong), None)
    assert [each.field for each in error.value.errors] == ["routes.1.id", "routes.2.policy_id"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (silence(0, 0), "ends_at"),
        (silence(10, 5), "ends_at"),
        (silence(-60, -1), "ends_at"),
        (silence(0, 30 * 24 * 60 + 1), "ends_at"),
        (silence(0, 4 * 60 + 1, holds_critical=True), "ends_at"),
        (silence(31 * 24 * 60, 31 * 24 * 60 + 1), "starts_at"),
    ],
)
def test_a_silence_outside_its_bounds_is_refused(rules, wrong, field):
    with pytest.raises(InvalidInput) as error:
        rules.create_silence("acme", wrong)
    assert [each.field for each in error.value.errors] == [field]


@pytest.mark.parametrize("right", [silence(0, 30 * 24 * 60), silence(0, 240, holds_critical=True), silence(-60, 1)])
def test_a_silence_at_its_bounds_is_created(rules, right):
    assert rules.create_silence("acme", right) == replace(right, silence_id="sil-0000000000000001")


def test_a_replaced_silence_keeps_its_creator(rules):
    created = rules.create_silence("acme", silence(created_by="member:1"))
    changed = rules.replace_silence("acme", replace(created, reason="Longer", created_by="admin:2"), 1)
    assert changed == replace(created, reason="Longer", version=2)


def test_a_deleted_silence_is_gone(rules):
    created = rules.create_silence("acme", silence())
    with pytest.raises(PreconditionFailed):
        rules.delete_silence("acme", created.silence_id, 2)
    rules.delete_silence("acme", created.silence_id, 1)
    assert rules.read("acme").silences == {}


def test_a_full_list_of_silences_loses_the_ended_ones(rules, store):
    def fill(ends):
        full = {f"sil-{number}": silence(-60, ends, silence_id=f"sil-{number}") for number in range(MAX_SILENCES)}
        store.stored["acme"] = replace(store.read("acme"), silences=full)

    fill(ends=60)
    with pytest.raises(InvalidInput, match="cannot be more than 100 per tenant"):
        rules.create_silence("acme", silence())
    fill(ends=-1)
    created = rules.create_silence("acme", silence())
    assert rules.read("acme").silences == {created.silence_id: created}


def test_a_silence_has_the_matcher_of_its_request(rules):
    assert rules.create_silence("acme", silence()).matcher == MATCHER
