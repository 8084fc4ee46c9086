"""Names and counts of an item of the limits table: `h` counts an hour in UTC, `m00` to `m59` count its minutes."""

from collections.abc import Mapping
from datetime import UTC, datetime

from vigil.kernel.time import format_timestamp
from vigil.web.rate_limit_headers import RequestCounts


def hour_name(now: datetime) -> str:
    """Return the hour of a moment, for example `2026-11-21T05`."""
    return format_timestamp(now)[:13]


def minute_name(now: datetime) -> str:
    """Return the attribute of the minute of a moment, for example `m07`."""
    return f"m{now.astimezone(UTC).minute:02}"


def counts_of(item: Mapping[str, Mapping[str, str]], now: datetime) -> RequestCounts:
    """Return the counts of the minute and hour of a moment; an absent attribute is 0."""
    return RequestCounts(now.timestamp(), _number(item, minute_name(now)), _number(item, "h"))


def _number(item: Mapping[str, Mapping[str, str]], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
