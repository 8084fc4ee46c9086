"""The response headers of rate limits (draft-ietf-httpapi-ratelimit-headers-11), as pure values."""

import math
from functools import lru_cache

from vigil.kernel.tenants import Limits, Rates
from vigil.kernel.values import value

MINUTE = 60
HOUR = 3600
TENANT = "tenant-"
"""Prefix of the names of both windows of the tenant limit; those of the key limit have none."""
Headers = tuple[tuple[bytes, bytes], ...]


@value
class RequestCounts:
    """Requests of one API key or tenant in the clock minute and in the clock hour that contain `at` (epoch seconds)."""

    at: float
    minute: int
    hour: int

    def at_time(self, now: float) -> "RequestCounts":
        """Return the counts at a later moment of the same hour, if no request was counted since."""
        return RequestCounts(now, self.minute if now // MINUTE == self.at // MINUTE else 0, self.hour)

    def left(self, rates: Rates) -> tuple[int, int]:
        """Return the remaining requests of the minute and of the hour."""
        return max(rates.per_minute - self.minute, 0), max(rates.per_hour - self.hour, 0)

    def exhausted_window(self, rates: Rates) -> tuple[str, int] | None:
        """Return the exhausted window (`minute` or `hour`) and the seconds until it ends; None if there is none."""
        minute, hour = self.left(rates)
        if hour == 0:
            return "hour", seconds_left(HOUR, self.at)
        return ("minute", seconds_left(MINUTE, self.at)) if minute == 0 else None


def headers(limits: Limits, of_key: RequestCounts | None = None, of_tenant: RequestCounts | None = None) -> Headers:
    """Return both header fields: all limits, and the remaining requests with the seconds until each reset.

    The second field omits the limits whose counts are None.
    """
    items = [_items("", limits.key_rates, of_key)] if of_key else []
    items += [_items(TENANT, limits.tenant_rates, of_tenant)] if of_tenant else []
    return _policy(limits.key_rates, limits.tenant_rates), (b"ratelimit", ", ".join(items).encode())


def seconds_left(window: int, at: float) -> int:
    """Return the whole seconds, rounded up, until the current window of `window` seconds has ended."""
    return math.ceil((at // window + 1) * window - at)


@lru_cache(maxsize=256)
def _policy(key_rates: Rates, tenant_rates: Rates) -> tuple[bytes, bytes]:
    return b"ratelimit-policy", f"{_quotas('', key_rates)}, {_quotas(TENANT, tenant_rates)}".encode()


def _quotas(prefix: str, rates: Rates) -> str:
    return f'"{prefix}minute";q={rates.per_minute};w={MINUTE}, "{prefix}hour";q={rates.per_hour};w={HOUR}'


def _items(prefix: str, rates: Rates, counts: RequestCounts) -> str:
    minute, hour = counts.left(rates)
    until = seconds_left(MINUTE, counts.at), seconds_left(HOUR, counts.at)
    return f'"{prefix}minute";r={minute};t={until[0]}, "{prefix}hour";r={hour};t={until[1]}'
