"""A wave of scores through the limits of the system, second by second, and the walls that it meets."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.wave_limits import Limits
from benchmarks.wave_model import Environments, KeyedItems, OnDemandTable, TokenBucket

AUTHORIZER_SECONDS, AUTHORIZER_CACHE = 0.012, 30.0
"""Time of one authorization, an assumption: two reads. Life of a cached answer in seconds, from the template."""
AUTHORIZER_READS = 2
"""Read units of one authorization."""
USAGE_UNITS = 2 + 4 / 98
"""Write units of the usage counters per decision: its mark, and its share of two counters of a full batch."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Scores a second that begin at once or rise over `ramp_seconds`, spread evenly over tenants and keys."""

    rate: float
    tenants: float
    keys: float
    seconds: int = 3_600
    ramp_seconds: float = 0.0

    def offered(self, second: int) -> float:
        """Return the scores that arrive in a second."""
        return self.rate * min(1.0, (second + 1) / self.ramp_seconds) if self.ramp_seconds else self.rate


@dataclass(frozen=True, slots=True)
class ScoreUse:
    """Use of one score: seconds of its environment, write units, and `quota`, which is True if a quota is charged."""

    seconds: float
    row_units: float
    index_units: float = 1.0
    quota: bool = False


@dataclass(frozen=True, slots=True)
class WaveCase:
    """A wave, the use of one of its scores, and the limits that it meets."""

    wave: Wave
    score: ScoreUse
    limits: Limits

    @property
    def concurrency(self) -> float:
        """Concurrency that Lambda counts for the scoring function once the wave is steady."""
        return concurrency_for(self.wave.rate, self.score.seconds, self.limits)

    @property
    def cold_environments(self) -> float:
        """Environments that a cold wave starts if nothing bounds them: one per request of the time of a start."""
        return max(self.concurrency, self.wave.rate * (self.limits.start_seconds + self.score.seconds))


@dataclass(slots=True)
class Wall:
    """Scores beyond one limit, the first and last second with such scores, and those a second within it at the end."""

    name: str
    beyond: float = 0.0
    first: int = -1
    last: int = -1
    passed: float = 0.0

    @property
    def effect(self) -> str:
        """Effect on a score beyond the limit: it is `refused`, admitted `uncounted`, or its events are `late`."""
        if any(name in self.name for name in UNCOUNTED):
            return "uncounted"
        return "late" if any(name in self.name for name in LATE) else "refused"

    def note(self, second: int, wanted: float, passed: float) -> None:
        """Record one second."""
        self.passed = passed
        if wanted - passed > 1e-6 * wanted:
            self.first, self.last = (second if self.first < 0 else self.first), second
            self.beyond += wanted - passed


@dataclass(slots=True)
class Outcome:
    """Result of a wave: scores offered and served, and the walls that it met, the first one first."""

    offered: float
    served: float
    walls: list[Wall] = field(default_factory=list)


UNCOUNTED = ("counters of keys", "`limits`")
"""Limits of the rate limiter, which admits requests while its counters are unavailable (ADR 0018)."""
LATE = ("stream", "events", "counters of a tenant", "`usage`")
"""Limits behind the stream of decisions, which stores rows for 24 hours."""


Stage = tuple[str, Callable[[float], float]]
"""Name of a limit, and the function from the scores of a second to those that pass."""


def concurrency_for(rate: float, seconds: float, limits: Limits) -> float:
    """Return the concurrency that Lambda counts for `rate` calls a second of `seconds` each.

    One unit of concurrency takes at most `environment_requests` calls a second.
    """
    return rate / min(limits.environment_requests, 1 / seconds)


def authorizations(case: WaveCase) -> float:
    """Return the calls of the authorizer a second: one per key while its answer is cached."""
    return min(case.wave.rate, case.wave.keys / AUTHORIZER_CACHE)


def authorized_share(case: WaveCase) -> float:
    """Return the share of the authorizations whose reads DynamoDB answers: a key record and a tenant record each."""
    limits, checks = case.limits, authorizations(case)
    table = min(limits.warm_reads, limits.table_reads) / (AUTHORIZER_READS * checks)
    return min(1.0, table, case.wave.tenants * limits.partition_reads / checks)


