"""Creates AWS clients whose timeouts fit inside a request and whose calls cost little CPU."""

from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from vigil.aws import tenant_guard
from vigil.runtime.settings import Settings

if TYPE_CHECKING:
    from botocore.session import Session

_created: WeakSet[Any] = WeakSet()


def create_client(settings: Settings, service: str) -> Any:
    """Return a client of an AWS service that makes at most two attempts per call and enforces the tenant guard.

    Timeouts come from the settings; botocore's own are 60 s. A fixed user agent and no parameter validation save a
    third of a call's CPU: botocore builds the agent twice per call, and the service validates the parameters itself.
    """
    from botocore.config import Config  # noqa: PLC0415 - a function without AWS clients does not pay for this import

    created = _session().create_client(
        service,
        config=Config(
            connect_timeout=settings.connect_timeout.total_seconds(),
            read_timeout=settings.read_timeout.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
            user_agent="vigil",
            parameter_validation=False,
            **(_s3_options(settings) if service == "s3" else {}),
        ),
    )
    tenant_guard.guard_client(created, shared_bucket=settings.get("packages_bucket", ""))
    _created.add(created)
    return created


def close_connections() -> None:
    """Close the open connections of every client. A client opens a new one for its next call."""
    for created in _created:
        created.close()


def reset_session() -> None:
    """Discard the shared session and the credentials cached in it."""
    _session.cache_clear()


@cache
def _session() -> "Session":
    """Return the session of all clients: botocore's, because boto3's also loads resources and transfers."""
    from botocore.session import get_session  # noqa: PLC0415 - as above

    return get_session()


def _s3_options(settings: Settings) -> dict[str, Any]:
    """Return the options that presigned URLs need.

    S3 accepts only version 4 signatures for objects encrypted under our own key. The virtual style puts the bucket into
    the signed host name; S3's global host would redirect to a regional host that the signature does not cover. The
    embedded stack has a single host, so it needs the path style.
    """
    style = "path" if settings.stage == "local" else "virtual"
    return {"signature_version": "s3v4", "s3": {"addressing_style": style}}
