"""Fakes of what tenancy needs: one contract test runs each beside its real adapter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from vigil.errors import Conflict, NotFound
from vigil.tenancy.model import ApiKey, Tenant


class FakeAccessStore:
    """Tenants and keys in memory."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.keys: dict[str, ApiKey] = {}

    def create_tenant(self, tenant: Tenant) -> None:
        if tenant.tenant_id in self.tenants:
            raise Conflict("That id is taken.")
        self.tenants[tenant.tenant_id] = tenant

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self.tenants.get(tenant_id)

    def tenant_ids(self) -> Iterator[str]:
        return iter(self.tenants)

    def create_key(self, key: ApiKey) -> None:
        if key.key_id in self.keys:
            raise Conflict("That id is taken.")
        self.keys[key.key_id] = key

    def key(self, key_id: str) -> ApiKey | None:
        return self.keys.get(key_id)

    def revoke_key(self, key_id: str, at: str) -> None:
        if key_id not in self.keys:
            raise NotFound("There is no such key.")
        self.keys[key_id] = replace(self.keys[key_id], revoked_at=self.keys[key_id].revoked_at or at)


@dataclass
class FakePeppers:
    current: str = "1"
    versions: dict[str, bytes] = field(default_factory=lambda: {"1": b"first"})

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        return self.current, self.versions
