"""Flows on simulated networks; each network has its own paths, load and mix of behaviours.

A flow's packets and its neighbours are drawn separately, so that disguised threats and harmless load tests occur.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from models.netsec.dialogues import NetworkPath, packets
from models.netsec.neighbours import FlowEnds, neighbours
from models.netsec.presets import (
    BEHAVIOURS,
    DISGUISED_SHARE,
    KIND_SHARES,
    LOAD_TEST_SHARE,
    MIMIC_SHARE,
    Behaviour,
    Kind,
)
from vigil.prediction.features.flows.model import MICROSECOND, Traffic

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
_KINDS: tuple[Kind, ...] = ("benign", "ddos", "malware")


@dataclass(frozen=True, slots=True)
class Network:
    """Properties that all flows of one network share. `mix` contains the shares of the harmless behaviours."""

    number: int
    round_trip_us: float
    busy: float
    hops: int
    mix: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow, its true kind and behaviour, and the time at which it was complete."""

    network: int
    traffic: Traffic
    kind: Kind
    behaviour: str

    @property
    def as_of(self) -> datetime:
        """One second after the last packet."""
        return self.traffic.started_at + max(p.at_us for p in self.traffic.packets) * MICROSECOND + timedelta(seconds=1)


def network(seed: int, number: int) -> Network:
    """Return one network of the simulation."""
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
    shown, around = _appearance(rng, site, true)
    dialogue = shown.dialogue
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
        neighbours=neighbours(rng, around.company, FlowEnds(source, destination, port, site.busy)),
    )
    return Flow(site.number, traffic, kind, true.name)


def _behaviour(rng: np.random.Generator, site: Network, kind: Kind) -> Behaviour:
    choices = BEHAVIOURS[kind]
    shares = site.mix if kind == "benign" else [behaviour.share for behaviour in choices]
    return choices[rng.choice(len(choices), p=shares)]


def _appearance(rng: np.random.Generator, site: Network, true: Behaviour) -> tuple[Behaviour, Behaviour]:
    """Return the behaviours from which a flow's packets and its neighbours are drawn."""
    draw = rng.random()
    if true.kind == "benign":
        threat: Kind = "ddos" if rng.random() < 0.5 else "malware"
        return (_behaviour(rng, site, threat) if draw < LOAD_TEST_SHARE else true), true
    harmless = _behaviour(rng, site, "benign")
    if draw < MIMIC_SHARE:
        return harmless, harmless
    return (harmless if draw < MIMIC_SHARE + DISGUISED_SHARE else true), true


def _path(rng: np.random.Generator, site: Network) -> NetworkPath:
    windows = (64_240, 65_535, 29_200, 8192, 1024)
    return NetworkPath(
        round_trip_us=site.round_trip_us * float(rng.lognormal(0, 0.5)),
        forward_ttl=int(rng.choice([64, 128, 255], p=[0.6, 0.35, 0.05])) - int(rng.integers(0, 4)),
        backward_ttl=int(rng.choice([64, 128, 255], p=[0.7, 0.2, 0.1])) - site.hops,
        forward_window=int(rng.choice(windows)),
        backward_window=int(rng.choice(windows)),
    )
