"""The one place where adapters are wired into services. Everything is built on first use, nothing at import."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from vigil.platform.settings import Settings

Handler = Callable[[Any, Any], Any]


@cache
def settings() -> Settings:
    """Return this function's configuration."""
    return Settings.from_env(os.environ)


@cache
def scoring_api() -> Handler:
    """Return the Lambda entry of the scoring API."""
    from vigil.operations import routes as health_routes
    from vigil.operations.service import Health
    from vigil.platform import docs
    from vigil.platform.cursor import Cursors
    from vigil.platform.http import create_app, lambda_handler
    from vigil.platform.secrets import Secret
    from vigil.platform.telemetry import Telemetry
    from vigil.registry import routes as registry_routes
    from vigil.scoring import routes as scoring_routes

    cursor_secret = Secret(_client("secretsmanager"), settings().cursor_secret_arn)
    telemetry = Telemetry("scoring-api")
    app = create_app(
        title="Vigil",
        routers=[scoring_routes.router, registry_routes.router, health_routes.router, docs.router],
        telemetry=telemetry,
        max_body_bytes=settings().max_body_bytes,
        state={
            "scoring": scoring(),
            "registry": registry(),
            "cursors": Cursors(lambda: cursor_secret.values()["key"].encode()),
            "health": Health({"registry": registry().warm, "ledger": lambda: scoring_ledger().get("health", "none")}),
        },
    )
    return lambda_handler(app, telemetry)


@cache
def authorizer() -> Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.platform.telemetry import Telemetry
    from vigil.tenancy.authorizer import Authorizer

    return Telemetry("tenancy-authorizer").wrap(Authorizer(access()))


@cache
def access() -> Any:
    """Return the service of tenants and keys."""
    from vigil.platform.secrets import Secret
    from vigil.tenancy.service import Access
    from vigil.tenancy.store import DynamoAccess, SecretPeppers

    config = settings()
    peppers = SecretPeppers(Secret(_client("secretsmanager"), config.access_secret_arn))
    return Access(DynamoAccess(_client("dynamodb"), config.access_table), peppers, config.stage, _now)


@cache
def scoring() -> Any:
    """Return the scoring service."""
    from vigil.features.service import Histories
    from vigil.scoring.service import Scoring

    return Scoring(registry(), Histories(), scoring_ledger(), _now, settings().idempotency_window)
