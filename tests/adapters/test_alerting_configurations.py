"""Contract of the store of alerting configurations for the fake and DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.alerting_examples import ANN, BEN, PAGER, POLICY, ROTA, ROUTES, SILENCE
from tests.support.fakes.alerting_configurations import FakeConfigurations
from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.store import DynamoChannels
from vigil.alerting.oncall.plan_model import OnCallPlan
from vigil.alerting.policies.configs_service import CachedAlertingConfigs
from vigil.alerting.policies.configuration_model import TenantConfiguration
from vigil.alerting.policies.model import ConfiguredChannel
from vigil.alerting.policies.store import DynamoConfigurations
from vigil.errors import Unavailable

TABLE = "alerts"
VALUES = (ANN, BEN, ROTA, POLICY, ROUTES, SILENCE)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeConfigurations()
    return DynamoConfigurations(request.getfixturevalue("aws")("dynamodb"), TABLE)


def put_all(store, tenant="acme"):
    for generation, value in enumerate(VALUES):
        assert store.put(tenant, generation, value)


def test_a_configuration_is_read_as_it_was_written(store):
    put_all(store)
    plan = OnCallPlan(
        len(VALUES),
        {"mem-ann": ANN, "mem-ben": BEN},
        {"sch-rota": ROTA},
        dict.fromkeys(("channel:chn-pager", "schedule:sch-rota", "member:mem-ann", "member:mem-ben"), ("pol-ops",)),
    )
    assert store.read("acme") == TenantConfiguration(
        "acme", len(VALUES), {}, {"pol-ops": POLICY}, ROUTES, {"sil-work": SILENCE}, plan
    )
    assert store.read_plan("acme") == plan


def test_another_tenant_has_an_empty_configuration(store):
    put_all(store)
    assert store.read("acmeland") == TenantConfiguration("acmeland")


def test_a_write_over_another_generation_changes_nothing(store):
    put_all(store)
    before = store.read("acme")
    for generation in (0, len(VALUES) - 1, len(VALUES) + 1):
        assert not store.put("acme", generation, replace(ANN, name="Anna"))
        assert not store.delete("acme", generation, ANN)
    assert store.read("acme") == before


def test_a_value_is_replaced_by_one_with_its_id(store):
    put_all(store)
    changed = replace(POLICY, label="Nights", version=2)
    assert store.put("acme", len(VALUES), changed)
    assert store.read("acme").policies == {"pol-ops": changed}


@pytest.mark.parametrize("value", [ANN, ROTA, POLICY, SILENCE], ids=lambda value: type(value).__name__)
def test_a_deleted_value_is_gone_and_others_stay(store, value):
    put_all(store)
    assert store.delete("acme", len(VALUES), value)
    found = store.read("acme")
    left = [*found.policies.values(), *found.silences.values(), *found.plan.members.values()]
    left += found.plan.schedules.values()
    assert value not in left
    assert len(left) == len(VALUES) - 2


def test_a_write_deletes_outdated_silences_with_it(store):
    put_all(store)
    others = [replace(SILENCE, silence_id=f"sil-{number}") for number in range(3)]
    for number, silence in enumerate(others):
        store.put("acme", len(VALUES) + number, silence)
    generation = len(VALUES) + len(others)
    assert store.put("acme", generation, replace(others[2], reason="Longer"), outdated=[SILENCE, *others])
    assert {silence.reason for silence in store.read("acme").silences.values()} == {"Longer"}
    assert store.read("acme").generation == generation + 1


def test_channels_are_read_as_their_room_stores_them(aws):
    client = aws("dynamodb")
    channels = DynamoChannels(client, TABLE)
    for channel_id in ("chn-dead", "chn-pager"):
        assert channels.create(Channel("acme", channel_id, "pagerduty", "Team", {}, b"sealed"), 20)
    channels.mark_broken("acme", "chn-dead", 1, "invalid_token")
    store = DynamoConfigurations(client, TABLE)
    configs = CachedAlertingConfigs(store, lambda _: "", Clock(), CacheReports())
    dead = ConfiguredChannel("chn-dead", "pagerduty", is_broken=True)
    assert configs.load("acme").channels == {"chn-dead": dead, "chn-pager": PAGER}
    assert configs.load("globex").channels == {}
    assert store.put("acme", 0, POLICY)


def test_a_policy_and_a_deleted_channel_refuse_each_other(aws):
    client = aws("dynamodb")
    channels, store = DynamoChannels(client, TABLE), DynamoConfigurations(client, TABLE)
    pager = Channel("acme", "chn-pager", "pagerduty", "Team", {})
    assert channels.create(pager, 20)
    assert store.put("acme", 0, POLICY)
    assert not channels.delete(pager, 0), "the policy was stored after the check"
    assert store.read("acme").channels == {"chn-pager": PAGER}
    assert channels.delete(pager, 1)
    assert not store.put("acme", 1, replace(POLICY, version=2)), "the channel was deleted after the check"
    assert store.read("acme").policies == {"pol-ops": POLICY}


def test_a_silence_expires_30_days_after_its_end(aws):
    DynamoConfigurations(aws("dynamodb"), TABLE).put("acme", 0, SILENCE)
    items = aws("dynamodb").scan(TableName=TABLE)["Items"]
    (expiry,) = [int(item["expires_at"]["N"]) for item in items if "expires_at" in item]
    assert datetime.fromtimestamp(expiry, UTC) == datetime(2026, 12, 21, 14, tzinfo=UTC)


def test_every_item_is_in_the_partition_of_its_tenant(aws):
    put_all(DynamoConfigurations(aws("dynamodb"), TABLE))
    items = aws("dynamodb").scan(TableName=TABLE)["Items"]
    assert {item["pk"]["S"] for item in items} == {"acme#CONFIG"}
    assert len(items) == len(VALUES) + 1


def test_a_table_that_does_not_answer_is_unavailable(aws):
    store = DynamoConfigurations(aws("dynamodb"), "no-such-table")
    for call in (
        lambda: store.read("acme"),
        lambda: store.read_plan("acme"),
        lambda: store.put("acme", 0, ANN),
        lambda: store.delete("acme", 0, ANN),
    ):
        with pytest.raises(Unavailable):
            call()
