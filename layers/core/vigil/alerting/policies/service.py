"""Policies, routes and silences of tenants, changed without lost updates or broken references."""

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
    """Policies, routes and silences of all tenants. Every method raises Unavailable.

    Every change raises Conflict after five lost races.
    """

    def __init__(self, store: ConfigurationStore, new_id: Callable[[], str], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._new_id = new_id
        self._clock = clock

    def read(self, tenant_id: str) -> TenantConfiguration:
        """Return the whole configuration of a tenant, read consistently."""
        return self._store.read(tenant_id)

    def policy(self, tenant_id: str, policy_id: str) -> Policy:
        """Return a policy. Raises NotFound."""
        return find_entry(self.read(tenant_id).policies, policy_id, "policy")

    def silence(self, tenant_id: str, silence_id: str) -> Silence:
        """Return a silence. Raises NotFound."""
        return find_entry(self.read(tenant_id).silences, silence_id, "silence")

    def create_policy(self, tenant_id: str, policy: Policy) -> Policy:
        """Store a new policy and return it with its new id and version 1.

        Raises InvalidInput above MAX_POLICIES, and for a target that does not exist.
        """
        new = replace(policy, policy_id=f"pol-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda found: found.checked_policy(new))

    def replace_policy(self, tenant_id: str, policy: Policy, version: int | None) -> Policy:
        """Replace the policy of the same id and return it with its new version.

        `version` is the version to replace, or None for any version. Raises NotFound, InvalidInput for a target that
        does not exist, and PreconditionFailed for another version.
        """

        def changed(found: TenantConfiguration) -> Policy:
            old = find_entry(found.policies, policy.policy_id, "policy", version)
            return found.checked_policy(replace(policy, version=old.version + 1))

        return self._put(tenant_id, changed)

    def delete_policy(self, tenant_id: str, policy_id: str, version: int | None) -> None:
        """Delete a policy. `version` is the version to delete, or None for any version.

        Raises NotFound, PreconditionFailed for another version, and InUse with the routes that select it.
        """

        def unused(found: TenantConfiguration) -> Policy:
            return found.unused_policy(find_entry(found.policies, policy_id, "policy", version))

        self._delete(tenant_id, unused)

    def replace_routes(self, tenant_id: str, routes: RouteList, version: int | None) -> RouteList:
        """Replace all routes and return them with their new version.

        `version` is the version to replace, or None for any version. Raises InvalidInput for a repeated id or a policy
        that does not exist, and PreconditionFailed for another version.
        """

        def changed(found: TenantConfiguration) -> RouteList:
            old = expect_version(found.routes, version)
            return found.checked_routes(replace(routes, version=old.version + 1))

        return self._put(tenant_id, changed)

    def create_silence(self, tenant_id: str, silence: Silence) -> Silence:
        """Store a new silence and return it with its new id and version 1.

        Ended silences are deleted if the tenant has MAX_SILENCES. Raises InvalidInput for its times, and if as many
        silences have not ended.
        """
        new = replace(silence, silence_id=f"sil-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda found: found.checked_silence(new, self._clock()))

    def replace_silence(self, tenant_id: str, silence: Silence, version: int | None) -> Silence:
        """Replace the silence of the same id and return it with its new version. Its creator stays the first one.

        `version` is the version to replace, or None for any version. Raises NotFound, InvalidInput for its times, and
        PreconditionFailed for another version.
        """

        def changed(found: TenantConfiguration) -> Silence:
            old = find_entry(found.silences, silence.silence_id, "silence", version)
            new = replace(silence, created_by=old.created_by, version=old.version + 1)
            return found.checked_silence(new, self._clock())

        return self._put(tenant_id, changed)

    def delete_silence(self, tenant_id: str, silence_id: str, version: int | None) -> None:
        """Delete a silence, which ends it. `version` is the version to delete, or None for any version.

        Raises NotFound, and PreconditionFailed for another version.
        """
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
