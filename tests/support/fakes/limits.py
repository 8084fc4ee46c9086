"""Request counters in memory, as atomic as one conditional update."""

import threading
from collections import Counter
from datetime import datetime

from vigil.errors import Unavailable
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import HOUR, MINUTE, RequestCounts


class FakeCounters:
    """Request counters; `calls` counts the calls, `away` makes the counters unavailable."""

    def __init__(self) -> None:
        self.spent: Counter[tuple[str, str, str, int]] = Counter()
        self.calls = 0
        self.away = False
        self._lock = threading.Lock()

    def count(self, caller: Principal, now: datetime) -> tuple[bool, RequestCounts]:
        self.calls += 1
        if self.away:
            raise Unavailable("The limits table did not answer.")
        at = now.timestamp()
        minute, hour = (
            (caller.tenant_id, caller.key_id, name, int(at // length))
            for name, length in (("minute", MINUTE), ("hour", HOUR))
        )
        with self._lock:
            is_admitted = self.spent[minute] < caller.limits.per_minute and self.spent[hour] < caller.limits.per_hour
            self.spent[minute] += is_admitted
            self.spent[hour] += is_admitted
            return is_admitted, RequestCounts(at, self.spent[minute], self.spent[hour])
