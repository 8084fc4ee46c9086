"""How many requests a key may still make, in the words of draft-ietf-httpapi-ratelimit-headers-11. Pure values."""

import math
from dataclasses import dataclass

from vigil.kernel.tenants import Limits

MINUTE = 60
HOUR = 3600
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """How many requests a key has made in the minute and in the hour that hold `at` (epoch seconds)."""

    at: float
    minute: int
    hour: int

    def later(self, now: float) -> "Spent":
        """Return the same count as of a later moment of the same hour, if nothing was let in meanwhile."""
        return Spent(now, self.minute if now // MINUTE == self.at // MINUTE else 0, self.hour)

    def full(self, limits: Limits) -> tuple[str, int] | None:
        """Return the policy that lets nothing more in and the seconds until it does; None while there is room."""
        if self.hour >= limits.per_hour:
            return "hour", left(HOUR, self.at)
        return ("minute", left(MINUTE, self.at)) if self.minute >= limits.per_minute else None

    def headers(self, limits: Limits) -> Headers:
        """Return both header fields: what may be asked, and what of it is left for how many seconds."""
        minute, hour = max(limits.per_minute - self.minute, 0), max(limits.per_hour - self.hour, 0)
        policy = f'"minute";q={limits.per_minute};w={MINUTE}, "hour";q={limits.per_hour};w={HOUR}'
        now = f'"minute";r={minute};t={left(MINUTE, self.at)}, "hour";r={hour};t={left(HOUR, self.at)}'
        return (b"ratelimit-policy", policy.encode()), (b"ratelimit", now.encode())


def left(window: int, at: float) -> int:
    """Return the whole seconds after which the window of that length has ended: who waits for them meets the next."""
    return math.ceil((at // window + 1) * window - at)
