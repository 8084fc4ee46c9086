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
            # presigned addresses of objects under a key of ours are refused with S3's older signature
            signature_version="s3v4" if service == "s3" else None,
        ),
    )
