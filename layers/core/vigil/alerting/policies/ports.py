"""Ports of policies: the configuration of a tenant, its storage, and the contact address of a tenant."""

from collections.abc import Sequence
from typing import Protocol

from vigil.alerting.policies.configuration_model import TenantConfiguration
from vigil.alerting.policies.model import AlertingConfig, Policy, RouteList, Silence


class AlertingConfigs(Protocol):
    """Configurations of all tenants, for decisions about alerts."""

    def load(self, tenant_id: str) -> AlertingConfig:
        """Return the configuration of a tenant; changes of the last minute can be missing. Raises Unavailable."""
        ...


class ConfigurationStore(Protocol):
    """Stored configurations of all tenants. Every method raises Unavailable.

    A generation is the number of changes of a tenant's configuration. A write names the one that it was decided with.
    """

    def read(self, tenant_id: str) -> TenantConfiguration:
        """Return the configuration of a tenant with its generation, read consistently."""
        ...

    def put(
        self, tenant_id: str, generation: int, value: Policy | RouteList | Silence, outdated: Sequence[Silence] = ()
    ) -> bool:
        """Store a value, new or changed, delete the silences `outdated`, and return True.

        Return False and write nothing if the stored generation is not `generation`.
        """
        ...

    def delete(self, tenant_id: str, generation: int, value: Policy | Silence) -> bool:
        """Delete a value and return True.

        Return False and delete nothing if the stored generation is not `generation`.
        """
        ...


class TenantContacts(Protocol):
    """Function that returns the contact addresses of tenants."""

    def __call__(self, tenant_id: str, /) -> str:
        """Return the e-mail address of a tenant's contact; empty for a tenant without one. Raises Unavailable."""
        ...
