"""The flow records around one simulated flow: other flows of its source, and flows to its destination."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from models.netsec.dialogues import log_uniform
from models.netsec.presets import MAX_NEIGHBOURS, NeighbourPreset, Range
from models.training import Floats, Ints
from vigil.prediction.features.flows.model import FlowRecord

HOUR_US = 3_600_000_000
_COMMON_PORTS = np.array([443, 80, 53, 22, 123, 25, 8080, 993])
_HEADER = 52


@dataclass(frozen=True, slots=True)
class FlowEnds:
    """Endpoints of the simulated flow; `busy` multiplies the numbers of flows and hosts around it (1 is usual)."""

    source: str
    destination: str
    port: int
    busy: float


def neighbours(rng: np.random.Generator, company: NeighbourPreset, ends: FlowEnds) -> tuple[FlowRecord, ...]:
    """Return flows of the source and to the destination within the last hour, at most 1,800."""
    found = [*_pair(rng, company, ends), *_sent(rng, company, ends), *_received(rng, company, ends)]
    return tuple(found[:MAX_NEIGHBOURS])


def _pair(rng: np.random.Generator, company: NeighbourPreset, ends: FlowEnds) -> Iterable[FlowRecord]:
    gap, steady = log_uniform(rng, company.pair_gap_s), log_uniform(rng, company.pair_steady)
    gaps = gap * rng.lognormal(-(steady**2) / 2, steady, _count(rng, company.pair))
    starts = -np.cumsum(gaps) * 1e6
    starts = starts[starts > -HOUR_US]
    here, there = [ends.source] * len(starts), [ends.destination] * len(starts)
    payload = rng.lognormal(7.5, 1.2) * rng.lognormal(0, 0.3, len(starts))
    return _records(rng, starts, here, there, np.full(len(starts), ends.port), payload, lost=0.05)


def _sent(rng: np.random.Generator, company: NeighbourPreset, ends: FlowEnds) -> Iterable[FlowRecord]:
    count = _count(rng, company.sent, ends.busy)
    starts = -rng.random(count) * min(HOUR_US, count * log_uniform(rng, (0.05, 60)) * 1e6)
    hosts = rng.integers(_count(rng, company.destinations, ends.busy), size=count)
    kinds = _count(rng, company.ports)
    ports = _COMMON_PORTS[:kinds] if kinds <= len(_COMMON_PORTS) else rng.integers(1, 65_536, kinds)
    chosen = ports[rng.integers(len(ports), size=count)]
    lost = log_uniform(rng, company.sent_unanswered)
    there = [f"d{host}" for host in hosts.tolist()]
    return _records(rng, starts, [ends.source] * count, there, chosen, rng.lognormal(7.5, 1.6, count), lost)


def _received(rng: np.random.Generator, company: NeighbourPreset, ends: FlowEnds) -> Iterable[FlowRecord]:
    count = _count(rng, company.received, ends.busy)
    span_us = min(HOUR_US, count * log_uniform(rng, company.received_gap_s) * 1e6)
    starts = np.minimum((0.05 - rng.random(count)) * span_us, 1e6)
    hosts = rng.integers(_count(rng, company.sources, ends.busy), size=count)
    lost = log_uniform(rng, company.received_unanswered)
    here, there = [f"s{host}" for host in hosts.tolist()], [ends.destination] * count
    return _records(rng, starts, here, there, np.full(count, ends.port), rng.lognormal(7.5, 1.6, count), lost)


def _count(rng: np.random.Generator, bounds: Range, busy: float = 1.0) -> int:
    return max(1, round(log_uniform(rng, bounds) * busy))


def _records(
    rng: np.random.Generator,
    starts_us: Floats,
    sources: list[str],
    destinations: list[str],
    ports: Ints,
    payload: Floats,
    lost: float,
) -> Iterable[FlowRecord]:
    """Return one record for each start time; a flow without an answer has one to three small packets."""
    count = len(starts_us)
    answered = rng.random(count) > lost
    payload = np.where(answered, payload, 0)
    sent = np.where(answered, 3 + payload // 700, rng.integers(1, 4, count)).astype(np.int64)
    lasted_us = np.minimum(np.where(answered, rng.lognormal(12, 2, count), 1000 * rng.random(count)), 60e6)
    columns = (
        starts_us.astype(np.int64),
        lasted_us.astype(np.int64),
        rng.integers(1024, 65_536, count),
        ports,
        sent,
        payload.astype(np.int64) + _HEADER * sent,
        answered,
    )
    started, lasted, source_ports, to_ports, packets, size, heard = (column.tolist() for column in columns)
    return map(FlowRecord, started, lasted, sources, destinations, source_ports, to_ports, packets, size, heard)
