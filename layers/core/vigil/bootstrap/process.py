"""Parts that every function shares: settings, clients, telemetry, and the Lambda entries of apps, queues and sweeps."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from vigil.aws import clients
from vigil.errors import Unavailable
from vigil.runtime import snapshots, start_up
from vigil.runtime.settings import Settings
from vigil.runtime.unsafe_settings import weak_fields

if TYPE_CHECKING:
    from fastapi import APIRouter

    from vigil.aws.secrets import Secret
    from vigil.runtime.last_known_cache import CacheObserver
    from vigil.runtime.telemetry import Telemetry
    from vigil.web.cursors import Cursors
    from vigil.web.idempotency import ClaimStore
    from vigil.web.rate_limits import SharedRateLimiter
    from vigil.workers.queues import Message, ReceivedMessage
    from vigil.workers.sweeps.ports import SweepJob, TenantIds
    from vigil.workers.worker_loop import Deadline


Handler = Callable[[Any, Any], Any]
Arguments = ParamSpec("Arguments")
Built = TypeVar("Built")

_forgettable: list[Callable[[], None]] = []
_refreshes: list[Callable[[], None]] = []


def once(factory: Callable[Arguments, Built]) -> Callable[Arguments, Built]:
    """Return a factory that builds its result once per process, on first use, and again after `forget`."""
    cached = cache(factory)
    _forgettable.append(cached.cache_clear)
    return cached  # type: ignore[return-value]  # a cache requires hashable arguments


_NEEDS = ("stack_name",)
"""Settings that every function needs, because its metrics are those of its stack."""


class Entry:
    """Factory of a function's handler. It builds the handler once, and only in an environment without faults."""

    def __init__(self, build: Callable[[], Handler], needs: tuple[str, ...]) -> None:
        self.needs = (*_NEEDS, *needs)
        self._build = build
        self._handler = once(self._start)

    def __call__(self) -> Handler:
        """Return the handler; raise SettingsError that names all variables that are missing, malformed or unsafe."""
        return self._handler()

    def _start(self) -> Handler:
        start_up.check_environment(os.environ, self.needs)
        return self._build()


def entry(*needs: str) -> Callable[[Callable[[], Handler]], Entry]:
    """Return a decorator for the factory of a Lambda entry; `needs` names the settings that it cannot start without."""
    return lambda build: Entry(build, needs)


def on_lambda(start: Entry) -> None:
    """Build the handler during Lambda's init phase, which has a faster CPU and is part of the SnapStart snapshot."""
    if snapshots.VARIABLE in os.environ:
        start()
        snapshots.register_hooks(os.environ, clients.close_connections, _restore)


def refresh_after_restore(refresh: Callable[[], None]) -> None:
    """Call `refresh` after each restore from a snapshot, before the first request. It must not raise."""
    _refreshes.append(refresh)


def _restore() -> None:
    """Renew the connections that their servers have closed since the snapshot, and the data that has aged."""
    clients.close_connections()
    for refresh in _refreshes:
        refresh()


@once
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_env(os.environ)


def api(
    routers: "list[APIRouter]",
    media_types: tuple[str, ...] = ("application/json",),
    max_body_bytes: int | None = None,
    **state: Any,
) -> Handler:
    """Return the Lambda entry of an app with these routers; routes read `state` from `app.state`."""
    from vigil.web.app import create_app, lambda_handler

    app = create_app(
        title="Vigil",
        routers=routers,
        telemetry=telemetry(),
        rate_limiter=rate_limiter(),
        max_body_bytes=max_body_bytes or settings().max_body_bytes,
        media_types=media_types,
        state={"tenant_domain": settings().tenant_domain, "clock": now, **state},
    )
    return lambda_handler(app, telemetry())


@once
def openapi() -> dict[str, Any]:
    """Return the OpenAPI document. The core layer contains it; a source checkout creates it from the routers."""
    import json
    from importlib import resources

    built = resources.files("vigil").joinpath("openapi.json")
    if built.is_file():
        document: dict[str, Any] = json.loads(built.read_bytes())
        return document
    from vigil.bootstrap import routers

    return routers.document()


@once
def rate_limiter() -> "SharedRateLimiter":
    """Return the rate limiter of API keys and tenants."""
    from vigil.web.rate_limits import DynamoRequestCounters, SharedRateLimiter
    from vigil.web.request_leases import DynamoRequestLeases, TenantLimiter

    dynamodb, table = client("dynamodb"), settings().limits_table
    tenants = TenantLimiter(DynamoRequestLeases(dynamodb, table), now)
    return SharedRateLimiter(DynamoRequestCounters(dynamodb, table), tenants, now)


