"""Sampled decisions of a period from the ledgers of tenants, for the explanation of a change."""

import hashlib
import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Protocol

import numpy as np

from cli.monitoring.domain_classifier import PeriodRows
from vigil.decisions.scoring.model import LedgerEntry, LedgerRow
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.grammar import read_day
from vigil.kernel.time import format_day
from vigil.prediction.engines.contract import ModelContract

MAX_SAMPLE = 5_000
"""Maximum sampled decisions of a period."""
MAX_DAYS = 92
"""Maximum days of a period."""
MAX_ENTRIES = 200_000
"""Maximum decisions of the model version in a period, from which the sample is drawn."""
MAX_READ = 2_000_000
"""Maximum decisions of all models and versions that are read for a period."""
_BATCH = 100


class DecisionDays(Protocol):
    """Decisions of all tenants by day."""

    def entries(self, tenant_id: str, day: str) -> Iterator[LedgerEntry]:
        """Yield the decisions of a day (`2026-11-21`, UTC) that are not erased, of all models. Raises Unavailable."""
        ...

    def rows(self, tenant_id: str, decision_ids: Sequence[str]) -> Iterator[LedgerRow]:
        """Yield the rows of these decisions that are not erased, in any order. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC from `start` to `end`, both included. `option` is the name of the period in errors."""

    option: str
    start: date
    end: date

    def days(self) -> Iterator[str]:
        """Yield the days (`2026-11-21`), the earliest first."""
        count = (self.end - self.start).days + 1
        return (format_day(self.start + timedelta(days=number)) for number in range(count))


def parse_periods(before: str, after: str) -> tuple[Period, Period]:
    """Return the periods of the options `--before` and `--after`, in this order.

    Raises InvalidInput as `parse_period`, and if the second period does not begin after the last day of the first one.
    """
    first, second = parse_period("--before", before), parse_period("--after", after)
    if second.start <= first.end:
        bound = f"a first day from {format_day(first.end + timedelta(days=1))} on"
        raise InvalidInput(FieldError("--after", "must begin after the last day of --before", bound))
    return first, second


def parse_period(option: str, text: str) -> Period:
    """Return the period of a text such as `2026-10-01..2026-10-31`, both days included.

    Raises InvalidInput for another form, for a last day before the first one, and for more than `MAX_DAYS` days.
    """
    bound = f"two days in UTC of at most {MAX_DAYS} days, such as 2026-10-01..2026-10-31"
    try:
        start, end = map(read_day, text.split(".."))
    except ValueError:
        raise InvalidInput(FieldError(option, "must be two days", bound)) from None
    if not timedelta() <= end - start < timedelta(days=MAX_DAYS):
        raise InvalidInput(FieldError(option, "has the wrong order or too many days", bound))
    return Period(option, start, end)


def sample_period(
    ledger: DecisionDays, tenants: Sequence[str], contract: ModelContract, version: int, period: Period
) -> PeriodRows:
    """Return the rows of at most 5,000 sampled decisions of a model version.

    Each subject of a tenant has one row. The sample has the smallest hashes of decision ids, and each subject the
    decision with the smallest one. So it is the same in every call, in the same order. Raises InvalidInput if the
    period has more than `MAX_ENTRIES` (200,000) decisions of the version, or more than `MAX_READ` (2,000,000) of all
    models. Reading ends at the first decision beyond a limit. Raises Unavailable.
    """
    listed = list(islice(_entries(ledger, tenants, (contract.name, version), period), MAX_ENTRIES + 1))
    if len(listed) > MAX_ENTRIES:
        raise _too_many(period, "has too many decisions", MAX_ENTRIES)
    chosen = heapq.nsmallest(MAX_SAMPLE, listed, key=_hash)
    found = sorted(_rows(ledger, tenants, chosen), key=lambda owned: _hash((owned[0], owned[1].decision_id)))
    rows: dict[str, tuple[float, ...]] = {}
    for tenant, row in found:
        rows.setdefault(f"{tenant}#{row.subject}", contract.encode(json.loads(row.inputs)))
    return PeriodRows(np.array(list(rows.values()), np.float64).reshape(len(rows), len(contract.features)), list(rows))


def _entries(
    ledger: DecisionDays, tenants: Sequence[str], model: tuple[str, int], period: Period
) -> Iterator[tuple[str, str]]:
    """Yield tenant and id of the decisions of a model version. Raises InvalidInput beyond `MAX_READ` entries."""
    places = ((tenant, day) for tenant in tenants for day in period.days())
    read = ((tenant, entry) for tenant, day in places for entry in ledger.entries(tenant, day))
    for count, (tenant, entry) in enumerate(read):
        if count == MAX_READ:
            raise _too_many(period, "has too many decisions of all models", MAX_READ)
        if (entry.model, entry.version) == model:
            yield tenant, entry.decision_id


def _too_many(period: Period, problem: str, limit: int) -> InvalidInput:
    return InvalidInput(FieldError(period.option, problem, f"at most {limit:,}: choose fewer days or tenants"))


def _rows(
    ledger: DecisionDays, tenants: Sequence[str], chosen: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, LedgerRow]]:
    """Yield tenant and row of the chosen decisions, which are given by tenant and id."""
    for tenant in tenants:
        ids = [decision for owner, decision in chosen if owner == tenant]
        for start in range(0, len(ids), _BATCH):
            for row in ledger.rows(tenant, ids[start : start + _BATCH]):
                yield tenant, row


def _hash(owned: tuple[str, str]) -> bytes:
    return hashlib.sha256("#".join(owned).encode()).digest()
