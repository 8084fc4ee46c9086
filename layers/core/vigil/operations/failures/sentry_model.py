"""Envelopes of Sentry: one event for each finding, with names of code and ids only.

Format: https://develop.sentry.dev/sdk/foundations/transport/envelopes/ (framing),
https://develop.sentry.dev/sdk/foundations/transport/event-payloads/ (event), and
https://develop.sentry.dev/sdk/foundations/transport/authentication/ (header).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from vigil.operations.failures.groups_model import Finding, StoredFailure
from vigil.operations.failures.model import Signature

CONTENT_TYPE = "application/x-sentry-envelope"
_CLIENT = "vigil/1"
_PROTOCOL = 7
"""Version of Sentry's protocol."""


def auth_header(public_key: str) -> str:
    """Return the value of the header `X-Sentry-Auth` for the public key of a project."""
    return f"Sentry sentry_version={_PROTOCOL}, sentry_client={_CLIENT}, sentry_key={public_key}"


def to_envelope(failure: StoredFailure, finding: Finding, environment: str) -> bytes:
    """Return the envelope of a finding: a line of headers, a line of the item's headers, and the event."""
    event = to_event(failure, finding, environment)
    payload = _json(event)
    headers = {"event_id": event["event_id"]}
    item = {"type": "event", "content_type": "application/json", "length": len(payload)}
    return b"\n".join([_json(headers), _json(item), payload, b""])


def to_event(failure: StoredFailure, finding: Finding, environment: str) -> dict[str, Any]:
    """Return the event of a finding. Its id is the same in every attempt, so that Sentry drops repetitions."""
    group = failure.group
    last = next(iter(failure.latest), None)
    identity = f"{group.failure_id}.{finding.generation}.{finding.is_frequent}"
    tags = {
        "failure_id": group.failure_id,
        "finding": finding.name,
        "kind": group.signature.kind,
        "problem": group.signature.problem,
        "aws_code": group.signature.aws_code,
        "request_id": last.request_id if last else "",
        "correlation_id": last.correlation_id if last else "",
    }
    return {
        "event_id": hashlib.sha256(identity.encode()).hexdigest()[:32],
        "timestamp": finding.occurred_at,
        "platform": "python",
        "level": "error" if finding.is_frequent else "warning",
        "logger": "vigil",
        "server_name": finding.function,
        "release": f"{finding.function}@{finding.function_version}",
        "environment": environment,
        "fingerprint": [group.failure_id],
        "tags": {name: text for name, text in tags.items() if text},
        "exception": {"values": _exceptions(group.signature)},
    }


def _exceptions(signature: Signature) -> list[dict[str, Any]]:
    """Return the errors of a signature, the first cause first. Its frames belong to the last error."""
    found = [{"type": name} for name in reversed(signature.classes)] or [{"type": signature.kind}]
    frames = [frame.partition(":") for frame in signature.frames]
    trace = [{"module": module, "function": function, "in_app": True} for module, _, function in frames]
    return [*found[:-1], found[-1] | ({"stacktrace": {"frames": trace}} if trace else {})]


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
