"""The one place where adapters are wired into services. Everything is built on first use, nothing at import."""

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from vigil.platform import aws
from vigil.platform.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from vigil.lifecycle.service import Lifecycle
    from vigil.metering.store import DynamoUsage
    from vigil.outcomes.service import Outcomes
    from vigil.platform.cursor import Cursors
    from vigil.platform.secrets import Secret
    from vigil.platform.telemetry import Telemetry
    from vigil.quota.service import Quota
    from vigil.quota.store import DynamoQuota
    from vigil.registry.publishing import Publisher
    from vigil.registry.service import Registry, RegistryEvent
    from vigil.registry.signing import PublicKeys
    from vigil.registry.store import DynamoCatalogue, S3PackageStore
    from vigil.scoring.service import Scoring
    from vigil.scoring.store import DynamoLedger
    from vigil.tenancy.keys.service import Keys
    from vigil.tenancy.model import Limits
    from vigil.tenancy.offboarding.ports import Erasable
    from vigil.tenancy.offboarding.service import Certificates, Offboarding
    from vigil.tenancy.offboarding.store import DynamoErasures, KmsSeal
    from vigil.tenancy.service import Access
    from vigil.tenancy.store import AccessTable, DynamoKeys, DynamoTenants, SecretPeppers
    from vigil.tenancy.tenants import Tenants

Handler = Callable[[Any, Any], Any]


def on_lambda(factory: Callable[[], Handler]) -> None:
    """Build a function's handler during Lambda's init phase, whose CPU is boosted and whose memory SnapStart keeps."""
    if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
        factory()


@cache
def settings() -> Settings:
    """Return this function's configuration."""
    return Settings.from_env(os.environ)


@cache
def scoring_api() -> Handler:
    """Return the Lambda entry of the scoring API, its models loaded."""
    from vigil.features.service import feature_set
    from vigil.operations import routes as health_routes
    from vigil.operations.service import Health
    from vigil.platform import docs
    from vigil.registry import routes as registry_routes
    from vigil.scoring import routes as scoring_routes

    models = registry()
    models.preload()
    return _api(
        [scoring_routes.router, registry_routes.router, health_routes.router, docs.router],
        scoring=scoring(),
        registry=models,
        history_schema=lambda name: feature_set(name).schema(),
        cursors=_cursors(),
        health=Health({"models": models.check, "ledger": _ledger().check}),
        documented=_documented,
    )


@cache
def outcomes_api() -> Handler:
    """Return the Lambda entry of the outcomes API."""
    from vigil.outcomes import routes

    return _api([routes.router], outcomes=outcomes(), cursors=_cursors())


@cache
def lifecycle_api() -> Handler:
    """Return the Lambda entry of the API of versions, promotions and comparisons."""
    from vigil.lifecycle import routes

    return _api([routes.router], lifecycle=lifecycle(publisher(_pinned())))


@cache
def scoring_events() -> Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.events.service import Announcer
    from vigil.events.store import EventBridgeBus
    from vigil.events.stream import DecisionStream

    announcer = Announcer(EventBridgeBus(_client("events"), settings().event_bus))
    return _telemetry().wrap(DecisionStream(announcer, _telemetry()).handle)


@cache
def metering_api() -> Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.metering import routes
    from vigil.metering.service import Usage

    return _api([routes.router], usage=Usage(_usage()), limits_of=_limits_of)


@cache
def metering_counters() -> Handler:
    """Return the Lambda entry that counts what the decisions table's stream brings."""
    from vigil.metering.service import Meter
    from vigil.metering.stream import DecisionCounts

    return _telemetry().wrap(DecisionCounts(Meter(_usage()), _telemetry()).handle)


@cache
def metering_audit() -> Handler:
    """Return the Lambda entry of the schedules that recount yesterday and bring in the calls of past hours."""
    from vigil.metering.audit import Audit
    from vigil.metering.schedule import AuditSchedule
    from vigil.metering.store import DynamoCalls

    calls = DynamoCalls(_client("dynamodb"), settings().limits_table)
    audit = Audit(tenants().ids, _ledger(), _usage(), calls, _now)
    return _telemetry().wrap(AuditSchedule(audit, _telemetry()).handle)


@cache
def authorizer() -> Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.tenancy.authorizer import Authorizer, refusing

    return refusing(_telemetry().wrap(Authorizer(access(), _telemetry()).decide))


