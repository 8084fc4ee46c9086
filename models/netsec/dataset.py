"""Simulated flows as rows of the feature set `flows/1`, in splits that share no network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.netsec.presets import Kind
from models.netsec.simulator import Flow, flows
from models.training import Floats, Ints
from vigil.prediction.features.service import FLOWS

Split: TypeAlias = Literal["train", "tune", "certify", "test"]


@dataclass(frozen=True, slots=True)
class _Draw:
    first: int
    networks: int
    flows: int


_DRAWS: dict[Split, _Draw] = {
    "train": _Draw(0, 40, 44),
    "tune": _Draw(1000, 24, 36),
    "certify": _Draw(2000, 1100, 1),  # one flow of each network, because a binomial bound needs independent rows
    "test": _Draw(4000, 24, 36),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Encoded rows of one split; `kinds` and `behaviours` are the true ones of each flow."""

    rows: Floats
    kinds: NDArray[np.str_]
    behaviours: NDArray[np.str_]
    networks: Ints

    def labels(self, *kinds: Kind) -> Ints:
        """Return 1 for flows of these kinds, 0 for others."""
        return np.isin(self.kinds, kinds).astype(np.int64)


def encode(flow: Flow) -> list[float]:
    """Return a flow encoded as the floats that the model receives, with the contract's own encoding."""
    found = FLOWS.extract(flow.traffic, flow.as_of)
    return [spec.encode(found[spec.name]) for spec in FLOWS.specs]


def networks(split: Split, scale: float = 1.0) -> range:
    """Return the numbers of a split's networks, or of a share of them."""
    draw = _DRAWS[split]
    return range(draw.first, draw.first + round(draw.networks * scale))


def simulated_flows(seed: int, split: Split, scale: float = 1.0) -> Iterator[Flow]:
    """Yield the flows of a split, network by network; `scale` is the share of its networks to use."""
    for number in networks(split, scale):
        yield from flows(seed, number, _DRAWS[split].flows)


def table(seed: int, split: Split, progress: Callable[[float], None], scale: float = 1.0) -> Table:
    """Return the flows of a split as rows."""
    expected = len(networks(split, scale)) * _DRAWS[split].flows
    rows, kept = [], []
    for n, flow in enumerate(simulated_flows(seed, split, scale)):
        rows.append(encode(flow))
        kept.append((flow.kind, flow.behaviour, flow.network))
        if n % 64 == 0:
            progress(n / expected)
    kinds, behaviours, sites = zip(*kept, strict=True)
    return Table(np.array(rows, np.float64), np.array(kinds), np.array(behaviours), np.array(sites, np.int64))
