"""X-Ray subsegments of AWS calls, as the X-Ray SDK records them for botocore's client."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import quote

from vigil.aws import credentials

Call = Callable[[str, dict[str, Any]], Any]
_SAFE = "-=;:+&[]{}\"',"
"""Characters that botocore does not quote in a trace header."""


class _Client(Protocol):
    """The part of a client that the X-Ray SDK reads."""

    meta: Any


def traced(client: _Client, name: str) -> Callable[[Call], Call]:
    """Return a decorator for a client's call function that records each call as an X-Ray subsegment.

    `name` is the endpoint prefix, such as `dynamodb`.
    """

    def wrap(call: Call) -> Call:
        def recorded(operation: str, arguments: dict[str, Any]) -> Any:
            from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 - only traced functions load the SDK
            from aws_xray_sdk.ext.boto_utils import aws_meta_processor  # noqa: PLC0415 - as above

            return xray_recorder.record_subsegment(
                call,
                client,
                (operation, arguments),
                {},
                name=name,
                namespace="aws",
                meta_processor=aws_meta_processor,
            )

        return recorded

    return wrap


def header_of_subsegment() -> str:
    """Return the trace header that names the current subsegment as the caller, or that of the invocation."""
    from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 - as above
    from aws_xray_sdk.core.exceptions.exceptions import SegmentNotFoundException  # noqa: PLC0415 - as above
    from aws_xray_sdk.ext.util import inject_trace_header  # noqa: PLC0415 - as above

    headers: dict[str, str] = {}
    with suppress(SegmentNotFoundException):
        inject_trace_header(headers, xray_recorder.current_subsegment())
    return quote(headers.get("X-Amzn-Trace-Id", ""), safe=_SAFE) or header_of_invocation()


def header_of_invocation() -> str:
    """Return the trace header of the running invocation, by which AWS stops endless loops; empty outside of Lambda."""
    if not credentials.is_on_lambda() or not (found := os.environ.get("_X_AMZN_TRACE_ID")):
        return ""
    return quote(found, safe=_SAFE)


def is_enabled() -> bool:
    """Return True if the X-Ray SDK records: Powertools disables it outside of Lambda."""
    from aws_xray_sdk import global_sdk_config  # noqa: PLC0415 - as above

    return credentials.is_on_lambda() and bool(global_sdk_config.sdk_enabled())


def trace_botocore() -> None:
    """Patch botocore's clients so that the X-Ray SDK records their calls."""
    from aws_xray_sdk.core import patch  # noqa: PLC0415 - as above

    patch(["botocore"])
