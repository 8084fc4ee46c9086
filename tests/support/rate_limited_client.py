"""A client that reads the header fields of limits and obeys them, however many requests it has under way."""

import heapq
import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

_A_MOMENT = 0.1
ITEM = re.compile(r'"(?P<name>[a-z]+)"(?P<parameters>(;[a-z]+=\d+)+)')


def items(field: str) -> dict[str, dict[str, int]]:
    """Return the items of a field by name, each with its parameters."""
    found = {}
    for text in field.split(", "):
        match = ITEM.fullmatch(text)
        assert match, field
        parameters = (part.split("=") for part in match["parameters"].strip(";").split(";"))
        found[match["name"]] = {name: int(value) for name, value in parameters}
    return found


class Obedient:
    """Knows for each policy how many requests are left and until when, and what is under way.

    A request under way may be counted by the window in which it arrives, so it is held against every window until its
    answer tells.
    """

    def __init__(self) -> None:
        self.under_way = 0
        self._quota: dict[str, int] = {}
        self._left: dict[str, tuple[int, float]] = {}

    def wait(self, now: float) -> float:
        """Return how many seconds to wait before the next request: 0 when it may be made now."""
        if not self._left:
            return _A_MOMENT if self.under_way else 0.0  # nothing is known before the first answer
        standing = [self._standing(name, now) for name in self._left]
        return max((until - now for left, until in standing if left <= self.under_way), default=0.0)

    def _standing(self, name: str, now: float) -> tuple[int, float]:
        left, until = self._left[name]
        return (left, until) if now < until else (self._quota[name], now + _A_MOMENT)

    def heard(self, now: float, headers: dict[str, str]) -> None:
        """Learn from an answer."""
        fields = {name.lower(): value for name, value in headers.items()}
        for name, parameters in items(fields["ratelimit-policy"]).items():
            self._quota[name] = parameters["q"]
        for name, parameters in items(fields["ratelimit"]).items():
            left, until = self._left.get(name, (parameters["r"], 0.0))
            mine = parameters["r"], now + parameters["t"]
            # An answer that was overtaken by a later one of the same window says more than is left.
            self._left[name] = mine if until <= now else (min(left, mine[0]), max(until, mine[1]))


def play(
    admit: Callable[[datetime], dict[str, str]], random: Random, requests: int, workers: int, latency: float
) -> list[float]:
    """Let an obedient client make requests as fast as it may on a virtual clock; return when each was counted.

    `admit` counts a request at a moment and returns the header fields of its answer. Requests and answers take up to
    `latency` seconds each and overtake each other. They start shortly before an hour ends.
    """
    client, counted = Obedient(), list[float]()
    start = datetime(2026, 3, 1, 12, 58, 30, tzinfo=UTC).timestamp()
    tie = iter(range(10**9))
    agenda: list[tuple[float, int, str, dict[str, str]]] = [
        (start + random.random(), next(tie), "ask", {}) for _ in range(workers)
    ]
    heapq.heapify(agenda)
    while len(counted) < requests:
        now, _, step, fields = heapq.heappop(agenda)
        if step == "ask":
            if (wait := client.wait(now)) > 0:
                heapq.heappush(agenda, (now + wait, next(tie), "ask", {}))
                continue
            client.under_way += 1
            heapq.heappush(agenda, (now + random.random() * latency, next(tie), "count", {}))
        elif step == "count":
            counted.append(now)
            fields = admit(datetime.fromtimestamp(now, UTC))
            heapq.heappush(agenda, (now + random.random() * latency, next(tie), "hear", fields))
        else:
            client.under_way -= 1
            client.heard(now, fields)
            heapq.heappush(agenda, (now + random.random(), next(tie), "ask", {}))
    return counted
