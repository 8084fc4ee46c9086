"""Services of tenants and keys on fakes and a fixed clock."""

from types import SimpleNamespace

from tests.support.fakes.access import FakeFailureCounters, FakeKeyStore, FakePeppers, FakeTenantStore
from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from vigil.access.keys.authenticate import Authenticator, Caching
from vigil.access.keys.failed_sign_ins import FailedSignIns
from vigil.access.keys.service import ApiKeys
from vigil.access.tenants.service import Tenants


def build_world() -> SimpleNamespace:
    """Return the services, with their fakes, without tenants. `refusals` has an entry for each refused address."""
    store, keys, peppers, clock = FakeTenantStore(), FakeKeyStore(), FakePeppers(), Clock()
    counters, refusals = FakeFailureCounters(), list[str]()
    failures = FailedSignIns(counters, peppers, clock, lambda: refusals.append("refused"))
    return SimpleNamespace(
        store=store,
        key_store=keys,
        peppers=peppers,
        clock=clock,
        counters=counters,
        refusals=refusals,
        failures=failures,
        authenticator=Authenticator(store, keys, peppers, "local", clock, failures, Caching(CacheReports())),
        tenants=Tenants(store, clock),
        keys=ApiKeys(store, keys, peppers, "local", clock),
    )
