"""Simulated leads in splits that share no company; the test leads are later than all others."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.assembly import Sample
from models.leads.schema import REGIONS, SOURCES, SPECS
from models.leads.simulator import LAST_DAY, Leads, simulate
from models.reference import HeldOutRows
from models.training import Floats, Ints

Split: TypeAlias = Literal["train", "tune", "certify", "test"]
_SHARES: tuple[tuple[Split, int], ...] = (("train", 40), ("tune", 55), ("certify", 75), ("test", 100))
EPOCH = date(2024, 1, 1)
"""Day 0 of the simulation."""
CUTOFF = LAST_DAY - 270
"""First day of the test leads; all other splits contain only earlier leads."""


@dataclass(frozen=True, slots=True)
class Part:
    """The leads of one split.

    `numbers` are their positions in the simulation, `days` count from `EPOCH`. `probability` is only for the oracle.
    """

    rows: Floats
    labels: Ints
    companies: Ints
    numbers: Ints
    days: Ints
    probability: Floats

    @property
    def sample(self) -> Sample:
        """Rows and labels only."""
        return Sample(self.rows, self.labels)


def split_of(company: int) -> Split:
    """Return the split of a company: 40 % train, 15 % tune, 20 % certify, 25 % test."""
    bucket = company * 2654435761 % 2**32 % 100  # Knuth's multiplicative hash, independent of the order of entry
    return next(split for split, below in _SHARES if bucket < below)


def parts(seed: int, count: int) -> dict[Split, Part]:
    """Return all splits of one simulation of `count` leads; the certification split has one lead of each company."""
    leads = simulate(seed, count)
    of = np.array([split_of(company) for company in leads.companies.tolist()])
    early = leads.days < CUTOFF
    chosen = {split: _part(leads, (of == split) & (early != (split == "test"))) for split, _ in _SHARES}
    _, first = np.unique(chosen["certify"].companies, return_index=True)
    chosen["certify"] = _part(leads, chosen["certify"].numbers[np.sort(first)])
    return chosen


def groups(part: Part) -> dict[str, NDArray[np.bool_]]:
    """Return masks of the leads of each region and of each source."""
    columns = {spec.name: part.rows[:, place] for place, spec in enumerate(SPECS)}
    return {
        f"{name} {value}": columns[name] == code
        for name, values in (("region", REGIONS), ("source", SOURCES))
        for code, value in enumerate(values)
    }


def join(*parts: Part) -> HeldOutRows:
    """Return the leads of several splits as held-out rows with dates."""
    rows = HeldOutRows.join(*(part.sample for part in parts))
    return replace(rows, days=np.concatenate([part.days for part in parts]), epoch=EPOCH)


def _part(leads: Leads, chosen: NDArray[np.bool_] | Ints) -> Part:
    numbers = np.flatnonzero(chosen) if chosen.dtype == bool else np.asarray(chosen, np.int64)
    return Part(
        leads.rows[numbers],
        leads.labels[numbers],
        leads.companies[numbers],
        numbers,
        leads.days[numbers],
        leads.probability[numbers],
    )
