"""The tenant limit: requests of all API keys of a tenant, leased by each process in blocks and counted in memory.

A lease of requests comes from one item per tenant and hour, so the requests of all processes never exceed the limit.
A warm request is counted without an AWS call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.kernel.tenants import Rates
from vigil.runtime.ttl_cache import TtlCache
from vigil.web.rate_limit_headers import HOUR, MINUTE, RequestCounts
from vigil.web.rate_limit_items import counts_of, hour_name, minute_name

FIRST_LEASE = 4
"""Requests of a process's first lease of a minute. Each further lease is twice as large."""
MAX_LEASE = 100
"""Maximum requests per lease."""
MAX_SHARE = 16
"""Divisor of the remaining requests: a lease takes at most one of 16 equal parts, and at least one request."""
MAX_TENANTS = 1_024
"""Maximum tenants with a lease per process. Unused requests of an evicted lease return when their window ends."""
_RETENTION_SECONDS = 86_400
"""Retention of an item after its hour, in seconds."""


class RequestLeases(Protocol):
    """The leased requests of all tenants."""

    def lease(
        self, tenant_id: str, rates: Rates, now: datetime, *, minute: int, hour: int
    ) -> tuple[bool, RequestCounts]:
        """Lease `minute` and `hour` requests only if both windows have them left.

        Return True if they are leased, and the total of all processes' leased requests in both windows.
        Raises Unavailable.
        """
        ...


@dataclass(slots=True)
class _Lease:
    """Requests leased by this process; they may be used in the clock minute of `leased.at`."""

    leased: RequestCounts
    """Requests leased by all processes, as of this process's last lease."""
    size: int = 0
    left: int = 0
    """Unused requests of the minute and of the hour."""
    spare: int = 0
    """Unused requests of earlier minutes, which count in the hour only."""
    refused_at: Rates | None = None
    """The limit that refused a lease in this minute."""

    def counts(self, now: float) -> RequestCounts:
        """Return the requests that are not available to this process."""
        return RequestCounts(now, self.leased.minute - self.left, self.leased.hour - self.left - self.spare)

    def at_time(self, now: float) -> "_Lease":
        """Return this lease in the window of a moment: a new minute keeps requests of the hour, a new hour nothing."""
        if self.leased.at // MINUTE == now // MINUTE:
            return self
        if self.leased.at // HOUR == now // HOUR:
            return _Lease(RequestCounts(now, 0, self.leased.hour), spare=self.spare + self.left)
        return _Lease(RequestCounts(now, 0, 0))

    def next_size(self, rates: Rates) -> int:
        """Return the size of the next lease in requests."""
        share = min(self.counts(self.leased.at).left(rates)) // MAX_SHARE
        return max(1, min(self.size * 2 or FIRST_LEASE, share, MAX_LEASE))


class TenantLimiter:
    """Counts requests of tenants in this process. A refusal is cached until the minute ends or the limit changes."""

    def __init__(self, leases: RequestLeases, clock: Callable[[], datetime]) -> None:
        self._store = leases
        self._leases: TtlCache[str, _Lease] = TtlCache(timedelta(hours=1), clock, MAX_TENANTS)

    def cached_refusal(self, tenant_id: str, rates: Rates, now: float) -> RequestCounts | None:
        """Return the counts of an earlier refusal in this minute, or None."""
        lease = self._leases.get(tenant_id)
        is_refused = lease and lease.refused_at == rates and lease.leased.at // MINUTE == now // MINUTE
        return lease.counts(now) if lease and is_refused else None

    def take(self, tenant_id: str, now: datetime) -> RequestCounts | None:
        """Use one request that this process has leased; return None if it has none.

        Return the tenant's counts as of this process's last lease.
        """
        lease = self._lease_at(tenant_id, now)
        if not lease.left:
            return None
        lease.left -= 1
        return lease.counts(now.timestamp())

    def give_back(self, tenant_id: str) -> None:
        """Undo the last `take` of a tenant, because its request was refused."""
        if lease := self._leases.get(tenant_id):
            lease.left += 1

    def lease(self, tenant_id: str, rates: Rates, now: datetime) -> tuple[bool, RequestCounts]:
        """Lease requests and use the first. Return whether the limit allows it, and the tenant's counts.

        Raises Unavailable.
        """
        lease = self._renew(self._lease_at(tenant_id, now), tenant_id, rates, now)
        self._leases.put(tenant_id, lease)
        if is_leased := lease.left > 0:
            lease.left -= 1
        return is_leased, lease.counts(now.timestamp())

    def _lease_at(self, tenant_id: str, now: datetime) -> _Lease:
        """Return the lease of this process in the window of a moment; changes of `left` are stored."""
        moment = now.timestamp()
        stored = self._leases.get(tenant_id) or _Lease(RequestCounts(moment, 0, 0))
        if (lease := stored.at_time(moment)) is not stored:
            self._leases.put(tenant_id, lease)
        return lease

    def _renew(self, lease: _Lease, tenant_id: str, rates: Rates, now: datetime) -> _Lease:
        """Return the next lease of a process without requests. A second try for one request decides a refusal."""
        size = lease.next_size(rates)
        is_granted, leased, spent = self._lease(tenant_id, rates, now, size, lease.spare)
        if not is_granted and size > 1:
            size = 1
            is_granted, leased, spent = self._lease(tenant_id, rates, now, size, lease.spare)
        if not is_granted:
            return _Lease(leased, spare=lease.spare, refused_at=rates)
        return _Lease(leased, size, left=size, spare=lease.spare - spent)

    def _lease(
        self, tenant_id: str, rates: Rates, now: datetime, size: int, spare: int
    ) -> tuple[bool, RequestCounts, int]:
        """Lease from the store. Spare requests are used first, because they are counted in the hour already."""
        spent = min(size, spare)
        return *self._store.lease(tenant_id, rates, now, minute=size, hour=size - spent), spent


class DynamoRequestLeases:
    """One item per tenant and hour: `h` counts leased requests of the hour, `m00` to `m59` those of its minutes.

    `pk = <tenant>#2026-11-21T05#LEASES` is a partition of its own, so that the sum over a tenant's keys omits it. If
    the connection of a call breaks, the client's second attempt leases again: the count is never too low.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def lease(
        self, tenant_id: str, rates: Rates, now: datetime, *, minute: int, hour: int
    ) -> tuple[bool, RequestCounts]:
        """Lease `minute` and `hour` requests only if both windows have them left.

        Return True if they are leased, and the total of all processes' leased requests in both windows.
        Raises Unavailable.
        """
        name, at = minute_name(now), now.timestamp()
        conditions, values = [f"(attribute_not_exists({name}) OR {name} <= :last_minute)"], {}
        if hour:
            conditions.append("(attribute_not_exists(h) OR h <= :last_hour)")
            values[":last_hour"] = {"N": str(rates.per_hour - hour)}
        try:
            answer = self._table.call(
                "update_item",
                Key={"pk": {"S": f"{tenant_id}#{hour_name(now)}#LEASES"}, "sk": {"S": "TENANT"}},
                UpdateExpression=f"ADD h :hour, {name} :minute SET expires_at = :end",
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeValues=values
                | {
                    ":hour": {"N": str(hour)},
                    ":minute": {"N": str(minute)},
                    ":last_minute": {"N": str(rates.per_minute - minute)},
                    ":end": {"N": str(int(at // HOUR + 1) * HOUR + _RETENTION_SECONDS)},
                },
                ReturnValues="ALL_NEW",  # a sum that did not change is no updated value
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failure:
            return False, counts_of(failure.item, now)
        return True, counts_of(answer["Attributes"], now)
