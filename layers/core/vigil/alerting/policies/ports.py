"""Ports of policies: the configuration of a tenant, its storage, and the contact address of a tenant."""

from collections.abc import Sequence
from typing import Protocol

from vigil.alerting.policies.configuration_model import TenantConfiguration
from vigil.alerting.policies.model import AlertingConfig, Policy, RouteList, Silence


class AlertingConfigs(Protocol):
    """Configurations of tenants."""

    def load(self, tenant_id: str) -> AlertingConfig:
        """Return the configuration of a tenant; it can be a minute old. Raises Unavailable."""
        ...


class ConfigurationStore(Protocol):
    """Stored configurations of all tenants. A write succeeds only over the generation that it was made from."""

    def read(self, tenant_id: str) -> TenantConfiguration:
        """Return the configuration of a tenant, read consistently. Raises Unavailable."""
        ...

    def put(
        self, tenant_id: str, generation: int, value: Policy | RouteList | Silence, outdated: Sequence[Silence] = ()
    ) -> bool:
        """Store a value and delete outdated silences; return False without a write if another generation is stored."""
        ...

    def delete(self, tenant_id: str, generation: int, value: Policy | Silence) -> bool:
        """Delete a value; return False without a write if another generation is stored."""
        ...


class TenantContacts(Protocol):
    """Contact addresses of tenants."""

    def __call__(self, tenant_id: str, /) -> str:
        """Return the e-mail address of a tenant's contact, or an empty text. Raises Unavailable."""
        ...