@cache
def tenancy_api() -> Handler:
    """Return the Lambda entry of the API of tenants and keys."""
    from vigil.tenancy import routes
    from vigil.tenancy.keys import routes as keys_routes
    from vigil.tenancy.offboarding import routes as offboarding_routes

    routers = [routes.router, keys_routes.router, offboarding_routes.router]
    return _api(routers, tenants=tenants(), keys=keys(), certificates=certificates(), cursors=_cursors())


@cache
def tenancy_offboarding() -> Handler:
    """Return the Lambda entry of the erasure of tenants that leave."""
    from vigil.tenancy.offboarding.schedule import Erasing

    return _telemetry().wrap(Erasing(offboarding(), _telemetry()).handle)


@cache
def access() -> "Access":
    """Return the service that knows who is behind a credential."""
    from vigil.tenancy.service import Access

    return Access(_tenants(), _keys(), _peppers(), settings().stage, _now)


@cache
def tenants() -> "Tenants":
    """Return the service of tenants."""
    from vigil.tenancy.tenants import Tenants

    return Tenants(_tenants(), _now)


@cache
def keys() -> "Keys":
    """Return the service of API keys."""
    from vigil.tenancy.keys.service import Keys

    return Keys(_tenants(), _keys(), _peppers(), settings().stage, _now)


def certificates() -> "Certificates":
    """Return the service of certificates of erasure."""
    from vigil.tenancy.offboarding.service import Certificates

    return Certificates(_erasures())


def offboarding() -> "Offboarding":
    """Return the service that erases what tenants owned."""
    from vigil.tenancy.offboarding.service import Offboarding

    config = settings()
    return Offboarding(_erasures(), _erasables(), seal(), config.stage, _now, config.offboarding_pause)


def seal() -> "KmsSeal":
    """Return what signs certificates, and verifies them."""
    from vigil.tenancy.offboarding.store import KmsSeal

    return KmsSeal(_client("kms"), settings().certificate_key_arn)


@cache
def scoring() -> "Scoring":
    """Return the scoring service."""
    from vigil.features.service import feature_set
    from vigil.scoring.service import Scoring

    return Scoring(registry(), feature_set, _ledger(), _now, settings().idempotency_window)


@cache
def registry() -> "Registry":
    """Return the models of this process."""
    from vigil.engines.loading import load
    from vigil.registry.package import Verifier
    from vigil.registry.service import Registry

    return Registry(
        _packages(),
        _catalogue(),
        Verifier(_pinned(), load, settings().model_floors),
        clock=_now,
        observe=_observe,
    )


def publisher(keys: "PublicKeys") -> "Publisher":
    """Return what publishes and promotes packages signed by one of these keys; for operators."""
    from vigil.engines.loading import load
    from vigil.registry.package import Verifier
    from vigil.registry.publishing import Publisher

    return Publisher(_packages(), _catalogue(), Verifier(keys, load, settings().model_floors), _now)


def lifecycle(versions: "Publisher") -> "Lifecycle":
    """Return the life cycle of the models that a publisher knows."""
    from vigil.lifecycle.service import Lifecycle
    from vigil.lifecycle.store import DynamoComparisons

    return Lifecycle(versions, DynamoComparisons(_client("dynamodb"), settings().decisions_table))


def quota() -> "Quota":
    """Return what sets predictions aside for many rows at once."""
    from vigil.quota.service import Quota

    return Quota(_quotas(), _now)


@cache
def outcomes() -> "Outcomes":
    """Return the service of outcomes."""
    from vigil.outcomes.service import Outcomes
    from vigil.outcomes.store import DynamoOutcomes

    return Outcomes(_ledger(), DynamoOutcomes(_client("dynamodb"), settings().outcomes_table), _now)


def _erasables() -> "dict[str, Erasable]":
    """Return every store that keeps what tenants own, in the order of their erasure. Packages are the deployment's."""
    from vigil.tenancy.offboarding.contents.store import Listed, Scattered

    config, dynamodb = settings(), _client("dynamodb")
    return {
        # A key is found by its own id, before anybody knows the tenant.
        "keys": Listed(dynamodb, config.access_table, index="by_tenant", attribute="list_pk", led=False),
        "decisions": Listed(dynamodb, config.decisions_table, ("pk",), index="by_tenant", attribute="tenant_pk"),
        # A report that was cut short is in no list.
        "outcomes": Scattered(dynamodb, config.outcomes_table),
        # In this order: what is counted of requests is brought into the usage.
        "limits": Scattered(dynamodb, config.limits_table, ("pk",)),
        "usage": Scattered(dynamodb, config.usage_table),
    }


