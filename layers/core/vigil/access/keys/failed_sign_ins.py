"""Limit of failed sign-ins per address: a flood of wrong API keys must not cost a look-up each.

The address comes from API Gateway. Vigil stores and logs no address, only an HMAC of it under the pepper of API keys.
"""

import hashlib
import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from vigil.access.keys.ports import FailureCounters, Peppers
from vigil.errors import SignInsRefused, Unavailable
from vigil.runtime.ttl_cache import TtlCache

MAX_FAILURES = 1_000
"""Number of failed sign-ins of one address in one window after which its unknown keys are refused."""
WINDOW = timedelta(minutes=5)
"""Length of a window of the UTC clock."""
LOOK_UP_INTERVAL = timedelta(seconds=5)
"""Time between two look-ups of unknown keys that an instance still makes for a refused address."""
_PAUSE = timedelta(seconds=5)
"""Time in which failures are not counted after the table was unavailable."""
_CONTEXT = b"vigil-failed-sign-ins/1\n"


@dataclass(slots=True)
class _Refusal:
    """Refusal of an address until the end of a window (epoch seconds), and the time of its next look-up."""

    until: float
    next_look_up: float


class FailedSignIns:
    """Counts failed sign-ins per address, and refuses further unknown keys of an address with too many.

    An instance learns of a refusal when it counts a failure of its own, so the limit costs no call for a valid key.
    `on_refusal` is called once per instance, address and window.
    """

    def __init__(
        self,
        counters: FailureCounters,
        peppers: Peppers,
        clock: Callable[[], datetime],
        on_refusal: Callable[[], None],
    ) -> None:
        self._counters = counters
        self._peppers = peppers
        self._clock = clock
        self._on_refusal = on_refusal
        self._refusals: TtlCache[str, _Refusal] = TtlCache(WINDOW, clock)
        self._paused_until = 0.0

    def check(self, address: str | None) -> None:
        """Raise SignInsRefused if the address has too many failures, except for one look-up per LOOK_UP_INTERVAL.

        An absent address is not limited: only direct invocations have none.
        """
        now = self._clock().timestamp()
        refusal = self._refusals.get(self._source(address)) if address else None
        if refusal is None or now >= refusal.until:
            return
        if now < refusal.next_look_up:
            raise SignInsRefused(math.ceil(refusal.until - now))
        refusal.next_look_up = now + LOOK_UP_INTERVAL.total_seconds()

    def record(self, address: str | None) -> None:
        """Count a failed sign-in by at most one write; the failures of a refused address are not counted."""
        now = self._clock().timestamp()
        if not address or now < self._paused_until:
            return
        source, length = self._source(address), WINDOW.total_seconds()
        known = self._refusals.get(source)
        if known and now < known.until:
            return
        start = now // length * length
        try:
            failures = self._counters.add(source, int(start), int(start + length))
        except Unavailable:
            self._paused_until = now + _PAUSE.total_seconds()
            return
        if failures >= MAX_FAILURES:
            self._refusals.put(source, _Refusal(start + length, now + LOOK_UP_INTERVAL.total_seconds()))
            self._on_refusal()

    def _source(self, address: str) -> str:
        """Return the keyed hash of an address that is stored in its place."""
        version, peppers = self._peppers.peppers()
        return hmac.digest(peppers[version], _CONTEXT + _network(address).encode(), hashlib.sha256).hex()[:32]


def _network(address: str) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 address, which belongs to one subscriber."""
    try:
        parsed = ip_address(address)
    except ValueError:  # API Gateway's console sends "test-invoke-source-ip"
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed.packed[:8] + bytes(8), 64)))