def claims() -> "ClaimStore":
    """Return the store of responses to requests with an Idempotency-Key."""
    from vigil.web.idempotency_store import DynamoClaimStore

    return DynamoClaimStore(client("dynamodb"), settings().idempotency_table, settings().idempotency_window)


def cursors() -> "Cursors":
    """Return the signer of list cursors."""
    from vigil.web.cursors import Cursors

    return Cursors(lambda: _cursor_secret().field("key"))


@once
def _cursor_secret() -> "Secret":
    return secret("cursor_secret_arn")


def secret(name: str) -> "Secret":
    """Return the secret whose ARN a setting names; its value is read and checked on first use."""
    from vigil.aws.secrets import Secret

    def check(fields: Mapping[str, str] | None) -> None:
        variable = Settings.variable(name)
        if fields is None:
            telemetry().log_event("UnsafeSecret", failed=True, about=("secret", variable), malformed=True)
            raise Unavailable(f"The secret of {variable} must be a JSON object whose fields are texts.")
        if settings().stage != start_up.LOCAL and (weak := weak_fields(fields)):
            telemetry().log_event("UnsafeSecret", failed=True, about=("secret", variable), weak_fields=weak)
            raise Unavailable(
                f"The secret of {variable} has fields that can be guessed. Generate them: at least 32 characters."
            )

    return Secret(client("secretsmanager"), getattr(settings(), name), now, cache_reports(), check)


class _CacheReports:
    """Reports of caches to the telemetry, which is built at the first report: commands run without it."""

    def log_failed_read(self, cache: str, *, has_value: bool) -> None:
        telemetry().log_failed_read(cache, has_value=has_value)

    def note_stale(self, cache: str) -> None:
        telemetry().note_stale(cache)


def cache_reports() -> "CacheObserver":
    """Return the observer of the caches of this process."""
    return _CacheReports()


def worker(
    work: "Callable[[Message, Deadline], None]",
    *read: "Callable[[ReceivedMessage], Message]",
    own_queue: str | None = None,
) -> Handler:
    """Return the Lambda entry of a queue; `read` parses messages that are not in Vigil's own form.

    `own_queue` is the URL of the queue itself, for work that may be postponed. Its function needs
    `RecursiveLoop: Allow` and the right to send to the queue.
    """
    from vigil.workers.queues import SqsQueue
    from vigil.workers.worker_loop import Worker

    quarantine = SqsQueue(client("sqs"), settings().dead_letters)
    queue = SqsQueue(client("sqs"), own_queue) if own_queue else None
    return telemetry().wrap(Worker(work, telemetry(), quarantine, *read, own_queue=queue).handle)


def sweep(name: str, job: "SweepJob", table: str, tenants: "TenantIds") -> Handler:
    """Return the Lambda entry of a schedule that runs a job for every tenant; `table` stores its progress."""
    from vigil.workers.sweeps.schedule import SweepSchedule
    from vigil.workers.sweeps.service import TenantSweep
    from vigil.workers.sweeps.store import DynamoCheckpointStore

    tenant_sweep = TenantSweep(tenants, job, DynamoCheckpointStore(client("dynamodb"), table, name), now)
    return telemetry().wrap(SweepSchedule(name, tenant_sweep, telemetry()).handle)


@once
def telemetry() -> "Telemetry":
    """Return the logs, metrics and traces of this function."""
    from vigil.runtime.telemetry import Telemetry

    return Telemetry(settings().service, traced=settings().traced, namespace=settings().metric_namespace)


@once
def client(service: str) -> Any:
    """Return the client of an AWS service."""
    return clients.create_client(settings(), service)


@once
def object_client(bucket: str) -> Any:
    """Return a client that reads whole objects of a bucket without botocore; its other calls use `client("s3")`."""
    return clients.create_object_client(settings(), bucket, lambda: client("s3"))


def now() -> datetime:
    """Return the current time in UTC, the clock of every service."""
    return datetime.now(UTC)


def forget() -> None:
    """Drop every object that was built. The command line and tests call this after they change the environment."""
    for clear in _forgettable:
        clear()
    _refreshes.clear()
    clients.reset_session()
