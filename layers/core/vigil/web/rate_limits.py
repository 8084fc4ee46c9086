"""Rate limits per minute and per hour: the key limit in one conditional update, the tenant limit from leases.

The quota of predictions per month belongs to the tenant and is enforced by `vigil.access.quota`.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.errors import RateLimited, Unavailable
from vigil.kernel.tenants import Limits, Rates
from vigil.kernel.values import value
from vigil.runtime import telemetry
from vigil.runtime.ttl_cache import TtlCache
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import HOUR, TENANT, Headers, RequestCounts, headers
from vigil.web.rate_limit_items import counts_of, hour_name, minute_name
from vigil.web.request_leases import TenantLimiter

MAX_CACHED_REJECTIONS = 1_024
"""Maximum rejected API keys cached per process."""
_PAUSE_SECONDS = 5.0
_RETENTION_SECONDS = 10 * 86_400
"""Retention of counters after their hour, in seconds. Audits compare a tenant's usage of up to a week ago with them."""


@value
class CountedRequest:
    """An admitted request and the rate limit headers of its response; no headers if it could not be counted."""

    headers: Headers = ()


class RateLimiter(Protocol):
    """Enforces the rate limits of API keys and tenants."""

    def count(self, caller: Principal) -> CountedRequest:
        """Count a request; raise RateLimited if the key or its tenant has no requests left."""
        ...


class RequestCounters(Protocol):
    """The request counters of all API keys."""

    def count(self, caller: Principal, now: datetime) -> tuple[bool, RequestCounts]:
        """Count one request if both windows allow it. Return whether they do, and the counts. Raises Unavailable."""
        ...

    def undo(self, caller: Principal, now: datetime) -> None:
        """Take back a request that was counted at `now`, once. Raises Unavailable."""
        ...


class SharedRateLimiter:
    """Enforces rate limits by counters that all processes share. Rejections are cached.

    A refused request counts for neither limit: requests of the tenant are leased only for an admitted request of the
    key, and the key's count is taken back if the tenant has none left. While the counters are unavailable, every
    request is admitted without headers, and the counters are not called for five seconds. Rate limits serve fairness,
    and API Gateway's throttle still applies, so an outage of the counters must not become an outage of the service.
    """

    def __init__(self, counters: RequestCounters, tenants: TenantLimiter, clock: Callable[[], datetime]) -> None:
        self._counters = counters
        self._tenants = tenants
        self._clock = clock
        self._rejected: TtlCache[tuple[str, str, Rates], RequestCounts] = TtlCache(
            timedelta(hours=1), clock, MAX_CACHED_REJECTIONS
        )
        self._unavailable_until = 0.0

    def count(self, caller: Principal) -> CountedRequest:
        """Count a request; raise RateLimited if the key or its tenant has no requests left."""
        moment = self._clock()
        self._raise_cached_rejection(caller, moment.timestamp())
        if moment.timestamp() < self._unavailable_until:
            return _admit_unchecked()
        try:
            return self._count(caller, moment)
        except Unavailable:
            self._unavailable_until = moment.timestamp() + _PAUSE_SECONDS
            return _admit_unchecked()

    def _count(self, caller: Principal, now: datetime) -> CountedRequest:
        limits = caller.limits
        of_tenant = self._tenants.take(caller.tenant_id, now)
        is_admitted, of_key = self._counters.count(caller, now)
        if not is_admitted:
            if of_tenant:
                self._tenants.give_back(caller.tenant_id)
            self._rejected.put((caller.tenant_id, caller.key_id, limits.key_rates), of_key)
            raise _key_limited(of_key, limits)
        if of_tenant is None:
            is_admitted, of_tenant = self._tenants.lease(caller.tenant_id, limits.tenant_rates, now)
            if not is_admitted:
                with suppress(Unavailable):  # the count is then too high by one
                    self._counters.undo(caller, now)
                raise _tenant_limited(of_tenant, limits)
        return CountedRequest(headers(limits, of_key, of_tenant))

    def _raise_cached_rejection(self, caller: Principal, now: float) -> None:
        """Raise RateLimited if an earlier request was rejected and its window has not ended."""
        limits = caller.limits
        key = caller.tenant_id, caller.key_id, limits.key_rates
        if (of_key := self._rejected.get(key)) is not None:
            if of_key.at // HOUR == now // HOUR and of_key.at_time(now).exhausted_window(limits.key_rates):
                raise _key_limited(of_key.at_time(now), limits)
            self._rejected.discard(key)
        if of_tenant := self._tenants.cached_refusal(caller.tenant_id, limits.tenant_rates, now):
            raise _tenant_limited(of_tenant, limits)


def _key_limited(counts: RequestCounts, limits: Limits) -> RateLimited:
    exhausted = counts.exhausted_window(limits.key_rates)
    assert exhausted is not None  # noqa: S101 - a request is rejected only for an exhausted limit
    return RateLimited(*exhausted, headers(limits, of_key=counts))


def _tenant_limited(counts: RequestCounts, limits: Limits) -> RateLimited:
    exhausted = counts.exhausted_window(limits.tenant_rates)
    assert exhausted is not None  # noqa: S101 - see above
    window, seconds = exhausted
    return RateLimited(f"{TENANT}{window}", seconds, headers(limits, of_tenant=counts))


def _admit_unchecked() -> CountedRequest:
    telemetry.current.get().unchecked = True
    return CountedRequest()


class DynamoRequestCounters:
    """One item per API key and hour: `h` counts the hour, `m00` to `m59` its minutes. An item takes 1,000 writes/s.

    `pk = <tenant>#2026-11-21T05`, `sk = <key>`, so that one query returns a tenant's requests of an hour. If the
    connection of a call breaks, the client's second attempt counts the request again: the count is never too low.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def count(self, caller: Principal, now: datetime) -> tuple[bool, RequestCounts]:
        """Count one request if both windows allow it. Return whether they do, and the counts. Raises Unavailable."""
        minute, at, limits = minute_name(now), now.timestamp(), caller.limits
        try:
            answer = self._table.call(
                "update_item",
                Key=_primary_key(caller, now),
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
            return False, counts_of(failure.item, now)
        return True, counts_of(answer["Attributes"], now)

    def undo(self, caller: Principal, now: datetime) -> None:
        """Take back a request that was counted at `now`, once. Raises Unavailable.

        It is a transaction, because one that is sent twice with the same token has one effect.
        """
        change = {
            "Key": _primary_key(caller, now),
            "UpdateExpression": f"ADD h :less, {minute_name(now)} :less",
            "ExpressionAttributeValues": {":less": {"N": "-1"}},
        }
        self._table.transact({"Update": change}, token=uuid.uuid4().hex)


def _primary_key(caller: Principal, now: datetime) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{caller.tenant_id}#{hour_name(now)}"}, "sk": {"S": caller.key_id}}
