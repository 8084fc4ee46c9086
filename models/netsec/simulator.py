"""Flows on simulated networks, each with paths, load and a mix of behaviours of its own.

A flow's packets and its company are drawn apart, so that threats in disguise and harmless load tests exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from models.netsec.company import Ends, neighbours
from models.netsec.dialogues import Path, packets
from models.netsec.presets import (
    BEHAVIOURS,
    DISGUISED,
    KIND_SHARES,
    LOAD_TESTS,
    MIMICS,
    Behaviour,
    Kind,
)
from vigil.prediction.features.flows.model import MICROSECOND, Traffic

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
_KINDS: tuple[Kind, ...] = ("benign", "ddos", "malware")


@dataclass(frozen=True, slots=True)
class Network:
    """What the flows of one network have in common. `mix` holds the shares of the harmless behaviours."""

    number: int
    round_trip_us: float
    busy: float
    hops: int
    mix: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow, what it really was, and the moment at which it was over."""

    network: int
    traffic: Traffic
    kind: Kind
    behaviour: str

    @property
    def as_of(self) -> datetime:
        """A second after the last packet."""
        return self.traffic.started_at + max(p.at_us for p in self.traffic.packets) * MICROSECOND + timedelta(seconds=1)


def network(seed: int, number: int) -> Network:
    """Return one network of the simulated world."""
    rng = np.random.default_rng([seed, number])
    shares = np.array([behaviour.share for behaviour in BEHAVIOURS["benign"]])
    mix = shares * rng.lognormal(0, 0.5, len(shares))
    return Network(
        number=number,
        round_trip_us=float(rng.lognormal(9.6, 0.9)),
        busy=float(rng.lognormal(0, 0.4)),
        hops=int(rng.integers(1, 18)),
        mix=tuple((mix / mix.sum()).tolist()),
    )


def flows(seed: int, number: int, count: int) -> Iterator[Flow]:
    """Yield the flows of one network; the same seed and number give the same flows."""
    site = network(seed, number)
    rng = np.random.default_rng([seed, number, 1])
    for position in range(count):
        kind = _KINDS[rng.choice(3, p=[KIND_SHARES[k] for k in _KINDS])]
        yield _flow(rng, site, kind, EPOCH + timedelta(minutes=7 * position + int(rng.integers(7))))


def _flow(rng: np.random.Generator, site: Network, kind: Kind, started_at: datetime) -> Flow:
    true = _behaviour(rng, site, kind)
    said, seen = _appearance(rng, site, true)
    dialogue = said.dialogue
    port = int(dialogue.ports[rng.integers(len(dialogue.ports))])
    source, destination = f"h{rng.integers(200)}", f"x{rng.integers(500)}"
    traffic = Traffic(
        started_at=started_at,
        protocol=dialogue.protocol,
        source=source,
        destination=destination,
        source_port=int(rng.integers(1024, 65_536)),
        destination_port=port,
        packets=packets(rng, dialogue, _path(rng, site)),
        neighbours=neighbours(rng, seen.company, Ends(source, destination, port, site.busy)),
    )
    return Flow(site.number, traffic, kind, true.name)


def _behaviour(rng: np.random.Generator, site: Network, kind: Kind) -> Behaviour:
    choices = BEHAVIOURS[kind]
    shares = site.mix if kind == "benign" else [behaviour.share for behaviour in choices]
    return choices[rng.choice(len(choices), p=shares)]


def _appearance(rng: np.random.Generator, site: Network, true: Behaviour) -> tuple[Behaviour, Behaviour]:
    """Return the behaviours that a flow's packets and its company are drawn from."""
    draw = rng.random()
    if true.kind == "benign":
        threat: Kind = "ddos" if rng.random() < 0.5 else "malware"
        return (_behaviour(rng, site, threat) if draw < LOAD_TESTS else true), true
    harmless = _behaviour(rng, site, "benign")
    if draw < MIMICS:
        return harmless, harmless
    return (harmless if draw < MIMICS + DISGUISED else true), true


def _path(rng: np.random.Generator, site: Network) -> Path:
    windows = (64_240, 65_535, 29_200, 8192, 1024)
    return Path(
        round_trip_us=site.round_trip_us * float(rng.lognormal(0, 0.5)),
        forward_ttl=int(rng.choice([64, 128, 255], p=[0.6, 0.35, 0.05])) - int(rng.integers(0, 4)),
        backward_ttl=int(rng.choice([64, 128, 255], p=[0.7, 0.2, 0.1])) - site.hops,
        forward_window=int(rng.choice(windows)),
        backward_window=int(rng.choice(windows)),
    )
