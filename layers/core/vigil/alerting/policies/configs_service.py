"""The configuration that alerts are decided with, cached for five seconds, or for an hour while its table is away."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.alerting.policies.configuration_model import TenantConfiguration
from vigil.alerting.policies.model import AlertingConfig
from vigil.alerting.policies.ports import ConfigurationStore, TenantContacts
from vigil.errors import NotFound
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache

CACHE_RULES = CacheRules(timedelta(seconds=5), stale_for=timedelta(hours=1), retry=timedelta(seconds=5))
"""A notice to a receiver of an hour ago is better than no notice."""


class CachedAlertingConfigs:
    """Configurations of all tenants, each read at most once in five seconds per process.

    While a configuration cannot be read, its last known value is used for an hour.
    """

    def __init__(
        self,
        store: ConfigurationStore,
        contacts: TenantContacts,
        clock: Callable[[], datetime],
        observer: CacheObserver,
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._cache: LastKnownCache[str, tuple[TenantConfiguration, str]] = LastKnownCache(
            "alerting-configurations", CACHE_RULES, clock, observer
        )

    def load(self, tenant_id: str) -> AlertingConfig:
        """Return the configuration of a tenant. Raises Unavailable if none is known."""
        configuration, contact = self._read(tenant_id)
        return configuration.to_config(has_contact=bool(contact))

    def contact(self, tenant_id: str) -> str:
        """Return the address of a tenant's contact, or an empty text. Raises Unavailable if none is known."""
        return self._read(tenant_id)[1]

    def address_of(self, tenant_id: str, member_id: str) -> str:
        """Return the e-mail address of a member. Raises NotFound, and Unavailable if no configuration is known."""
        if (member := self._read(tenant_id)[0].plan.members.get(member_id)) is None:
            raise NotFound("There is no such member. GET /v1/alerting/members lists all.")
        return member.address

    def forget(self, tenant_id: str) -> None:
        """Read the configuration of a tenant anew at its next use, after this process has changed it."""
        self._cache.expire(tenant_id)

    def _read(self, tenant_id: str) -> tuple[TenantConfiguration, str]:
        return self._cache.get(tenant_id, lambda: (self._store.read(tenant_id), self._contacts(tenant_id)))
