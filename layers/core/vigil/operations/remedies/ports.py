"""Ports of actions: plans, functions, keys, tenants, flags, signing keys and model versions."""

from collections.abc import Collection, Sequence
from typing import Protocol

from vigil.access.flags.model import Flag
from vigil.access.keys.model import ApiKey
from vigil.access.tenants.model import Tenant
from vigil.kernel.tenants import Role
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.functions_model import EventSource, FunctionVersion, LiveAlias
from vigil.operations.remedies.model import Plan, StoredPlan
from vigil.prediction.packages.ports import Pointer


class Remedy(Protocol):
    """One kind of action."""

    def plan(self, scope: Scope) -> Plan:
        """Return the plan for the present state. It reads only.

        A plan with a `refusal` must not be carried out. A plan without effects is not needed. Raises NotFound and
        Unavailable.
        """
        ...

    def carry_out(self, scope: Scope, plan: Plan, token: str) -> None:
        """Make the changes of a plan that are not made yet. `token` names the attempt of the step.

        Raises Conflict if a resource was changed otherwise since the plan, NotFound if one was deleted, and
        Unavailable.
        """
        ...


class PlanStore(Protocol):
    """Stored plans by token."""

    def find(self, token: str) -> StoredPlan | None:
        """Return the plan of a token, read consistently, or None for an unknown token. Raises Unavailable."""
        ...

    def begin(self, token: str, plan: Plan) -> StoredPlan:
        """Store a plan and return it; return the stored one if the token has one. Raises Unavailable."""
        ...

    def end(self, token: str) -> None:
        """Mark the plan of a token as done. A second call has no effect. Raises Unavailable."""
        ...


class FunctionVersions(Protocol):
    """Versions of functions and their live aliases. Every method raises NotFound and Unavailable."""

    def live(self, function: str) -> LiveAlias:
        """Return the live alias of a function."""
        ...

    def versions(self, function: str) -> Sequence[FunctionVersion]:
        """Return all published versions of a function."""
        ...

    def move(self, function: str, seen: LiveAlias, version: int) -> bool:
        """Point the live alias at one version, without a canary, and return True.

        Return False and change nothing if the alias was changed since `seen`.
        """
        ...


class LeftVersions(Protocol):
    """Versions of functions that rollbacks have left. Every method raises Unavailable."""

    def versions(self, function: str) -> Collection[int]:
        """Return the numbers of all versions of a function that rollbacks have left."""
        ...

    def leave(self, function: str, version: int) -> None:
        """Record that a rollback leaves a version. A second call has no effect."""
        ...


class EventSources(Protocol):
    """Event sources of functions. Every method raises Unavailable, and NotFound for an unknown function or source."""

    def sources(self, function: str) -> Sequence[EventSource]:
        """Return one event source per queue that Lambda reads for a function."""
        ...

    def switch(self, source_id: str, *, is_enabled: bool) -> None:
        """Enable or disable an event source. Messages of a disabled one remain in its queue.

        Raises NotFound if the event source was deleted.
        """
        ...


class KeyRevoker(Protocol):
    """API keys of tenants."""

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """Return one key of a tenant. Raises NotFound if the tenant has no such key, and Unavailable."""
        ...

    def revoke(self, tenant_id: str, key_id: str, *, by: Role) -> None:
        """Revoke a tenant's key; a second call has no effect. Raises NotFound and Unavailable."""
        ...


class TenantSwitch(Protocol):
    """Statuses of tenants."""

    def get(self, tenant_id: str) -> Tenant:
        """Return a tenant. Raises NotFound and Unavailable."""
        ...

    def suspend(self, tenant_id: str, version: int) -> None:
        """Suspend a tenant. Raises PreconditionFailed if the tenant has another version, and NotFound.

        Raises Conflict for a tenant that is leaving, and after lost races. Raises Unavailable.
        """
        ...


class FlagSwitch(Protocol):
    """Definitions of flags."""

    def find(self, name: str) -> Flag | None:
        """Return the stored definition of a flag, or None for an unknown name. Raises Unavailable."""
        ...

    def replace(self, seen: Flag, new: Flag, by: str) -> None:
        """Replace the definition of a flag. Raises PreconditionFailed if the stored one is not `seen`.

        Raises Conflict if other changes of flags win the race in every attempt, and Unavailable.
        """
        ...


class KeyRotation(Protocol):
    """Rotation of the keys that sign access tokens."""

    def rotate(self, version: str) -> None:
        """Rotate to the version with this id; a second call has no effect.

        Raises NotFound if the function of the rotation does not exist, and Unavailable.
        """
        ...


class ModelVersions(Protocol):
    """Versions of models. Every method raises Unavailable."""

    def champion(self, name: str) -> Pointer | None:
        """Return the champion of a model, also a withdrawn one, or None for an unknown model."""
        ...

    def restorable(self, name: str) -> tuple[int, int] | None:
        """Return the newest signed copy of an older version, and the number of its original, or None.

        The copy is above the champion and can be promoted. The original is one of the 20 newest versions below the
        champion. A pair that does not verify is skipped. None means that no pair is left.
        """
        ...

    def promote(self, name: str, version: int) -> Pointer:
        """Make a version the champion. A call for the present champion has no effect.

        Raises ModelRefused for a version that does not verify or is below the floor, InvalidInput if a gate fails, and
        NotFound for an unpublished one. Raises Conflict if another promotion came first.
        """
        ...
