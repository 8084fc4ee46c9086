"""AWS clients with timeouts that fit inside a request."""

from typing import Any

from vigil.platform.settings import Settings


def client(settings: Settings, service: str) -> Any:
    """Return a boto3 client whose calls end within two attempts; botocore's own timeouts are 60 s."""
    import boto3  # noqa: PLC0415 - a function that needs no AWS client does not pay for its import
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        service,
        config=Config(
            connect_timeout=settings.connect_timeout.total_seconds(),
            read_timeout=settings.read_timeout.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
            **(_s3(settings) if service == "s3" else {}),
        ),
    )


def _s3(settings: Settings) -> dict[str, Any]:
    """Return what presigned addresses need: S3 refuses older signatures for objects under a key of ours.

    Without the virtual style they would name S3's global host, which redirects to others of a bucket's region, whose
    name was not signed. The embedded stack is one host for all.
    """
    style = "path" if settings.stage == "local" else "virtual"
    return {"signature_version": "s3v4", "s3": {"addressing_style": style}}
