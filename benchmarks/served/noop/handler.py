"""A function that does nothing: what is left is the round trip of the emulator and the runtime."""

from typing import Any


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Answer at once."""
    return {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": "{}"}
