"""Policies, routes and silences of tenants: created, replaced and deleted without lost updates or broken references."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from vigil.alerting.oncall.changes import change_entry, expect_version, find_entry
from vigil.alerting.policies.configuration_model import TenantConfiguration
from vigil.alerting.policies.model import MAX_SILENCES, Policy, RouteList, Silence
from vigil.alerting.policies.ports import ConfigurationStore

Versioned = TypeVar("Versioned", Policy, Silence, RouteList)


class AlertingRules:
    """Policies, routes and silences of tenants."""

    def __init__(self, store: ConfigurationStore, new_id: Callable[[], str], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._new_id = new_id
        self._clock = clock

    def read(self, tenant_id: str) -> TenantConfiguration:
        """Return the whole configuration of a tenant."""
        return self._store.read(tenant_id)

    def policy(self, tenant_id: str, policy_id: str) -> Policy:
        """Return a policy. Raises NotFound."""
        return find_entry(self.read(tenant_id).policies, policy_id, "policy")

    def silence(self, tenant_id: str, silence_id: str) -> Silence:
        """Return a silence. Raises NotFound."""
        return find_entry(self.read(tenant_id).silences, silence_id, "silence")

    def create_policy(self, tenant_id: str, policy: Policy) -> Policy:
        """Store a new policy under a new id. Raises InvalidInput."""
        new = replace(policy, policy_id=f"pol-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda found: found.checked_policy(new))

    def replace_policy(self, tenant_id: str, policy: Policy, version: int | None) -> Policy:
        """Replace a policy. Raises NotFound, InvalidInput, and PreconditionFailed for another version."""

        def changed(found: TenantConfiguration) -> Policy:
            old = find_entry(found.policies, policy.policy_id, "policy", version)
            return found.checked_policy(replace(policy, version=old.version + 1))

        return self._put(tenant_id, changed)

    def delete_policy(self, tenant_id: str, policy_id: str, version: int | None) -> None:
        """Delete a policy. Raises NotFound, PreconditionFailed, and Conflict while routes select it."""

        def unused(found: TenantConfiguration) -> Policy:
            return found.unused_policy(find_entry(found.policies, policy_id, "policy", version))

        self._delete(tenant_id, unused)

    def replace_routes(self, tenant_id: str, routes: RouteList, version: int | None) -> RouteList:
        """Replace all routes. Raises InvalidInput, and PreconditionFailed for another version."""

        def changed(found: TenantConfiguration) -> RouteList:
            old = expect_version(found.routes, version)
            return found.checked_routes(replace(routes, version=old.version + 1))

        return self._put(tenant_id, changed)

    def create_silence(self, tenant_id: str, silence: Silence) -> Silence:
        """Store a new silence under a new id. A full list loses its ended silences. Raises InvalidInput."""
        new = replace(silence, silence_id=f"sil-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda found: found.checked_silence(new, self._clock()))

    def replace_silence(self, tenant_id: str, silence: Silence, version: int | None) -> Silence:
        """Replace a silence; its creator stays. Raises NotFound, InvalidInput, and PreconditionFailed."""

        def changed(found: TenantConfiguration) -> Silence:
            old = find_entry(found.silences, silence.silence_id, "silence", version)
            new = replace(silence, created_by=old.created_by, version=old.version + 1)
            return found.checked_silence(new, self._clock())

        return self._put(tenant_id, changed)

    def delete_silence(self, tenant_id: str, silence_id: str, version: int | None) -> None:
        """Delete a silence, which ends it. Raises NotFound and PreconditionFailed."""
        self._delete(tenant_id, lambda found: find_entry(found.silences, silence_id, "silence", version))

    def _put(self, tenant_id: str, change: Callable[[TenantConfiguration], Versioned]) -> Versioned:
        def write(found: TenantConfiguration, value: Versioned) -> bool:
            is_full = len(found.silences) >= MAX_SILENCES
            outdated = found.ended_silences(self._clock()) if is_full else ()
            return self._store.put(tenant_id, found.generation, value, outdated)

        return change_entry(lambda: self.read(tenant_id), change, write)

    def _delete(self, tenant_id: str, select: Callable[[TenantConfiguration], Policy | Silence]) -> None:
        def write(found: TenantConfiguration, value: Policy | Silence) -> bool:
            return self._store.delete(tenant_id, found.generation, value)

        change_entry(lambda: self.read(tenant_id), select, write)
