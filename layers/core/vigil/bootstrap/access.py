"""Wires tenants, API keys, access tokens, feature flags and monthly quotas."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process, stores

if TYPE_CHECKING:
    from vigil.access.flags.service import Flags
    from vigil.access.keys.authenticate import Authenticator
    from vigil.access.keys.failed_sign_ins import FailedSignIns
    from vigil.access.keys.model import ApiKey
    from vigil.access.keys.service import ApiKeys
    from vigil.access.keys.store import DynamoKeys, SecretPeppers
    from vigil.access.quota.service import MonthlyQuota
    from vigil.access.tenants.model import Tenant
    from vigil.access.tenants.service import Tenants
    from vigil.access.tenants.store import DynamoTenants
    from vigil.access.tokens.oauth_model import Session
    from vigil.access.tokens.signing_keys_model import Issuer
    from vigil.access.tokens.signing_keys_store import DynamoSigningKeySet, SecretPrivateKeys
    from vigil.kernel.tenants import Limits


@process.entry("access_secret_arn", "access_table", "limits_table")
def tokens_authorizer() -> process.Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.access.tokens.authorizer import Authorizer, raise_unauthorized
    from vigil.access.tokens.credentials import CredentialAuthenticator
    from vigil.access.tokens.signing_keys_service import AccessTokenVerifier

    credentials = CredentialAuthenticator(authenticator(), AccessTokenVerifier(published_keys(), issuer(), process.now))
    authorizer = Authorizer(credentials, process.telemetry(), process.now)
    return raise_unauthorized(process.telemetry().wrap(authorizer.decide))


@process.entry(
    "access_secret_arn", "access_table", "cursor_secret_arn", "data_key_arn", "idempotency_table", "limits_table",
    "tenant_keys_table",
)  # fmt: skip
def tenants_api() -> process.Handler:
    """Return the Lambda entry of the API of tenants, keys and certificates of erasure."""
    from vigil.access.keys import routes as keys_routes
    from vigil.access.tenants import routes
    from vigil.privacy.erasure import routes as erasure_routes
    from vigil.privacy.erasure.service import Certificates

    return process.api(
        [routes.router, keys_routes.router, erasure_routes.router],
        tenants=tenants(),
        keys=keys(),
        certificates=Certificates(stores.tenant_erasures()),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry("access_secret_arn", "access_table", "event_bus", "limits_table", "signing_secret_arn")
def tokens_api() -> process.Handler:
    """Return the Lambda entry of the API of access tokens and of the keys that verify them."""
    from vigil.access.tokens import oauth_routes, signing_keys_routes
    from vigil.access.tokens.oauth_forms import FORM_MEDIA_TYPE
    from vigil.access.tokens.oauth_service import Sessions
    from vigil.access.tokens.oauth_store import DynamoSessions
    from vigil.access.tokens.signing_keys_service import AccessTokenSigner, published_jwks

    sessions = DynamoSessions(process.client("dynamodb"), process.settings().access_table)
    signer = AccessTokenSigner(_private_keys(), published_keys(), issuer(), process.now)
    return process.api(
        [oauth_routes.router, signing_keys_routes.router],
        media_types=(FORM_MEDIA_TYPE, "application/json"),
        max_body_bytes=16 * 1024,
        sessions=Sessions(authenticator(), signer, sessions, _peppers(), issuer(), process.now, _TokenUses()),
        published_keys=lambda: published_jwks(published_keys(), process.now),
    )


@process.entry("access_table", "signing_secret_arn")
def tokens_rotation() -> process.Handler:
    """Return the Lambda entry of the rotation of signing keys."""
    from vigil.access.tokens.signing_keys_rotation import SigningKeyRotation
    from vigil.access.tokens.signing_keys_steps import RotationSteps
    from vigil.access.tokens.signing_keys_store import SecretKeyVault

    secret = process.settings().signing_secret_arn
    vault = SecretKeyVault(process.client("secretsmanager"), secret)
    rotation = SigningKeyRotation(vault, published_keys(), issuer(), process.now)
    return process.telemetry().wrap(RotationSteps(rotation, process.telemetry(), secret).handle)


@process.entry("flags_table", "idempotency_table", "limits_table")
def flags_api() -> process.Handler:
    """Return the Lambda entry of the API of feature flags."""
    from vigil.access.flags import routes

    return process.api([routes.router, routes.evaluation_router], flags=flags(), claims=process.claims())


@process.once
def authenticator() -> "Authenticator":
    """Return the service that authenticates API keys."""
    from vigil.access.keys.authenticate import Authenticator, Caching

    settings = process.settings()
    return Authenticator(
        _tenants(),
        _keys(),
        _peppers(),
        settings.stage,
        process.now,
        _failed_sign_ins(),
        Caching(process.cache_reports(), settings.authorizer_cache),
    )


def _failed_sign_ins() -> "FailedSignIns":
    from vigil.access.keys.failed_sign_ins import FailedSignIns
    from vigil.access.keys.failed_sign_ins_store import DynamoFailureCounters

    def count_refusal() -> None:
        process.telemetry().log_event("SignInsRefused", failed=False, about=("limit", "failed-sign-ins"))

    counters = DynamoFailureCounters(process.client("dynamodb"), process.settings().limits_table)
    return FailedSignIns(counters, _peppers(), process.now, count_refusal)


@process.once
def tenants() -> "Tenants":
    """Return the service of tenants."""
    from vigil.access.tenants.service import Tenants

    return Tenants(_tenants(), process.now)


def limits_of(tenant_id: str) -> "Limits":
    """Return the limits of a tenant; raise NotFound."""
    return tenants().get(tenant_id).limits


@process.once
def keys() -> "ApiKeys":
    """Return the service of API keys."""
    from vigil.access.keys.service import ApiKeys

    return ApiKeys(_tenants(), _keys(), _peppers(), process.settings().stage, process.now)


@process.once
def flags() -> "Flags":
    """Return the service of feature flags."""
    from vigil.access.flags.service import Flags
    from vigil.access.flags.store import DynamoFlags, powertools_evaluator

    config = process.settings()
    store = DynamoFlags(process.client("dynamodb"), config.flags_table)
    return Flags(store, powertools_evaluator, config.stage, process.now, config.flags_ttl, process.cache_reports())


def quota() -> "MonthlyQuota":
    """Return the service that reserves predictions of a tenant's month for many rows at once."""
    from vigil.access.quota.service import MonthlyQuota

    return MonthlyQuota(stores.quota(), process.now)


