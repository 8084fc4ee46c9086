"""No-op function: its time is the round trip of the emulator and the runtime."""

from typing import Any


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Return a constant response."""
    return {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": "{}"}
