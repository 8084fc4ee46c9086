"""A client that obeys the rate limit header fields with any number of concurrent requests."""

import heapq
import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

_SHORT_WAIT = 0.1
ITEM = re.compile(r'"(?P<name>[a-z-]+)"(?P<parameters>(;[a-z]+=\d+)+)')


def parse_items(field: str) -> dict[str, dict[str, int]]:
    """Return the items of a header field by name, each with its parameters."""
    found = {}
    for text in field.split(", "):
        match = ITEM.fullmatch(text)
        assert match, field
        parameters = (part.split("=") for part in match["parameters"].strip(";").split(";"))
        found[match["name"]] = {name: int(value) for name, value in parameters}
    return found


class RateLimitedClient:
    """Tracks for each policy the remaining requests, the end of the window and the requests in flight.

    A request in flight may be counted in the window of its arrival, so it counts against every window until its answer
    arrives.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self._quota: dict[str, int] = {}
        self._left: dict[str, tuple[int, float]] = {}

    def wait(self, now: float) -> float:
        """Return the seconds to wait before the next request; 0 if it may be sent now."""
        if not self._left:
            return _SHORT_WAIT if self.in_flight else 0.0  # limits are unknown before the first answer
        standing = [self._standing(name, now) for name in self._left]
        return max((until - now for left, until in standing if left <= self.in_flight), default=0.0)

    def _standing(self, name: str, now: float) -> tuple[int, float]:
        left, until = self._left[name]
        return (left, until) if now < until else (self._quota[name], now + _SHORT_WAIT)

    def update(self, now: float, headers: dict[str, str]) -> None:
        """Update the limits from the header fields of an answer."""
        fields = {name.lower(): value for name, value in headers.items()}
        for name, parameters in parse_items(fields["ratelimit-policy"]).items():
            self._quota[name] = parameters["q"]
        for name, parameters in parse_items(fields["ratelimit"]).items():
            left, until = self._left.get(name, (parameters["r"], 0.0))
            mine = parameters["r"], now + parameters["t"]
            # An answer that arrives after a later one of the same window reports too many remaining requests.
            self._left[name] = mine if until <= now else (min(left, mine[0]), max(until, mine[1]))


def simulate_client(
    admit: Callable[[datetime], dict[str, str]], random: Random, requests: int, workers: int, latency: float
) -> list[float]:
    """Let a client send requests as fast as allowed on a virtual clock; return the time of each counted request.

    `admit` counts a request at a time and returns the header fields of its answer. Requests and answers take up to
    `latency` seconds each and overtake each other. They start shortly before an hour ends.
    """
    client, counted = RateLimitedClient(), list[float]()
    start = datetime(2026, 3, 1, 12, 58, 30, tzinfo=UTC).timestamp()
    tie = iter(range(10**9))
    agenda: list[tuple[float, int, str, dict[str, str]]] = [
        (start + random.random(), next(tie), "request", {}) for _ in range(workers)
    ]
    heapq.heapify(agenda)
    while len(counted) < requests:
        now, _, step, fields = heapq.heappop(agenda)
        if step == "request":
            if (wait := client.wait(now)) > 0:
                heapq.heappush(agenda, (now + wait, next(tie), "request", {}))
                continue
            client.in_flight += 1
            heapq.heappush(agenda, (now + random.random() * latency, next(tie), "count", {}))
        elif step == "count":
            counted.append(now)
            fields = admit(datetime.fromtimestamp(now, UTC))
            heapq.heappush(agenda, (now + random.random() * latency, next(tie), "answer", fields))
        else:
            client.in_flight -= 1
            client.update(now, fields)
            heapq.heappush(agenda, (now + random.random(), next(tie), "request", {}))
    return counted
