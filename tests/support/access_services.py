"""Services of tenants and keys on fakes and a fixed clock."""

from types import SimpleNamespace

from tests.support.fakes.access import FakeKeyStore, FakePeppers, FakeTenantStore
from tests.support.fakes.clock import Clock
from vigil.access.keys.authenticate import Authenticator
from vigil.access.keys.service import ApiKeys
from vigil.access.tenants.service import Tenants


def build_world() -> SimpleNamespace:
    """Return the services, with their fakes, without tenants."""
    store, keys, peppers, clock = FakeTenantStore(), FakeKeyStore(), FakePeppers(), Clock()
    return SimpleNamespace(
        store=store,
        key_store=keys,
        peppers=peppers,
        clock=clock,
        authenticator=Authenticator(store, keys, peppers, "local", clock),
        tenants=Tenants(store, clock),
        keys=ApiKeys(store, keys, peppers, "local", clock),
    )
