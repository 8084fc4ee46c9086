"""Walls of a wave, from the first one to the last, each with its remedy."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.wave_flow import (
    AUTHORIZER_READS,
    USAGE_UNITS,
    Wall,
    WaveCase,
    authorizations,
    other_concurrency,
    run_wave,
    written,
)

Value = Callable[[WaveCase], float]


@dataclass(frozen=True, slots=True)
class Remedy:
    """Description of the change that moves a wall, and the new values of its limits."""

    words: str
    values: dict[str, Value]

    def move(self, case: WaveCase) -> WaveCase:
        """Return the deployment with the wall moved just so far that the wave passes."""
        return replace(case, limits=replace(case.limits, **{name: value(case) for name, value in self.values.items()}))


def all_concurrency(case: WaveCase) -> float:
    """Return the concurrency of all functions that a wave needs once it is steady."""
    return math.ceil(case.concurrency + sum(other_concurrency(case).values()))


def _largest_table(case: WaveCase) -> float:
    return case.wave.rate * max(*written(case).values(), USAGE_UNITS)


def _shards(case: WaveCase) -> float:
    units = case.wave.rate * case.score.index_units
    return math.ceil(units / case.limits.partition_writes / case.wave.tenants)


REMEDIES: dict[str, Remedy] = {
    "limit of keys": Remedy(
        "limits of the tenant, or more keys", {"key_requests": lambda c: c.wave.rate / c.wave.keys}
    ),
    "stage throttle": Remedy(
        "parameters `RequestsPerSecond` and `RequestsBurst`",
        {"stage_requests": lambda c: c.wave.rate, "stage_burst": lambda c: 2 * c.wave.rate},
    ),
    "API Gateway of the account": Remedy(
        "quota of API Gateway",
        {"account_requests": lambda c: c.wave.rate, "account_burst": lambda c: c.wave.rate / 2},
    ),
    "concurrency of the account": Remedy("quota of Lambda", {"concurrency": all_concurrency}),
    "reads of `access`": Remedy(
        "warm throughput and quota of reads, or fewer keys",
        {name: lambda c: AUTHORIZER_READS * authorizations(c) for name in ("warm_reads", "table_reads")},
    ),
    "growth of environments": Remedy(
        "provisioned concurrency before the wave, or a slower start",
        {"provisioned": lambda c: math.ceil(c.concurrency)},
    ),
    "counters of keys": Remedy(
        "more tenants, or leases for keys too (code)",
        {"key_writes": lambda c: c.wave.tenants * c.limits.partition_writes / c.wave.rate},
    ),
    "quota of a tenant": Remedy(
        "a tier without a quota, or leases of the quota (code)",
        {"transaction_seconds": lambda c: c.wave.tenants / c.wave.rate},
    ),
    "index of a tenant": Remedy("more tenants, or a shard in the key of the index (code)", {"index_shards": _shards}),
    "write quota": Remedy("quota of DynamoDB", {"table_writes": _largest_table}),
    "warm throughput": Remedy("warm throughput set before the wave, or half hours", {"warm_writes": _largest_table}),
    "counters of a tenant": Remedy(
        "shards of the hourly counter (code)",
        {"transaction_seconds": lambda c: c.wave.tenants * c.limits.stream_batch / c.wave.rate},
    ),
    "stream readers": Remedy(
        "`ParallelizationFactor` of the stream", {"stream_seconds": lambda c: c.limits.stream_seconds / 10}
    ),
    "events": Remedy("quota of EventBridge", {"event_requests": lambda c: c.wave.rate / c.limits.event_entries}),
}
"""Remedy of each wall, by the start of its name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder: the first wall, the share of the scores beyond it, and its remedy."""

    wall: Wall
    share: float
    remedy: str


def climb(case: WaveCase) -> tuple[list[Step], WaveCase]:
    """Return the walls in the order in which a wave meets them, and the deployment that has moved them all.

    Each wall is moved before the wave is sent again.
    """
    steps: list[Step] = []
    while (outcome := run_wave(case)).walls and len(steps) < 2 * len(REMEDIES):
        wall = outcome.walls[0]
        remedy = next(remedy for name, remedy in REMEDIES.items() if wall.name.startswith(name))
        steps.append(Step(wall, wall.beyond / outcome.offered, remedy.words))
        case = remedy.move(case)
    return steps, case
