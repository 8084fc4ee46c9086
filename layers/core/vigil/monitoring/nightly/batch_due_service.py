"""Rows of batches whose labels are due, from their join files, joined to their outcomes."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

from vigil.decisions.batches.chunks_model import ScoredChunk
from vigil.decisions.batches.join_model import JoinedRow, JoinFile
from vigil.decisions.outcomes.model import batch_row_id
from vigil.decisions.scoring.groups_model import SubjectGroups
from vigil.kernel.rows import NAN
from vigil.kernel.time import format_day
from vigil.monitoring.nightly.ports import JoinFiles, LabelReader, ScoredChunks, VersionReader
from vigil.monitoring.nightly.rows_model import label_of
from vigil.monitoring.performance.cohorts_model import DueDecision, due_week
from vigil.monitoring.profiles.counting_model import group_names, is_sampled
from vigil.prediction.engines.contract import MAX_DUE_DAYS, ModelContract
from vigil.prediction.trials.evidence_model import DecisionLabel

_BATCH = 100
"""Rows that are joined to their outcomes at a time."""


class BatchDueDecisions:
    """Rows of batches. Each scored chunk states the weeks in which its labels are due.

    `is_completed` gets a tenant and a batch id, and returns False for a batch without results. People do not act on its
    rows, so that they have no labels.
    """

    def __init__(
        self,
        chunks: ScoredChunks,
        files: JoinFiles,
        labels: LabelReader,
        models: VersionReader,
        is_completed: Callable[[str, str], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self._chunks = chunks
        self._files = files
        self._labels = labels
        self._models = models
        self._is_completed = is_completed
        self._clock = clock

    def weeks(self, tenant_id: str, model: str, version: int) -> Collection[str]:
        """Return the ISO weeks (`2026-W47`) in which labels of scored rows are due, also later ones, in any order.

        Batches without results are included. Chunks that were scored more than ten years ago are left out. Raises
        Unavailable.
        """
        return {week for chunk in self._scored(tenant_id, model, version) for week in chunk.due_weeks}

    def due_in(self, tenant_id: str, model: str, version: int, weeks: Collection[str]) -> Iterator[DueDecision]:
        """Yield the rows with a probability whose labels are due in these ISO weeks (`2026-W47`), in any order.

        Batches without results and chunks without their join file are left out. If a week has more than 10,000 rows,
        all rows are sampled by the hash of their id. The sample of the largest week has about 5,000 to 10,000 rows.
        Weeks without rows are ignored. Raises NotFound or ModelRefused for a version without a valid package, and
        Unavailable.
        """
        chunks = [
            chunk for chunk in self._scored(tenant_id, model, version) if not chunk.due_weeks.keys().isdisjoint(weeks)
        ]
        totals, completed = Counter[str](), dict[str, bool]()
        for chunk in chunks:
            totals.update({week: rows for week, rows in chunk.due_weeks.items() if week in weeks})
        most, contract = max(totals.values(), default=0), self._models.version(model, version).contract
        for chunk in chunks:
            if chunk.batch_id not in completed:
                completed[chunk.batch_id] = self._is_completed(tenant_id, chunk.batch_id)
            file = self._files.open(tenant_id, chunk) if completed[chunk.batch_id] else None
            rows = list(_due_rows(file, chunk, weeks, most)) if file else []
            for start in range(0, len(rows), _BATCH):
                yield from self._joined(tenant_id, contract, chunk.batch_id, rows[start : start + _BATCH])

    def _scored(self, tenant_id: str, model: str, version: int) -> Iterator[ScoredChunk]:
        """Yield the chunks whose labels can still be due."""
        now = self._clock()
        start, end = now - timedelta(days=MAX_DUE_DAYS), now + timedelta(days=1)
        found = self._chunks.between(tenant_id, format_day(start), format_day(end))
        return (chunk for chunk in found if (chunk.model, chunk.version) == (model, version))

    def _joined(
        self, tenant_id: str, contract: ModelContract, batch_id: str, rows: Sequence[JoinedRow]
    ) -> Iterator[DueDecision]:
        keys = [f"{tenant_id}#{batch_row_id(batch_id, row.row)}" for row in rows]
        labels = self._labels.labels(keys)
        for key, row in zip(keys, rows, strict=True):
            yield _due_decision(row, labels.get(key), contract)


def _due_rows(file: JoinFile, chunk: ScoredChunk, weeks: Collection[str], most: int) -> Iterator[JoinedRow]:
    """Yield the sampled rows of a chunk that are due in some weeks; `most` is the largest number of rows of a week."""
    for number in range(chunk.first_row, chunk.last_row + 1):
        row = file.find(number) if is_sampled(batch_row_id(chunk.batch_id, number), most) else None
        if row and row.probability is not None and row.due_at is not None and due_week(row.due_at) in weeks:
            yield row


def _due_decision(row: JoinedRow, label: DecisionLabel | None, contract: ModelContract) -> DueDecision:
    assert row.probability is not None  # noqa: S101 - `_due_rows` yields rows with a probability
    assert row.due_at is not None  # noqa: S101 - and with a due label
    return DueDecision(
        probability=row.probability,
        flagged=row.is_flagged,
        due_at=row.due_at,
        label=label_of(label),
        treated=label is not None and label.treated,
        groups=_groups_of(row, contract),
    )


def _groups_of(row: JoinedRow, contract: ModelContract) -> tuple[str, ...]:
    combinations = [*((attribute.name,) for attribute in contract.groups), *contract.intersections]
    if not combinations:
        return ()
    groups = SubjectGroups(contract)
    values = [row.features.get(spec.name, NAN) for spec in contract.features]
    return tuple(group_names({**groups.known(row.groups), **groups.derive(values)}, combinations))
