"""Services that a wave meets, one second per step: token buckets, environments, keys, tables."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """Bucket of `burst` tokens that gains `rate` tokens a second and is full at the start."""

    rate: float
    burst: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def admit(self, wanted: float) -> float:
        """Return how many of the requests of one second are admitted."""
        admitted = min(wanted, self.tokens + self.rate)
        self.tokens = min(self.burst, self.tokens + self.rate - admitted)
        return admitted


@dataclass(slots=True)
class Environments:
    """Environments of one function. A request waits for its environment to start; without one it is refused.

    Lambda takes at most `requests_each` requests a second per environment, however short they are. Requests that arrive
    during a start have an environment each, so a cold function starts more environments than it needs later.
    """

    growth: TokenBucket
    concurrency: float
    requests_each: float
    start_seconds: float = 0.0
    ready: float = 0.0

    def serve(self, requests: float, seconds: float) -> float:
        """Return how many of the requests of one second are served, each in `seconds`."""
        each = min(self.requests_each, 1 / seconds)
        waiting = max(0.0, requests - self.ready * each)
        missing = waiting * max(1 / each, self.start_seconds + seconds)
        self.ready += self.growth.admit(max(0.0, min(missing, self.concurrency - self.ready)))
        return min(requests, self.ready * each)


@dataclass(slots=True)
class KeyedItems:
    """Writes that are spread evenly over `keys`, each in a partition.

    A partition that is hot for `split_seconds` is split in two, down to `most_parts` per key. The writes of one item
    cannot be split, nor those whose sort key always grows.
    """

    keys: float
    partition_writes: float
    split_seconds: float = 0.0
    most_parts: float = 1.0
    hot_seconds: float = 0.0
    parts: float = 1.0

    @property
    def capacity(self) -> float:
        """Write units per second."""
        return self.keys * self.partition_writes * self.parts

    def write(self, units: float) -> float:
        """Return how many of the write units of one second are written."""
        written = min(units, self.capacity)
        self.hot_seconds = self.hot_seconds + 1 if written < units else 0.0
        if self.hot_seconds >= self.split_seconds:
            self.parts, self.hot_seconds = min(2 * self.parts, self.most_parts), 0.0
        return written


@dataclass(slots=True)
class OnDemandTable:
    """Table or index on demand: it takes twice the peak of the window before, and at least its warm throughput."""

    warm_writes: float
    quota: float
    peak_seconds: float
    age: float = 0.0
    peak: float = 0.0

    @property
    def capacity(self) -> float:
        """Write units per second."""
        return min(self.warm_writes, self.quota)

    def write(self, units: float) -> float:
        """Return how many of the write units of one second are written."""
        written = min(units, self.capacity)
        self.peak, self.age = max(self.peak, written), self.age + 1
        if self.age >= self.peak_seconds:
            self.warm_writes, self.age = max(self.warm_writes, 2 * self.peak), 0.0
        return written
