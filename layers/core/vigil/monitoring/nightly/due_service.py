"""Decisions of the ledger whose labels are due, joined to their outcomes."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vigil.kernel.ids import stored_decision_id
from vigil.monitoring.nightly.ports import DecisionDays, DueWeekStore, GroupReader, LabelReader, VersionReader
from vigil.monitoring.nightly.rows_model import CountedVersion
from vigil.monitoring.performance.cohorts_model import DueDecision, due_week
from vigil.monitoring.profiles.counting_model import is_sampled

if TYPE_CHECKING:
    from datetime import datetime

    from vigil.decisions.scoring.model import LedgerRow

_BATCH = 100
"""Rows that are joined to their outcomes at a time."""


class LedgerDueDecisions:
    """Decisions of single requests. The stored due weeks of each day show the days that have decisions of a week."""

    def __init__(
        self,
        ledger: DecisionDays,
        due_weeks: DueWeekStore,
        labels: LabelReader,
        models: VersionReader,
        groups: GroupReader,
    ) -> None:
        self._ledger = ledger
        self._due_weeks = due_weeks
        self._labels = labels
        self._models = models
        self._groups = groups

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels of counted decisions are due, in any order.

        Weeks after the present one are included. Raises Unavailable.
        """
        return {week for weeks in self._days(tenant_id, model, version).values() for week in weeks}

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the decisions with a probability whose labels are due in these ISO weeks (`2026-W47`), in any order.

        Erased decisions are left out. If a week has more than 10,000 decisions, all are sampled by the hash of their
        id. The sample of the largest week has about 5,000 to 10,000 decisions. Weeks without decisions are ignored.
        Raises NotFound or ModelRefused for a version without a valid package, and Unavailable.
        """
        days = {
            day: due for day, due in self._days(tenant_id, model, version).items() if not due.keys().isdisjoint(weeks)
        }
        totals: Counter[str] = Counter()
        for due in days.values():
            totals.update({week: rows for week, rows in due.items() if week in weeks})
        rows, counted = max(totals.values(), default=0), CountedVersion(self._models.version(model, version))
        for day in sorted(days):
            ids = [
                entry.decision_id
                for entry in self._ledger.entries(tenant_id, day)
                if (entry.model, entry.version) == (model, version) and is_sampled(entry.decision_id, rows)
            ]
            for start in range(0, len(ids), _BATCH):
                yield from self._joined(tenant_id, counted, ids[start : start + _BATCH], weeks)

    def _joined(
        self, tenant_id: str, counted: CountedVersion, decision_ids: Sequence[str], weeks: Collection[str]
    ) -> Iterator[DueDecision]:
        found: dict[str, tuple[LedgerRow, datetime]] = {}
        for row in self._ledger.rows(tenant_id, decision_ids):
            due_at = counted.due_at(row)
            if due_at is not None and due_week(due_at) in weeks:
                found[f"{tenant_id}#{stored_decision_id(row.decision_id)}"] = row, due_at
        labels = self._labels.labels(list(found)) if found else {}
        for key, (row, due_at) in found.items():
            yield counted.due(row, due_at, labels.get(key), self._groups(row, counted.version.contract))

    def _days(self, tenant_id: str, model: str, version: int) -> Mapping[str, Mapping[str, int]]:
        return self._due_weeks.due_weeks(tenant_id, model, version, "single")
