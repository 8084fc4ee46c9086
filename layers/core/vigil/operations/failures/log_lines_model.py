"""Failures in the entries of a log: the lines of Vigil's telemetry, and those of Lambda.

Every text is checked against the form of its field, so that only names of code and ids enter a failure.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vigil.kernel.time import format_timestamp
from vigil.operations.failures.model import Failure, LogBatch, LogEvent, Occurrence, Sighting, Signature
from vigil.operations.failures.platform_lines_model import read_platform_line

_MAX_LIST = 12
"""Maximum classes or frames of an error."""
_VERSION = re.compile(r"/\[([0-9]{1,12})\][0-9a-f]{1,64}")
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
_MAX_NAME = 140
"""Maximum length of the name of a function."""
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_FRAME = re.compile(r"[a-z_][A-Za-z0-9_.]{0,120}:[A-Za-z0-9_.<>]{1,120}")
_FORMS = {
    "function_request_id": re.compile(r"[0-9a-f-]{1,64}"),
    "correlation_id": re.compile(r"[0-9A-Za-z-]{1,64}"),
    "tenant_id": re.compile(r"[a-z0-9_-]{1,64}"),
    "route": re.compile(r"[A-Za-z0-9_./{}-]{1,120}"),
    "problem": re.compile(r"[a-z-]{1,60}"),
    "aws_code": re.compile(r"[A-Za-z0-9._-]{1,80}"),
}
"""Forms of the texts that a failure may contain, by field. A text of another form is left out."""


def read_batch(batch: LogBatch) -> list[Sighting]:
    """Return one sighting per group with failures in the batch, in the order of the first occurrences."""
    groups: dict[Signature, list[Occurrence]] = {}
    for event in batch.events:
        if failure := _failure(event.message, _place(batch, event)):
            groups.setdefault(failure.signature, []).append(failure.occurrence)
    return [Sighting(each, batch.batch_id, batch.stream, tuple(found)) for each, found in groups.items()]


def _failure(message: str, place: Occurrence) -> Failure | None:
    """Return the failure that an entry reports, or None.

    Each entry is judged alone, so that neither the order of entries nor their deliveries change a count. The telemetry
    reports the errors that a function handles, Lambda those that leave it.
    """
    if failure := _telemetry_failure(message, place):
        return failure
    if found := read_platform_line(message, place.function):
        signature, request_id = found
        return Failure(signature, _with_request(place, request_id))
    return None


def _place(batch: LogBatch, event: LogEvent) -> Occurrence:
    """Return time, function and version of an entry. The name of a stream has the version: `2026/11/30/[5]0a1b`."""
    moment = datetime.fromtimestamp(event.timestamp / 1000, UTC)
    version = _VERSION.search(batch.stream)
    function = _NO_NAME.sub("-", batch.group.rpartition("/")[2])[:_MAX_NAME]
    return Occurrence(format_timestamp(moment), function, int(version[1]) if version else 0)


def _with_request(place: Occurrence, request_id: str) -> Occurrence:
    return Occurrence(place.at, place.function, place.version, request_id)


def _telemetry_failure(message: str, place: Occurrence) -> Failure | None:
    """Return the failure of a line of the telemetry, or None if the line reports no error."""
    line = _parsed(message)
    origin = line.get("error_origin")
    if line.get("level") != "ERROR" or not isinstance(origin, dict):
        return None
    classes, frames = _names(origin, "classes", _CLASS), _names(origin, "frames", _FRAME)
    if not classes:
        return None
    problem = _text(line, "problem")
    signature = Signature("exception", classes, frames, _text(origin, "aws_code"), problem)
    occurrence = Occurrence(
        place.at,
        place.function,
        place.version,
        _text(line, "function_request_id"),
        _text(line, "correlation_id"),
        _text(line, "tenant_id"),
        _text(line, "route"),
        problem,
    )
    return Failure(signature, occurrence)


def _parsed(message: str) -> Mapping[str, Any]:
    """Return the JSON object of a line, or an empty one. Other lines are no failures, so no error is raised."""
    if not message.startswith("{"):
        return {}
    try:
        line = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) else {}


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and _FORMS[name].fullmatch(value) else ""


def _names(origin: Mapping[str, Any], name: str, form: re.Pattern[str]) -> tuple[str, ...]:
    """Return the names of a list that have their form."""
    values = origin.get(name)
    texts = values[:_MAX_LIST] if isinstance(values, list) else []
    return tuple(text for text in texts if isinstance(text, str) and form.fullmatch(text))
