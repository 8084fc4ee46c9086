"""AWS clients with timeouts that fit inside a request, and without work that no request of ours needs."""

from functools import cache
from typing import TYPE_CHECKING, Any

from vigil.aws import tenant_guard
from vigil.runtime.settings import Settings

if TYPE_CHECKING:
    from botocore.session import Session


def client(settings: Settings, service: str) -> Any:
    """Return a client whose calls end within two attempts; botocore's own timeouts are 60 s.

    Each keeps the boundary of the tenant that is served.

    A third of a call's CPU went to building the name of the client anew, twice, and to checking arguments that the
    service checks.
    """
    from botocore.config import Config  # noqa: PLC0415 - a function that needs no AWS client does not pay for its import

    made = _session().create_client(
        service,
        config=Config(
            connect_timeout=settings.connect_timeout.total_seconds(),
            read_timeout=settings.read_timeout.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
            user_agent="vigil",
            parameter_validation=False,
            **(_s3(settings) if service == "s3" else {}),
        ),
    )
    tenant_guard.guard(made, commons=settings.get("packages_bucket", ""))
    return made


def forget() -> None:
    """Drop the shared session, which keeps the credentials that it found first."""
    _session.cache_clear()


@cache
def _session() -> "Session":
    """Return the session that clients share; boto3's would bring its resources and transfers along."""
    from botocore.session import get_session  # noqa: PLC0415 - as above

    return get_session()


def _s3(settings: Settings) -> dict[str, Any]:
    """Return what presigned addresses need: S3 refuses older signatures for objects under a key of ours.

    Without the virtual style they would name S3's global host, which redirects to others of a bucket's region, whose
    name was not signed. The embedded stack is one host for all.
    """
    style = "path" if settings.stage == "local" else "virtual"
    return {"signature_version": "s3v4", "s3": {"addressing_style": style}}
