"""Actions on credentials and tenants: keys revoked, a tenant suspended, signing keys rotated, a flag off."""

import uuid
from dataclasses import replace

from vigil.access.keys.model import ApiKey
from vigil.errors import Conflict, NotFound, PreconditionFailed
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.model import Plan
from vigil.operations.remedies.ports import FlagSwitch, KeyRevoker, KeyRotation, TenantSwitch

_SEPARATOR = ","
_ROTATIONS = uuid.UUID("6d0c2b8e-53a1-4f0f-9a0e-2f1c7b9f4e11")
"""Namespace of the ids of secret versions, which are derived from tokens of steps."""


class KeysRevoked:
    """Revokes the keys of an incident."""

    def __init__(self, keys: KeyRevoker) -> None:
        self._keys = keys

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that revokes the keys of the incident that are not revoked yet.

        The plan has a `refusal` if the incident names no tenant or no keys. It also has one if the tenant does not have
        every key. It has no effects if all keys are revoked already. Raises Unavailable.
        """
        if not scope.tenant_id or not scope.key_ids:
            return Plan(refusal="The incident names no tenant or no keys.")
        try:
            keys = [self._keys.get(scope.tenant_id, key_id) for key_id in scope.key_ids]
        except NotFound:
            return Plan(refusal="The tenant does not have every key of the incident.")
        valid = [key for key in keys if key.revoked_at is None]
        return Plan(tuple(map(_revocation, valid)), {"keys": _SEPARATOR.join(key.key_id for key in valid)})

    def carry_out(self, scope: Scope, plan: Plan, _: str) -> None:
        """Revoke each key of the plan. The time of an earlier revocation does not change.

        Raises NotFound for a key that was deleted, and Unavailable. Keys before the failure stay revoked; a repetition
        is safe.
        """
        for key_id in plan.facts["keys"].split(_SEPARATOR):
            self._keys.revoke(scope.tenant_id, key_id, by="operator")


class TenantSuspension:
    """Suspends the tenant of an incident. Its data stay."""

    def __init__(self, tenants: TenantSwitch) -> None:
        self._tenants = tenants

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that suspends the tenant of the incident.

        The plan has a `refusal` if the tenant is unknown or is leaving. It has no effects if the tenant is suspended
        already. Raises Unavailable.
        """
        try:
            tenant = self._tenants.get(scope.tenant_id)
        except NotFound:
            return Plan(refusal="The incident names no known tenant.")
        if tenant.status == "suspended":
            return Plan()
        if tenant.status != "active":
            return Plan(refusal=f"A tenant with status {tenant.status} cannot be suspended.")
        effect = f"The tenant {tenant.tenant_id} is suspended: its keys and tokens are refused within 60 s."
        return Plan((effect,), {"version": str(tenant.version)})

    def carry_out(self, scope: Scope, plan: Plan, _: str) -> None:
        """Suspend the tenant in the planned version. A tenant that is suspended by then does not change.

        Raises Conflict if the tenant was changed otherwise, NotFound, and Unavailable.
        """
        try:
            self._tenants.suspend(scope.tenant_id, int(plan.facts["version"]))
        except PreconditionFailed as error:
            if self._tenants.get(scope.tenant_id).status != "suspended":
                raise Conflict("The tenant was changed since the plan. Preview the action again.") from error


class SigningKeysRotated:
    """Rotates the key that signs access tokens."""

    def __init__(self, rotation: KeyRotation) -> None:
        self._rotation = rotation

    def plan(self, _: Scope) -> Plan:
        """Return the plan that rotates the signing key. Tokens of the older key stay valid until it retires."""
        return Plan(
            (
                "A new signing key is published. It signs access tokens after 15 minutes.",
                "The older key retires 30 minutes later. If it has leaked, run `vigil tokens rotate --leaked` as well.",
            )
        )

    def carry_out(self, _: Scope, __: Plan, token: str) -> None:
        """Rotate to a version whose id is derived from the token, so that a repetition rotates nothing more.

        Raises NotFound if the function of the rotation does not exist, and Unavailable.
        """
        self._rotation.rotate(str(uuid.uuid5(_ROTATIONS, token)))


class FlagOff:
    """Switches the flag of an incident off in every stage. Its other rules stay for the time after the incident."""

    def __init__(self, flags: FlagSwitch) -> None:
        self._flags = flags

    def plan(self, scope: Scope) -> Plan:
        """Return the plan that switches the flag of the incident off.

        The plan has a `refusal` if the flag is unknown. It has no effects if the flag is off in every stage. Raises
        Unavailable.
        """
        flag = self._flags.find(scope.flag) if scope.flag else None
        if flag is None:
            return Plan(refusal="The incident names no known flag.")
        if not flag.stages:
            return Plan()
        return Plan((f"The flag {flag.name} is off for all tenants within 60 s.",), {"etag": flag.etag()})

    def carry_out(self, scope: Scope, plan: Plan, _: str) -> None:
        """Switch the flag off in every stage. A deleted flag, and one that is off already, do not change.

        Raises Conflict if the definition was changed since the plan, and Unavailable.
        """
        flag = self._flags.find(scope.flag)
        if flag is None or not flag.stages:
            return
        if flag.etag() != plan.facts["etag"]:
            raise Conflict("The flag was changed since the plan. Preview the action again.")
        try:
            self._flags.replace(flag, replace(flag, stages=()), f"incident:{scope.incident_id}")
        except PreconditionFailed as error:
            raise Conflict("The flag was changed since the plan. Preview the action again.") from error


def _revocation(key: ApiKey) -> str:
    return f"The key {key.key_id} of the tenant {key.tenant_id} is revoked within 60 s."
