"""The configuration that alerts are decided with: complete, and read at most once in five seconds."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.support.alerting_examples import ANN, BEN, NOW, PAGER, POLICY, ROTA, ROUTES, SILENCE
from tests.support.fakes.alerting_configurations import FakeConfigurations
from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from vigil.alerting.policies.configs_service import CachedAlertingConfigs
from vigil.errors import NotFound, Unavailable


@pytest.fixture
def store():
    fake = FakeConfigurations()
    fake.add_channel("acme", PAGER)
    for generation, value in enumerate((ANN, BEN, ROTA, POLICY, ROUTES, SILENCE)):
        assert fake.put("acme", generation, value)
    return fake


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def configs(store, clock):
    return CachedAlertingConfigs(store, {"acme": "it@acme.example", "globex": ""}.__getitem__, clock, CacheReports())


def test_a_configuration_has_all_parts_of_the_tenant(configs):
    config = configs.load("acme")
    assert config.tenant_id == "acme"
    assert (config.channels, config.policies) == ({"chn-pager": PAGER}, {"pol-ops": POLICY})
    assert (config.routes, config.silences) == (ROUTES.routes, (SILENCE,))
    assert config.members == {"mem-ann", "mem-ben"}
    assert config.has_contact


def test_a_tenant_without_configuration_has_no_receivers(configs):
    config = configs.load("globex")
    assert (config.channels, config.policies, config.routes, config.silences) == ({}, {}, (), ())
    assert (config.members, config.has_contact) == (frozenset(), False)


def test_a_configuration_resolves_the_member_on_call(configs):
    on_call = configs.load("acme").on_call
    assert on_call("sch-rota", NOW) == ("mem-ann",)
    assert on_call("sch-rota", datetime.fromisoformat("2026-11-20T12:00:00+00:00")) == ("mem-ben",)
    assert on_call("sch-gone", NOW) == ()


def test_a_configuration_is_read_once_in_five_seconds(configs, store, clock):
    configs.load("acme")
    store.put("acme", 6, replace(POLICY, label="Nights"))
    reads = store.reads
    clock.advance(seconds=4)
    assert configs.load("acme").policies["pol-ops"].label == "Operations"
    assert store.reads == reads
    clock.advance(seconds=1)
    assert configs.load("acme").policies["pol-ops"].label == "Nights"


def test_a_forgotten_configuration_is_read_anew(configs, store):
    configs.load("acme")
    store.put("acme", 6, replace(POLICY, label="Nights"))
    configs.forget("acme")
    assert configs.load("acme").policies["pol-ops"].label == "Nights"


def test_contact_and_addresses_come_with_the_configuration(configs, store):
    assert configs.contact("acme") == "it@acme.example"
    assert configs.address_of("acme", "mem-ben") == "ben@example.com"
    with pytest.raises(NotFound):
        configs.address_of("globex", "mem-ben")
    assert store.reads == 2, "one read per tenant"


def test_last_known_configuration_is_used_for_an_hour_without_the_store(configs, store, clock, monkeypatch):
    before = configs.load("acme").policies
    reads = []

    def fail(tenant_id):
        reads.append(tenant_id)
        raise Unavailable("The alerts table did not answer.")

    monkeypatch.setattr(store, "read", fail)
    for _ in range(360):
        clock.advance(seconds=10)
        assert configs.load("acme").policies == before
        assert configs.load("acme").on_call("sch-rota", NOW) == ("mem-ann",)
    assert len(reads) == 360, "one read per pause of five seconds, and a pause of ten between the calls"
    clock.advance(seconds=10)
    with pytest.raises(Unavailable):
        configs.load("acme")