def issuer() -> "Issuer":
    """Return the issuer and audience of access tokens of this deployment."""
    from vigil.access.tokens.signing_keys_model import Issuer

    return Issuer(process.settings().stage)


@process.once
def published_keys() -> "DynamoSigningKeySet":
    """Return the list of public keys that verify access tokens."""
    from vigil.access.tokens.signing_keys_store import DynamoSigningKeySet

    client, table = process.client("dynamodb"), process.settings().access_table
    return DynamoSigningKeySet(client, table, process.now, process.cache_reports())


def _tenants() -> "DynamoTenants":
    from vigil.access.tenants.store import DynamoTenants

    return DynamoTenants(stores.access_table(), lambda tenant_id: stores.tenant_keys().creation(tenant_id))


def _keys() -> "DynamoKeys":
    from vigil.access.keys.store import DynamoKeys

    return DynamoKeys(stores.access_table())


@process.once
def _peppers() -> "SecretPeppers":
    from vigil.access.keys.store import SecretPeppers

    return SecretPeppers(process.secret("access_secret_arn"))


def _private_keys() -> "SecretPrivateKeys":
    from vigil.access.tokens.signing_keys_store import SecretPrivateKeys

    return SecretPrivateKeys(process.secret("signing_secret_arn"))


class _TokenUses:
    def count_request(self, key: "ApiKey", tenant: "Tenant") -> None:
        """Count a request that no tokens_authorizer has checked against the limits of its key and tenant."""
        from vigil.web.principal import Principal

        process.rate_limiter().count(Principal(tenant.tenant_id, key.key_id, tenant.tier, key.role, tenant.limits))

    def report_reuse(self, session: "Session") -> None:
        """Publish the event of a token that was used twice. Without the bus, a metric counts the lost event."""
        from vigil.access.tokens.oauth_model import reused_event

        if stores.event_bus("vigil.access").publish([reused_event(session, process.now())]):
            process.telemetry().log_degradation("ReuseNotReported")
