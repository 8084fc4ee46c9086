"""AWS clients with timeouts that fit inside a request, and without work that no request of ours needs."""

from functools import cache
from typing import TYPE_CHECKING, Any

from vigil.platform.settings import Settings

if TYPE_CHECKING:
    from botocore.session import Session


def client(settings: Settings, service: str) -> Any:
    """Return a client whose calls end within two attempts; botocore's own timeouts are 60 s.

    A third of a call's CPU went to building the name of the client anew, twice, and to checking arguments that the
    service checks.
    """
    from botocore.config import Config  # noqa: PLC0415 - a function that needs no AWS client does not pay for its import

    return _session().create_client(
        service,
        config=Config(
            connect_timeout=settings.connect_timeout.total_seconds(),
            read_timeout=settings.read_timeout.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
            user_agent="vigil",
            parameter_validation=False,
        ),
    )


def forget() -> None:
    """Drop the shared session, which keeps the credentials that it found first."""
    _session.cache_clear()


@cache
def _session() -> "Session":
    """Return the session that clients share; boto3's would bring its resources and transfers along."""
    from botocore.session import get_session  # noqa: PLC0415 - as above

    return get_session()
