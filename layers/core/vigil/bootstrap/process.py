"""What every function is wired with: configuration, clients, telemetry, the HTTP app and the queue worker."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from vigil.aws import clients
from vigil.runtime.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from vigil.aws.secrets import Secret
    from vigil.runtime.telemetry import Telemetry
    from vigil.web.cursors import Cursors
    from vigil.web.idempotency import ClaimStore
    from vigil.web.rate_limits import SharedRateLimiter
    from vigil.workers.queues import Message, ReceivedMessage
    from vigil.workers.worker_loop import Deadline


Handler = Callable[[Any, Any], Any]
Arguments = ParamSpec("Arguments")
Built = TypeVar("Built")

_forgettable: list[Callable[[], None]] = []


def once(factory: Callable[Arguments, Built]) -> Callable[Arguments, Built]:
    """Return a factory that builds one thing per process, on first use, and again when everything was forgotten."""
    kept = cache(factory)
    _forgettable.append(kept.cache_clear)
    return kept  # type: ignore[return-value]  # a cache asks for hashable arguments


def on_lambda(factory: Callable[[], Handler]) -> None:
    """Build a function's handler during Lambda's init phase, whose CPU is boosted and whose memory SnapStart keeps."""
    if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
        factory()


@once
def settings() -> Settings:
    """Return this function's configuration."""
    return Settings.from_env(os.environ)


def api(
    routers: "list[APIRouter]",
    media_types: tuple[str, ...] = ("application/json",),
    max_body_bytes: int | None = None,
    **state: Any,
) -> Handler:
    """Return the Lambda entry of an app with these routers; `state` is what their routes find in `app.state`."""
    from vigil.web.app import create_app, lambda_handler

    app = create_app(
        title="Vigil",
        routers=routers,
        telemetry=telemetry(),
        rate_limiter=admission(),
        max_body_bytes=max_body_bytes or settings().max_body_bytes,
        media_types=media_types,
        state={"tenant_domain": settings().tenant_domain, "clock": now, **state},
    )
    return lambda_handler(app, telemetry())


@once
def admission() -> "SharedRateLimiter":
    """Return what counts the requests of keys."""
    from vigil.web.rate_limits import DynamoRequestCounters, SharedRateLimiter

    return SharedRateLimiter(DynamoRequestCounters(client("dynamodb"), settings().limits_table), now)


def claims() -> "ClaimStore":
    """Return what remembers the answers of requests with an Idempotency-Key."""
    from vigil.web.idempotency_store import DynamoClaimStore

    return DynamoClaimStore(client("dynamodb"), settings().idempotency_table, settings().idempotency_window)


def cursors() -> "Cursors":
    """Return what seals the positions in lists."""
    from vigil.web.cursors import Cursors

    return Cursors(lambda: _cursor_secret().field("key"))


@once
def _cursor_secret() -> "Secret":
    from vigil.aws.secrets import Secret

    return Secret(client("secretsmanager"), settings().cursor_secret_arn)


def worker(work: "Callable[[Message, Deadline], None]", *read: "Callable[[ReceivedMessage], Message]") -> Handler:
    """Return the Lambda entry of a queue; `read` reads messages that are not in Vigil's own form."""
    from vigil.workers.queues import SqsQueue
    from vigil.workers.worker_loop import Worker

    quarantine = SqsQueue(client("sqs"), settings().dead_letters)
    return telemetry().wrap(Worker(work, telemetry(), quarantine, *read).handle)


@once
def telemetry() -> "Telemetry":
    """Return this function's logs, metrics and traces."""
    from vigil.runtime.telemetry import Telemetry

    return Telemetry(settings().service, traced=settings().traced)


@once
def client(service: str) -> Any:
    """Return the client of an AWS service."""
    return clients.create_client(settings(), service)


def now() -> datetime:
    """Return the time, for whatever needs a clock."""
    return datetime.now(UTC)


def forget() -> None:
    """Drop everything that was built, for a process whose environment has changed: the command line, or a test."""
    for clear in _forgettable:
        clear()
    clients.reset_session()
