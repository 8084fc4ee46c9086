"""The response headers of rate limits (draft-ietf-httpapi-ratelimit-headers-11), as pure values."""

import math
from dataclasses import dataclass

from vigil.kernel.tenants import Limits

MINUTE = 60
HOUR = 3600
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests of one API key in the clock minute and in the clock hour that contain `at` (epoch seconds)."""

    at: float
    minute: int
    hour: int

    def at_time(self, now: float) -> "RequestCounts":
        """Return the counts at a later moment of the same hour, if no request was counted since."""
        return RequestCounts(now, self.minute if now // MINUTE == self.at // MINUTE else 0, self.hour)

    def exhausted_policy(self, limits: Limits) -> tuple[str, int] | None:
        """Return the exhausted limit (`minute` or `hour`) and the seconds until it resets; None if there is none."""
        if self.hour >= limits.per_hour:
            return "hour", seconds_left(HOUR, self.at)
        return ("minute", seconds_left(MINUTE, self.at)) if self.minute >= limits.per_minute else None

    def headers(self, limits: Limits) -> Headers:
        """Return both header fields: the limits, and the remaining requests with the seconds until each reset."""
        minute, hour = max(limits.per_minute - self.minute, 0), max(limits.per_hour - self.hour, 0)
        policy = f'"minute";q={limits.per_minute};w={MINUTE}, "hour";q={limits.per_hour};w={HOUR}'
        now = f'"minute";r={minute};t={seconds_left(MINUTE, self.at)}, "hour";r={hour};t={seconds_left(HOUR, self.at)}'
        return (b"ratelimit-policy", policy.encode()), (b"ratelimit", now.encode())


def seconds_left(window: int, at: float) -> int:
    """Return the whole seconds, rounded up, until the current window of `window` seconds has ended."""
    return math.ceil((at // window + 1) * window - at)
