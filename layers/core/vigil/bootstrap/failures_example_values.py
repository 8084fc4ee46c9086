"""Example values of failures for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

_FUNCTION = "vigil-prod-scoring-api"
_NOW, _EARLIER = "2026-11-21T05:00:00.000000Z", "2026-11-21T04:58:00.000000Z"
_GROUP: Mapping[str, Any] = {
    "id": "0123456789abcdef01234567",
    "kind": "exception",
    "state": "open",
    "title": "Unavailable from ClientError in vigil.aws.tables:Table.call",
    "problem": "unavailable",
    "aws_code": "ThrottlingException",
    "functions": {_FUNCTION: 41},
    "first_seen": _EARLIER,
    "last_seen": _NOW,
    "count": 12,
    "generation": 1,
    "frequent": True,
    "regressed_at": None,
    "resolved_at": None,
    "fixed_in": {},
    "changed_at": None,
    "changed_by": None,
}
_DETAIL: Mapping[str, Any] = {
    "classes": ["Unavailable", "ClientError"],
    "frames": ["vigil.decisions.scoring.service:Scoring.score", "vigil.aws.tables:Table.call"],
}
_OCCURRENCE: Mapping[str, Any] = {
    "at": _NOW,
    "function": _FUNCTION,
    "function_version": 41,
    "request_id": "0000000a-0000-4000-8000-000000000002",
    "correlation_id": "0000000a-0000-4000-8000-000000000001",
    "tenant_id": "north-clinic",
    "route": "/v1/scores",
    "problem": "unavailable",
}
VALUES: Mapping[str, Any] = {
    **{f"FailureView.{name}": value for name, value in _GROUP.items()},
    **{f"FailureDetail.{name}": value for name, value in {**_GROUP, **_DETAIL}.items()},
    **{f"OccurrenceView.{name}": value for name, value in _OCCURRENCE.items()},
}
"""Values of the fields of answers, by schema and field."""
