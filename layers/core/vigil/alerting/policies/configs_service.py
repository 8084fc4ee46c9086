"""The configuration that alerts are decided with, kept in memory for five seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.alerting.policies.configuration_model import TenantConfiguration
from vigil.alerting.policies.model import AlertingConfig
from vigil.alerting.policies.ports import ConfigurationStore, TenantContacts
from vigil.errors import NotFound
from vigil.runtime.ttl_cache import TtlCache

TIME_TO_LIVE = timedelta(seconds=5)
"""Time for which a process uses a configuration after it was read."""


class CachedAlertingConfigs:
    """Configurations of tenants, each read at most once in five seconds per process."""

    def __init__(self, store: ConfigurationStore, contacts: TenantContacts, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._contacts = contacts
        self._known: TtlCache[str, tuple[TenantConfiguration, str]] = TtlCache(TIME_TO_LIVE, clock)

    def load(self, tenant_id: str) -> AlertingConfig:
        """Return the configuration of a tenant; it can be five seconds old. Raises Unavailable."""
        configuration, contact = self._read(tenant_id)
        return configuration.to_config(has_contact=bool(contact))

    def contact(self, tenant_id: str) -> str:
        """Return the address of a tenant's contact, or an empty text; at most five seconds old. Raises Unavailable."""
        return self._read(tenant_id)[1]

    def address_of(self, tenant_id: str, member_id: str) -> str:
        """Return the e-mail address of a member; it can be five seconds old. Raises NotFound and Unavailable."""
        if (member := self._read(tenant_id)[0].plan.members.get(member_id)) is None:
            raise NotFound("There is no such member.")
        return member.address

    def forget(self, tenant_id: str) -> None:
        """Read the configuration of a tenant anew at its next use, after this process has changed it."""
        self._known.discard(tenant_id)

    def _read(self, tenant_id: str) -> tuple[TenantConfiguration, str]:
        if (known := self._known.get(tenant_id)) is None:
            known = self._store.read(tenant_id), self._contacts(tenant_id)
            self._known.put(tenant_id, known)
        return known