def other_concurrency(case: WaveCase) -> dict[str, float]:
    """Return the concurrency of the functions around scoring, once the wave is steady."""
    limits = case.limits
    batches = case.wave.rate / limits.stream_batch
    return {
        "tokens_authorizer": concurrency_for(authorizations(case), AUTHORIZER_SECONDS, limits),
        "usage_counters": batches * limits.stream_seconds,
        "events_publisher": batches * limits.stream_seconds,
    }


def stages(case: WaveCase) -> Iterator[Stage]:
    """Yield the limits in the order in which a request meets them."""
    wave, score, limits = case.wave, case.score, case.limits
    yield "limit of keys", lambda scores: min(scores, wave.keys * limits.key_requests)
    yield "stage throttle", TokenBucket(limits.stage_requests, limits.stage_burst).admit
    yield "API Gateway of the account", TokenBucket(limits.account_requests, limits.account_burst).admit
    each = min(limits.environment_requests, 1 / score.seconds)
    room = max(0.0, limits.concurrency - sum(other_concurrency(case).values()))
    yield "concurrency of the account", lambda scores: min(scores, room * each)
    share = authorized_share(case)
    yield "reads of `access`", lambda scores: scores * share
    growth = TokenBucket(limits.environments_added, limits.environment_burst)
    pool = Environments(growth, limits.concurrency, limits.environment_requests, limits.start_seconds)
    pool.ready = limits.provisioned
    yield "growth of environments", lambda scores: pool.serve(scores, score.seconds)
    parts = wave.keys / wave.tenants
    counters = KeyedItems(wave.tenants, limits.partition_writes, limits.split_seconds, parts)
    yield "counters of keys", per_unit(counters.write, limits.key_writes)
    if score.quota:
        yield "quota of a tenant", KeyedItems(wave.tenants, 1 / limits.transaction_seconds).write
    index = KeyedItems(wave.tenants * limits.index_shards, limits.partition_writes)
    yield "index of a tenant", per_unit(index.write, score.index_units)
    for name, units in written(case).items():
        yield from table_stages(name, units, limits)
    yield from late_stages(case)


def table_stages(name: str, units: float, limits: Limits) -> Iterator[Stage]:
    """Yield the limits of a table or index that takes `units` write units per score."""
    yield f"write quota of {name}", lambda scores: min(scores, limits.table_writes / units)
    table = OnDemandTable(limits.warm_writes, limits.table_writes, limits.peak_seconds)
    yield f"warm throughput of {name}", per_unit(table.write, units)


def late_stages(case: WaveCase) -> Iterator[Stage]:
    """Yield the limits of the functions that read the stream of decisions."""
    wave, score, limits = case.wave, case.score, case.limits
    shards = math.ceil(max(limits.warm_writes, wave.rate * score.row_units) / limits.partition_writes)
    yield "stream readers", lambda scores: min(scores, shards * limits.stream_batch / limits.stream_seconds)
    counting = limits.stream_batch / limits.transaction_seconds
    yield "counters of a tenant", lambda scores: min(scores, wave.tenants * counting)
    yield from table_stages("`usage`", USAGE_UNITS, limits)
    yield "events", lambda scores: min(scores, limits.event_requests * limits.event_entries)


def written(case: WaveCase) -> dict[str, float]:
    """Return the write units of one score by table and index."""
    score = case.score
    return {
        "`limits`": case.limits.key_writes,
        "`decisions`": score.row_units * (2 if score.quota else 1),
        "index by tenant": score.index_units,
        "index by subject": score.index_units,
    }


def per_unit(write: Callable[[float], float], units: float) -> Callable[[float], float]:
    """Convert a limit on write units into a limit on scores. `units` is the write units of one score."""
    return lambda scores: write(scores * units) / units


def run_wave(case: WaveCase) -> Outcome:
    """Send a wave through all limits, one second per step."""
    wave, chain = case.wave, list(stages(case))
    walls = [Wall(name) for name, _ in chain]
    offered = served = 0.0
    for second in range(wave.seconds):
        scores = wave.offered(second)
        offered += scores
        for wall, (_, admit) in zip(walls, chain, strict=True):
            passed = admit(scores)
            wall.note(second, scores, passed)
            scores = passed if wall.effect == "refused" else scores
        served += scores
    return Outcome(offered, served, sorted((wall for wall in walls if wall.beyond), key=lambda wall: wall.first))
