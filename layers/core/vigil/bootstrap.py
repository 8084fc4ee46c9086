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

    from vigil.flags.service import Flags
    from vigil.lifecycle.service import Lifecycle
    from vigil.outcomes.service import Outcomes
    from vigil.platform.cursor import Cursors
    from vigil.platform.idempotency import Claims
    from vigil.platform.secrets import Secret
    from vigil.platform.telemetry import Telemetry
    from vigil.registry.publishing import Publisher
    from vigil.registry.service import Registry, RegistryEvent
    from vigil.registry.signing import PublicKeys
    from vigil.registry.store import DynamoCatalogue, S3PackageStore
    from vigil.scoring.service import Scoring
    from vigil.scoring.store import DynamoLedger
    from vigil.tenancy.service import Access

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
    flags().preload()
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

    return _api([routes.router], outcomes=outcomes(), cursors=_cursors(), claims=_claims())


@cache
def lifecycle_api() -> Handler:
    """Return the Lambda entry of the API of versions, promotions and comparisons."""
    from vigil.lifecycle import routes

    return _api([routes.router], lifecycle=lifecycle(publisher(_pinned())), claims=_claims())


@cache
def flags_api() -> Handler:
    """Return the Lambda entry of the API of feature flags."""
    from vigil.flags import routes

    return _api([routes.router], flags=flags(), claims=_claims())


@cache
def scoring_events() -> Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.events.service import Announcer
    from vigil.events.store import EventBridgeBus
    from vigil.events.stream import DecisionStream

    announcer = Announcer(EventBridgeBus(_client("events"), settings().event_bus))
    return _telemetry().wrap(DecisionStream(announcer, _telemetry()).handle)


@cache
def authorizer() -> Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.tenancy.authorizer import Authorizer, refusing

    return refusing(_telemetry().wrap(Authorizer(access(), _telemetry()).decide))


@cache
def access() -> "Access":
    """Return the service of tenants and keys."""
    from vigil.platform.secrets import Secret
    from vigil.tenancy.service import Access
    from vigil.tenancy.store import DynamoAccess, SecretPeppers

    config = settings()
    peppers = SecretPeppers(Secret(_client("secretsmanager"), config.access_secret_arn))
    return Access(DynamoAccess(_client("dynamodb"), config.access_table), peppers, config.stage, _now)


@cache
def scoring() -> "Scoring":
    """Return the scoring service."""
    from vigil.features.service import feature_set
    from vigil.scoring.service import Scoring

    return Scoring(registry(), feature_set, _ledger(), _now, settings().idempotency_window, flags().switches)


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


@cache
def outcomes() -> "Outcomes":
    """Return the service of outcomes."""
    from vigil.outcomes.service import Outcomes
    from vigil.outcomes.store import DynamoOutcomes

    return Outcomes(_ledger(), DynamoOutcomes(_client("dynamodb"), settings().outcomes_table), _now)


@cache
def flags() -> "Flags":
    """Return the feature flags of this process."""
    from vigil.flags.service import Flags
    from vigil.flags.store import DynamoFlags, engine

    config = settings()
    store = DynamoFlags(_client("dynamodb"), config.flags_table)
    return Flags(store, engine, config.stage, _now, config.flags_ttl, _telemetry().degraded)


def _api(routers: "list[APIRouter]", **state: Any) -> Handler:
    from vigil.platform.http import create_app, lambda_handler

    app = create_app(
        title="Vigil",
        routers=routers,
        telemetry=_telemetry(),
        max_body_bytes=settings().max_body_bytes,
        state=state,
    )
    return lambda_handler(app, _telemetry())


def _documented() -> "list[APIRouter]":
    """Return the routers of the other functions behind the same address; only the OpenAPI document needs them."""
    from vigil.flags import routes as flags_routes
    from vigil.lifecycle import routes as lifecycle_routes
    from vigil.outcomes import routes as outcomes_routes

    return [flags_routes.router, lifecycle_routes.router, outcomes_routes.router]


def _claims() -> "Claims":
    from vigil.platform.claims import DynamoClaims

    return DynamoClaims(_client("dynamodb"), settings().idempotency_table, settings().idempotency_window)


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

    return DynamoLedger(_client("dynamodb"), settings().decisions_table)


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
