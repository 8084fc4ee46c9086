"""Wiring of access tokens and the keys that sign them."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process

if TYPE_CHECKING:
    from vigil.tenancy.model import ApiKey, Tenant
    from vigil.tokens.model import Issuer
    from vigil.tokens.store import DynamoKeyList, SecretKeys


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of tokens."""
    from vigil.sessions import routes as session_routes
    from vigil.sessions.forms import FORM
    from vigil.sessions.service import Sessions
    from vigil.sessions.store import DynamoSessions
    from vigil.tokens import routes as token_routes
    from vigil.tokens.service import Signer, published

    store = DynamoSessions(process.client("dynamodb"), process.settings().access_table)
    signer = Signer(_private_keys(), published_keys(), issuer(), process.now)
    return process.api(
        [session_routes.router, token_routes.router],
        media_types=(FORM, "application/json"),
        max_body_bytes=16 * 1024,
        sessions=Sessions(access.service(), signer, store, access.peppers(), issuer(), process.now, _count),
        published_keys=lambda: published(published_keys(), process.now),
    )


@process.once
def rotation() -> process.Handler:
    """Return the Lambda entry of the rotation of signing keys."""
    from vigil.tokens.rotation import Rotation
    from vigil.tokens.steps import RotationSteps
    from vigil.tokens.store import SecretVault

    secret = process.settings().signing_secret_arn
    turns = Rotation(SecretVault(process.client("secretsmanager"), secret), published_keys(), issuer(), process.now)
    return process.telemetry().wrap(RotationSteps(turns, process.telemetry(), secret).take)


def issuer() -> "Issuer":
    """Return who issues and accepts access tokens here."""
    from vigil.tokens.model import Issuer

    return Issuer(process.settings().stage)


@process.once
def published_keys() -> "DynamoKeyList":
    """Return the list of the public keys that verify access tokens."""
    from vigil.tokens.store import DynamoKeyList

    return DynamoKeyList(process.client("dynamodb"), process.settings().access_table, process.now)


def _count(key: "ApiKey", tenant: "Tenant") -> None:
    """Count a request of a key that no authorizer has seen."""
    from vigil.platform.principal import Principal

    process.admission().admit(Principal(tenant.tenant_id, key.key_id, tenant.tier, key.role, tenant.limits))


def _private_keys() -> "SecretKeys":
    from vigil.platform.secrets import Secret
    from vigil.tokens.store import SecretKeys

    return SecretKeys(Secret(process.client("secretsmanager"), process.settings().signing_secret_arn))
