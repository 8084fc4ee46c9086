"""Fakes for tenants, keys and erasures; one contract test runs each fake and its real adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vigil.access.keys.model import ApiKey, KeyPage, KeyRecord
from vigil.access.tenants.model import Tenant, TenantPage
from vigil.errors import Conflict, Unavailable
from vigil.privacy.erasure.model import Certificate, Erasure, FoundKeys, Key


class FakeTenantStore:
    """Tenants in memory; `erasures` contains the tenants that started offboarding."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.erasures: dict[str, Erasure] = {}
        self.reads = 0

    def create(self, tenant: Tenant) -> None:
        if tenant.tenant_id in self.tenants:
            raise Conflict("A tenant with this id exists or existed.")
        self.tenants[tenant.tenant_id] = tenant

    def get(self, tenant_id: str) -> Tenant | None:
        self.reads += 1
        return self.tenants.get(tenant_id)

    def replace(self, old: Tenant, new: Tenant) -> bool:
        there = self.tenants.get(old.tenant_id)
        if there is None or there.version != old.version:
            return False
        self.tenants[old.tenant_id] = new
        if new.status == "offboarding" != old.status:
            self.erasures[new.tenant_id] = Erasure(new.tenant_id, new.changed_at)
        return True

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        ids = sorted(name for name in self.tenants if not after or name > after["tenant_id"])
        rest = {"tenant_id": ids[limit - 1]} if len(ids) > limit else None
        return TenantPage(tuple(self.tenants[name] for name in ids[:limit]), rest)


class FakeKeyStore:
    """Keys in memory."""

    def __init__(self) -> None:
        self.records: dict[str, KeyRecord] = {}
        self.reads = 0
        self.recorded_uses = 0
        self.away = False

    def create(self, tenant_id: str, record: KeyRecord) -> None:
        if record.key.key_id in self.records:
            raise Conflict("An API key with this id exists.")
        self.records[record.key.key_id] = replace(record, key=replace(record.key, tenant_id=tenant_id))

    def find(self, key_id: str) -> KeyRecord | None:
        self.reads += 1
        return self.records.get(key_id)

    def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        record = self.records.get(key_id)
        return record.key if record and record.key.tenant_id == tenant_id else None

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        own = {
            f"{record.key.created_at}#{record.key.key_id}": record.key
            for record in self.records.values()
            if record.key.tenant_id == tenant_id
        }
        places = sorted(place for place in own if not after or place > after["list_sk"])
        rest = {"pk": "-", "sk": "-", "list_sk": places[limit - 1]} if len(places) > limit else None
        return KeyPage(tuple(own[place] for place in places[:limit]), rest)

    def rotate(self, tenant_id: str, old: ApiKey, new: KeyRecord) -> bool:
        there = self.get(tenant_id, old.key_id)
        if there is None or there.revoked_at or there.replaced_by:
            return False
        self._change(there, expires_at=old.expires_at, replaced_by=new.key.key_id)
        self.create(tenant_id, new)
        return True

    def revoke(self, tenant_id: str, key_id: str, at: str) -> bool:
        if (key := self.get(tenant_id, key_id)) is None:
            return False
        self._change(key, revoked_at=key.revoked_at or at)
        return True

    def record_use(self, tenant_id: str, key_id: str, at: str) -> bool:
        self.recorded_uses += 1
        if self.away:
            raise Unavailable("The access table did not answer.")
        key = self.get(tenant_id, key_id)
        if key is None or key.revoked_at:
            return False
        self._change(key, last_used_at=at)
        return True

    def _change(self, key: ApiKey, **values: str | None) -> None:
        record = self.records[key.key_id]
        self.records[key.key_id] = replace(record, key=replace(record.key, **values))  # type: ignore[arg-type]


@dataclass
class FakePeppers:
    """Peppers in memory."""

    current: str = "1"
    versions: dict[str, bytes] = field(default_factory=lambda: {"1": b"first"})

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        return self.current, self.versions


class FakeFailureCounters:
    """Counts of failed sign-ins in memory."""

    def __init__(self) -> None:
        self.failures: dict[tuple[str, int], int] = {}
        self.writes = 0
        self.away = False

    def add(self, source: str, start: int, end: int) -> int:
        self.writes += 1
        if self.away:
            raise Unavailable("The limits table did not answer.")
        self.failures[source, start] = self.failures.get((source, start), 0) + 1
        return self.failures[source, start]


class Crash(Exception):
    """Simulated end of the process."""


class Crasher:
    """Raises Crash at the n-th step of all its users; never with 0."""

    def __init__(self, at: int = 0) -> None:
        self.left = at

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


class FakeErasableStore:
    """Names by tenant, `size` per page. Like an index, it may list a deleted name once more."""

    def __init__(self, owned: Mapping[str, set[str]], size: int = 2, crasher: Crasher | None = None) -> None:
        self.owned = {tenant: set(names) for tenant, names in owned.items()}
        self.size = size
        self.away = False
        self._crasher = crasher or Crasher()

    def find(self, tenant_id: str, after: Key | None) -> FoundKeys:
        if self.away:
            raise Unavailable("A table did not answer.")
        names = sorted(name for name in self.owned.get(tenant_id, ()) if not after or name > after["pk"])
        page = tuple({"pk": name} for name in names[: self.size])
        return FoundKeys(page, page[-1] if len(names) > self.size else None)

    def delete(self, tenant_id: str, keys: tuple[Key, ...]) -> None:
        for key in keys:
            self._crasher.step()
            self.owned.get(tenant_id, set()).discard(key["pk"])


class FakeErasureStore:
    """Erasures and certificates in memory."""

    def __init__(self, tenants: FakeTenantStore, crasher: Crasher | None = None) -> None:
        self._tenants = tenants
        self._crasher = crasher or Crasher()
        self.certificates: dict[str, Certificate] = {}

    def pending(self) -> list[Erasure]:
        return list(self._tenants.erasures.values())

    def save(self, tenant_id: str, erasure: Erasure) -> bool:
        self._crasher.step()
        if self._tenants.erasures[tenant_id].revision != erasure.revision - 1:
            return False
        self._tenants.erasures[tenant_id] = erasure
        self._crasher.step()
        return True

    def close(self, tenant_id: str, erasure: Erasure, certificate: Certificate) -> bool:
        self._crasher.step()
        if self._tenants.erasures[tenant_id].revision != erasure.revision:
            return False
        tenant = self._tenants.tenants[tenant_id]
        self._tenants.tenants[tenant_id] = replace(tenant, status="closed", version=tenant.version + 1)
        self.certificates[tenant_id] = certificate
        del self._tenants.erasures[tenant_id]
        return True

    def certificate(self, tenant_id: str) -> Certificate | None:
        return self.certificates.get(tenant_id)


class FakeCertificateSigner:
    """Returns certificates with a constant signature."""

    def sign(self, tenant_id: str, payload: bytes) -> Certificate:
        return Certificate(tenant_id, payload.decode(), "c2lnbmVk", "none", "arn:key")
