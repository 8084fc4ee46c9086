"""Simulated flows as rows of the feature set `flows/1`, in splits that share no network."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.netsec.presets import NETWORKS, Kind
from models.netsec.simulator import Flow, flows
from models.training import Floats, Ints
from vigil.features.service import FLOWS

Split: TypeAlias = Literal["train", "calibration", "test"]
_TURN: tuple[Split, ...] = ("train", "train", "train", "train", "calibration", "calibration", "calibration", "test",
                            "test", "test")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Encoded rows of one split; `kinds` says what each flow really was."""

    rows: Floats
    kinds: NDArray[np.str_]
    networks: Ints

    def labels(self, *kinds: Kind) -> Ints:
        """Return 1 for flows of these kinds."""
        return np.isin(self.kinds, kinds).astype(np.int64)


def split_of(network: int) -> Split:
    """Return the one split that a network belongs to: 40 % train, 30 % calibration, 30 % test."""
    return _TURN[network % len(_TURN)]


def networks(split: Split) -> list[int]:
    """Return the networks of a split."""
    return [number for number in range(NETWORKS) if split_of(number) == split]


def encode(flow: Flow) -> list[float]:
    """Return a flow as the floats that the model sees, by the contract's own rule."""
    found = FLOWS.extract(flow.traffic, flow.as_of)
    return [spec.encode(found[spec.name]) for spec in FLOWS.specs]


def table(seed: int, numbers: Iterable[int], progress: Callable[[float], None]) -> Table:
    """Return all flows of these networks."""
    chosen = list(numbers)
    rows, kinds, places = [], [], []
    for n, number in enumerate(chosen):
        for flow in flows(seed, number):
            rows.append(encode(flow))
            kinds.append(flow.kind)
            places.append(number)
        progress(n / len(chosen))
    return Table(np.array(rows, np.float64), np.array(kinds), np.array(places, np.int64))