@cache
def _access_table() -> "AccessTable":
    from vigil.tenancy.store import AccessTable

    return AccessTable(_client("dynamodb"), settings().access_table)


def _tenants() -> "DynamoTenants":
    from vigil.tenancy.store import DynamoTenants

    return DynamoTenants(_access_table())


def _keys() -> "DynamoKeys":
    from vigil.tenancy.store import DynamoKeys

    return DynamoKeys(_access_table())


def _erasures() -> "DynamoErasures":
    from vigil.tenancy.offboarding.store import DynamoErasures

    return DynamoErasures(_access_table())


@cache
def _peppers() -> "SecretPeppers":
    from vigil.platform.secrets import Secret
    from vigil.tenancy.store import SecretPeppers

    return SecretPeppers(Secret(_client("secretsmanager"), settings().access_secret_arn))


def _api(routers: "list[APIRouter]", **state: Any) -> Handler:
    from vigil.platform.admission import DynamoCounters, Limiter
    from vigil.platform.http import create_app, lambda_handler

    app = create_app(
        title="Vigil",
        routers=routers,
        telemetry=_telemetry(),
        admission=Limiter(DynamoCounters(_client("dynamodb"), settings().limits_table), _now),
        max_body_bytes=settings().max_body_bytes,
        state={"tenant_domain": settings().tenant_domain, **state},
    )
    return lambda_handler(app, _telemetry())


def _limits_of(tenant_id: str) -> "Limits":
    """Return what holds for any tenant; raise NotFound."""
    return tenants().get(tenant_id).limits


def _documented() -> "list[APIRouter]":
    """Return the routers of the other functions behind the same address; only the OpenAPI document needs them."""
    from vigil.lifecycle import routes as lifecycle_routes
    from vigil.metering import routes as metering_routes
    from vigil.outcomes import routes as outcomes_routes
    from vigil.tenancy import routes as tenants_routes
    from vigil.tenancy.keys import routes as keys_routes
    from vigil.tenancy.offboarding import routes as offboarding_routes

    tenancy = [tenants_routes.router, keys_routes.router, offboarding_routes.router]
    return [lifecycle_routes.router, outcomes_routes.router, metering_routes.router, *tenancy]


def _cursors() -> "Cursors":
    from vigil.platform.cursor import Cursors

    return Cursors(lambda: _cursor_secret().field("key"))


@cache
def _cursor_secret() -> "Secret":
    from vigil.platform.secrets import Secret

    return Secret(_client("secretsmanager"), settings().cursor_secret_arn)


def _pinned() -> "PublicKeys":
    return {key_id: base64.b64decode(key) for key_id, key in settings().model_keys.items()}


@cache
def _packages() -> "S3PackageStore":
    from vigil.registry.store import S3PackageStore

    return S3PackageStore(_client("s3"), settings().packages_bucket)


@cache
def _catalogue() -> "DynamoCatalogue":
    from vigil.registry.store import DynamoCatalogue

    return DynamoCatalogue(_client("dynamodb"), settings().registry_table)


@cache
def _ledger() -> "DynamoLedger":
    from vigil.scoring.store import DynamoLedger

    return DynamoLedger(_client("dynamodb"), settings().decisions_table, _quotas())


@cache
def _quotas() -> "DynamoQuota":
    from vigil.quota.store import DynamoQuota

    return DynamoQuota(_client("dynamodb"), settings().usage_table, _now)


@cache
def _usage() -> "DynamoUsage":
    from vigil.metering.store import DynamoUsage

    return DynamoUsage(_client("dynamodb"), settings().usage_table)


@cache
def _telemetry() -> "Telemetry":
    from vigil.platform.telemetry import Telemetry

    return Telemetry(settings().service, traced=settings().traced)


def _observe(event: "RegistryEvent") -> None:
    failed = event.kind != "model_loaded"
    _telemetry().event(event.kind, failed=failed, model=event.name, version=event.version, reason=event.reason)


@cache
def _client(service: str) -> Any:
    return aws.client(settings(), service)


def _now() -> datetime:
    return datetime.now(UTC)


def forget() -> None:
    """Drop everything that was built, for a process whose environment has changed: the command line, or a test."""
    for value in list(globals().values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()
    aws.forget()
