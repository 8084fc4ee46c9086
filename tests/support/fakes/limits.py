"""Request counters and leases in memory, as atomic as one conditional update."""

import threading
from collections import Counter
from datetime import datetime

from vigil.errors import Unavailable
from vigil.kernel.tenants import Rates
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import HOUR, MINUTE, RequestCounts


class FakeWindows:
    """Counts of minutes and hours by owner; `calls` counts the calls, `away` makes the counts unavailable."""

    def __init__(self) -> None:
        self.spent: Counter[tuple[str, str, int]] = Counter()
        self.calls = 0
        self.away = False
        self.loses_answers = False
        """True if calls take effect and raise Unavailable."""
        self._lock = threading.Lock()

    def add(self, owner: str, rates: Rates, now: datetime, minute: int, hour: int) -> tuple[bool, RequestCounts]:
        self.calls += 1
        if self.away:
            raise Unavailable("The limits table did not answer.")
        at = now.timestamp()
        of_minute, of_hour = (owner, "minute", int(at // MINUTE)), (owner, "hour", int(at // HOUR))
        with self._lock:
            fits_hour = not hour or self.spent[of_hour] + hour <= rates.per_hour
            is_admitted = fits_hour and self.spent[of_minute] + minute <= rates.per_minute
            self.spent[of_minute] += minute * is_admitted
            self.spent[of_hour] += hour * is_admitted
            if self.loses_answers:
                raise Unavailable("The limits table did not answer.")
            return is_admitted, RequestCounts(at, self.spent[of_minute], self.spent[of_hour])


class FakeCounters(FakeWindows):
    """The request counters of all API keys."""

    def count(self, caller: Principal, now: datetime) -> tuple[bool, RequestCounts]:
        return self.add(f"{caller.tenant_id}#{caller.key_id}", caller.limits.key_rates, now, 1, 1)

    def undo(self, caller: Principal, now: datetime) -> None:
        self.add(f"{caller.tenant_id}#{caller.key_id}", caller.limits.key_rates, now, -1, -1)


class FakeLeases(FakeWindows):
    """The leased requests of all tenants."""

    def lease(
        self, tenant_id: str, rates: Rates, now: datetime, *, minute: int, hour: int
    ) -> tuple[bool, RequestCounts]:
        return self.add(tenant_id, rates, now, minute, hour)
