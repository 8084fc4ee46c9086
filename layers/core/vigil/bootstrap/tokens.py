"""Wiring of access tokens and the keys that sign them."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process

if TYPE_CHECKING:
    from vigil.access.keys.model import ApiKey
    from vigil.access.tenants.model import Tenant
    from vigil.access.tokens.signing_keys_model import Issuer
    from vigil.access.tokens.signing_keys_store import DynamoSigningKeySet, SecretPrivateKeys


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of tokens."""
    from vigil.access.tokens import oauth_routes as session_routes
    from vigil.access.tokens import signing_keys_routes as token_routes
    from vigil.access.tokens.oauth_forms import FORM_MEDIA_TYPE
    from vigil.access.tokens.oauth_service import Sessions
    from vigil.access.tokens.oauth_store import DynamoSessions
    from vigil.access.tokens.signing_keys_service import AccessTokenSigner, published_jwks

    store = DynamoSessions(process.client("dynamodb"), process.settings().access_table)
    signer = AccessTokenSigner(_private_keys(), published_keys(), issuer(), process.now)
    return process.api(
        [session_routes.router, token_routes.router],
        media_types=(FORM_MEDIA_TYPE, "application/json"),
        max_body_bytes=16 * 1024,
        sessions=Sessions(access.service(), signer, store, access.peppers(), issuer(), process.now, _count),
        published_keys=lambda: published_jwks(published_keys(), process.now),
    )


@process.once
def rotation() -> process.Handler:
    """Return the Lambda entry of the rotation of signing keys."""
    from vigil.access.tokens.signing_keys_rotation import SigningKeyRotation
    from vigil.access.tokens.signing_keys_steps import RotationSteps
    from vigil.access.tokens.signing_keys_store import SecretKeyVault

    secret = process.settings().signing_secret_arn
    turns = SigningKeyRotation(
        SecretKeyVault(process.client("secretsmanager"), secret), published_keys(), issuer(), process.now
    )
    return process.telemetry().wrap(RotationSteps(turns, process.telemetry(), secret).handle)


def issuer() -> "Issuer":
    """Return who issues and accepts access tokens here."""
    from vigil.access.tokens.signing_keys_model import Issuer

    return Issuer(process.settings().stage)


@process.once
def published_keys() -> "DynamoSigningKeySet":
    """Return the list of the public keys that verify access tokens."""
    from vigil.access.tokens.signing_keys_store import DynamoSigningKeySet

    return DynamoSigningKeySet(process.client("dynamodb"), process.settings().access_table, process.now)


def _count(key: "ApiKey", tenant: "Tenant") -> None:
    """Count a request of a key that no authorizer has seen."""
    from vigil.web.principal import Principal

    process.admission().count(Principal(tenant.tenant_id, key.key_id, tenant.tier, key.role, tenant.limits))


def _private_keys() -> "SecretPrivateKeys":
    from vigil.access.tokens.signing_keys_store import SecretPrivateKeys
    from vigil.aws.secrets import Secret

    return SecretPrivateKeys(Secret(process.client("secretsmanager"), process.settings().signing_secret_arn))
