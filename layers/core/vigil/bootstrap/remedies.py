"""Wires the actions of runbooks to the services that they use."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, breakers, operations, prediction, process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vigil.access.flags.model import Flag
    from vigil.access.tenants.model import Tenant
    from vigil.operations.incidents.steps_model import Action
    from vigil.operations.remedies.functions_service import IntakePause
    from vigil.operations.remedies.functions_store import LambdaFunctions
    from vigil.operations.remedies.ports import KeyRotation, Remedy
    from vigil.prediction.packages.ports import Pointer

NEEDS = (
    *breakers.NEEDS,
    *("access_secret_arn", "access_table", "flags_table", "incidents_table", "model_keys", "packages_bucket"),
    *("registry_table", "signing_secret_arn"),
)
"""Settings that a function with these actions cannot start without."""


@process.once
def actions() -> "Mapping[str, Action]":
    """Return the actions of the runbooks by name."""
    from vigil.operations.remedies import access_service as credentials
    from vigil.operations.remedies.champion_service import ChampionRestored
    from vigil.operations.remedies.circuits_service import CircuitOpening
    from vigil.operations.remedies.functions_service import FunctionRollback
    from vigil.operations.remedies.plans_store import DynamoLeftVersions, DynamoPlans
    from vigil.operations.remedies.service import PlannedAction

    dynamodb, table = process.client("dynamodb"), process.settings().incidents_table
    plans = DynamoPlans(dynamodb, table, process.now)
    remedies: dict[str, Remedy] = {
        "function_back_one_version": FunctionRollback(functions(), DynamoLeftVersions(dynamodb, table)),
        "champion_to_last_good": ChampionRestored(_ModelVersions()),
        "circuit_open": CircuitOpening(operations.circuits()),
        "flag_off": credentials.FlagOff(_FlagSwitch()),
        "intake_paused": intake(),
        "keys_revoked": credentials.KeysRevoked(access.keys()),
        "tenant_suspended": credentials.TenantSuspension(_TenantSwitch()),
        "signing_keys_rotated": credentials.SigningKeysRotated(_rotation()),
    }
    return {name: PlannedAction(remedy, plans) for name, remedy in remedies.items()}


@process.once
def functions() -> "LambdaFunctions":
    """Return the functions of this stack in Lambda."""
    from vigil.operations.remedies.functions_store import LambdaFunctions

    return LambdaFunctions(process.client("lambda"), process.settings().stack_name)


def intake() -> "IntakePause":
    """Return the pause of the intake of batches, and its end."""
    from vigil.operations.remedies.functions_service import IntakePause

    return IntakePause(functions())


def _rotation() -> "KeyRotation":
    """Return the rotation of signing keys. Only on AWS does Secrets Manager call the function of the rotation."""
    from vigil.operations.remedies.functions_store import InvokedRotation, SecretsManagerRotation

    secret = process.settings().signing_secret_arn
    if process.settings().stage == "local":
        return InvokedRotation(functions(), secret)
    return SecretsManagerRotation(process.client("secretsmanager"), secret)


class _FlagSwitch:
    def find(self, name: str) -> "Flag | None":
        """Return the stored definition of a flag, or None for an unknown name. Raises Unavailable."""
        return access.flags().current().find(name)

    def replace(self, seen: "Flag", new: "Flag", by: str) -> None:
        """Replace the definition of a flag. Raises PreconditionFailed if the stored one is not `seen`.

        Raises Conflict if other changes of flags win the race in every attempt, and Unavailable.
        """
        from vigil.access.flags.service import Precondition

        access.flags().define(new, Precondition(tags=(seen.etag(),)), by)


class _TenantSwitch:
    def get(self, tenant_id: str) -> "Tenant":
        """Return a tenant. Raises NotFound and Unavailable."""
        return access.tenants().get(tenant_id)

    def suspend(self, tenant_id: str, version: int) -> None:
        """Suspend a tenant. Raises PreconditionFailed if the tenant has another version, and NotFound.

        Raises Conflict for a tenant that is leaving, and after lost races. Raises Unavailable.
        """
        from vigil.access.tenants.service import TenantChange

        access.tenants().change(tenant_id, TenantChange(status="suspended"), version)


class _ModelVersions:
    """Versions of models. Every method raises Unavailable."""

    def __init__(self) -> None:
        self._publisher = prediction.publisher(prediction.pinned_keys())

    def champion(self, name: str) -> "Pointer | None":
        """Return the champion of a model, also a withdrawn one, or None for an unknown model."""
        from vigil.prediction.packages.ports import CHAMPION

        return self._publisher.pointers(name).get(CHAMPION)

    def restorable(self, name: str) -> tuple[int, int] | None:
        """Return the newest signed copy of an older version, and the number of its original, or None."""
        return self._publisher.restorable(name)

    def promote(self, name: str, version: int) -> "Pointer":
        """Make a version the champion. A call for the present champion has no effect.

        Raises ModelRefused for a version that does not verify or is below the floor, InvalidInput if a gate fails, and
        NotFound for an unpublished one. Raises Conflict if another promotion came first.
        """
        return self._publisher.promote(name, version)
