"""Rate limits of an API key, per minute and per hour, enforced by one conditional update.

The quota of predictions per month belongs to the tenant and is enforced by `vigil.access.quota`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.errors import RateLimited, Unavailable
from vigil.kernel.tenants import Limits
from vigil.runtime import telemetry
from vigil.runtime.ttl_cache import TtlCache
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import HOUR, Headers, RequestCounts

MAX_CACHED_REJECTIONS = 1_024
"""Maximum rejected API keys cached per process."""
_PAUSE_SECONDS = 5.0
_RETENTION_SECONDS = 10 * 86_400
"""Retention of counters after their hour, in seconds. Audits compare a tenant's usage of up to a week ago with them."""


@dataclass(frozen=True, slots=True)
class CountedRequest:
    """An admitted request and the rate limit headers of its response; no headers if it could not be counted."""

    headers: Headers = ()


class RateLimiter(Protocol):
    """Enforces the rate limits of API keys."""

    def count(self, caller: Principal) -> CountedRequest:
        """Count a request; raise RateLimited if the key has no requests left."""
        ...


class RequestCounters(Protocol):
    """The request counters of all API keys."""

    def count(self, caller: Principal, now: datetime) -> tuple[bool, RequestCounts]:
        """Count one request if both limits allow it. Return whether they do, and the counts. Raises Unavailable."""
        ...


class SharedRateLimiter:
    """Enforces rate limits by counters that all instances share. Rejections are cached until their window ends.

    While the counters are unavailable, every request is admitted without headers, and the counters are not called for
    five seconds. Rate limits serve fairness, and API Gateway's throttle still applies, so an outage of the counters
    must not become an outage of the service.
    """

    def __init__(self, counters: RequestCounters, clock: Callable[[], datetime]) -> None:
        self._counters = counters
        self._clock = clock
        self._rejected: TtlCache[tuple[str, str, Limits], RequestCounts] = TtlCache(
            timedelta(hours=1), clock, MAX_CACHED_REJECTIONS
        )
        self._unavailable_until = 0.0

    def count(self, caller: Principal) -> CountedRequest:
        """Count a request; raise RateLimited if the key has no requests left."""
        moment, limits = self._clock(), caller.limits
        now, key = moment.timestamp(), (caller.tenant_id, caller.key_id, limits)
        if (counts := self._cached_rejection(key, now)) is not None:
            raise _rate_limited(counts, limits)
        if now < self._unavailable_until:
            return _admit_unchecked()
        try:
            is_admitted, counts = self._counters.count(caller, moment)
        except Unavailable:
            self._unavailable_until = now + _PAUSE_SECONDS
            return _admit_unchecked()
        if is_admitted:
            return CountedRequest(counts.headers(limits))
        self._rejected.put(key, counts)
        raise _rate_limited(counts, limits)

    def _cached_rejection(self, key: tuple[str, str, Limits], now: float) -> RequestCounts | None:
        """Return the counts of an earlier rejection if its window has not ended."""
        if (counts := self._rejected.get(key)) is None:
            return None
        if counts.at // HOUR == now // HOUR and (counts := counts.at_time(now)).exhausted_policy(key[2]):
            return counts
        self._rejected.discard(key)
        return None


def _rate_limited(counts: RequestCounts, limits: Limits) -> RateLimited:
    exhausted = counts.exhausted_policy(limits)
    assert exhausted is not None  # noqa: S101 - a request is rejected only for an exhausted limit
    return RateLimited(*exhausted, counts.headers(limits))


def _admit_unchecked() -> CountedRequest:
    telemetry.current.get().unchecked = True
    return CountedRequest()


class DynamoRequestCounters:
    """One item per API key and hour: `h` counts the hour, `m00` to `m59` its minutes. An item takes 1,000 writes/s.

    `pk = <tenant>#2026-11-21T05`, `sk = <key>`, so that one query returns a tenant's requests of an hour. If the answer
    of a call is lost, botocore's second attempt counts the request again: the count is never too low.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def count(self, caller: Principal, now: datetime) -> tuple[bool, RequestCounts]:
        """Count one request if both limits allow it. Return whether they do, and the counts. Raises Unavailable."""
        utc, at, limits = now.astimezone(UTC), now.timestamp(), caller.limits
        minute = f"m{utc:%M}"
        try:
            answer = self._table.call(
                "update_item",
                Key={"pk": {"S": f"{caller.tenant_id}#{utc:%Y-%m-%dT%H}"}, "sk": {"S": caller.key_id}},
                UpdateExpression=f"ADD h :one, {minute} :one SET expires_at = :end",
                ConditionExpression=(
                    f"(attribute_not_exists(h) OR h < :per_hour) "
                    f"AND (attribute_not_exists({minute}) OR {minute} < :per_minute)"
                ),
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":end": {"N": str(int(at // HOUR + 1) * HOUR + _RETENTION_SECONDS)},
                    ":per_hour": {"N": str(limits.per_hour)},
                    ":per_minute": {"N": str(limits.per_minute)},
                },
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failure:
            return False, _counts(failure.item, minute, at)
        return True, _counts(answer["Attributes"], minute, at)


def _counts(item: Mapping[str, Mapping[str, str]], minute: str, at: float) -> RequestCounts:
    count = {name: int(item[name]["N"]) for name in ("h", minute) if name in item}
    return RequestCounts(at, count.get(minute, 0), count.get("h", 0))
