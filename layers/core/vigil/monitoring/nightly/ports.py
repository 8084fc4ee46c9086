"""Ports of the nightly work: the ledger, labels, groups, batches, and the progress of a tenant."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from vigil.decisions.batches.chunks_model import ScoredChunk
from vigil.decisions.batches.join_model import JoinFile
from vigil.decisions.scoring.model import LedgerEntry, LedgerRow
from vigil.errors import DamagedData
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.profiles.model import Source
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.trials.evidence_model import DecisionLabel

GroupReader: TypeAlias = Callable[[LedgerRow, ModelContract], Mapping[str, str]]
"""Function that returns the values of the known group attributes of a decision by name.

Sealed and derived attributes are included. The function raises Unavailable.
"""


class VersionReader(Protocol):
    """Published model versions."""

    def version(self, model: str, version: int) -> MonitoredVersion:
        """Return a version, also after its expiry.

        Raises NotFound if its package is missing, ModelRefused for a package that fails verification, and Unavailable.
        """
        ...


class DecisionDays(Protocol):
    """Decisions of all tenants by day."""

    def entries(self, tenant_id: str, day: str) -> Iterator[LedgerEntry]:
        """Yield the decisions of a day (`2026-11-21`, UTC) that are not erased, of all models, each once.

        Raises Unavailable.
        """
        ...

    def rows(self, tenant_id: str, decision_ids: Sequence[str]) -> Iterator[LedgerRow]:
        """Yield the rows of these decisions that are not erased, in any order, read consistently. Raises Unavailable.

        A decision that is not stored has no row.
        """
        ...


class BatchProfiles(Protocol):
    """Counts of the rows of batches."""

    def parts(self, tenant_id: str, day: str) -> Iterator[tuple[str, int, Sequence[bytes]]]:
        """Yield model, version and packed profiles of the chunks that were scored on a day (`2026-11-21`, UTC).

        Each version is yielded once. The order is that of the model's name and the version. Raises Unavailable.
        """
        ...


class ScoredChunks(Protocol):
    """Scored chunks of all tenants."""

    def between(self, tenant_id: str, start: str, end: str) -> Iterable[ScoredChunk]:
        """Yield the chunks that were scored from the day `start` (`2026-11-21`, UTC) until before the day `end`.

        Each chunk is yielded once, in any order. Raises Unavailable.
        """
        ...


class JoinFiles(Protocol):
    """Join files of the scored chunks of all tenants."""

    def open(self, tenant_id: str, chunk: ScoredChunk) -> JoinFile | None:
        """Return the join file of a chunk; None if it has expired. Raises Unavailable, also for a damaged file."""
        ...


class LabelReader(Protocol):
    """Current outcomes of decisions."""

    def labels(self, decisions: Sequence[str]) -> Mapping[str, DecisionLabel]:
        """Return the labels of the decisions with a resolved outcome, by key. Raises Unavailable.

        Decisions without a resolved outcome are left out. A key is `<tenant>#<decision id>` with the stored form of the
        id (`dec_...`), or `<tenant>#<batch row id>`.
        """
        ...


class DueWeekStore(Protocol):
    """Weeks in which the labels of the decisions of a day are due."""

    def due_weeks(self, tenant_id: str, model: str, version: int, source: Source) -> Mapping[str, Mapping[str, int]]:
        """Return the number of decisions by day of the decision (`2026-11-21`), then by due week (`2026-W47`).

        Days without due labels are left out. Raises Unavailable, and DamagedData for a damaged item.
        """
        ...

    def put_due_weeks(
        self, tenant_id: str, model: str, version: int, source: Source, day: str, weeks: Mapping[str, int]
    ) -> None:
        """Store the decisions of a day by due week, in place of earlier ones of this day. Raises Unavailable."""
        ...


class ProgressStore(Protocol):
    """Progress of the nightly work by tenant. Only one run works for a tenant at a time.

    Every method raises Unavailable. `counted_through` raises DamagedData for a damaged item.
    """

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the versions that served a tenant, each once per source, in any order, without damaged ones.

        The items are read consistently.
        """
        ...

    def damaged(self, tenant_id: str) -> Collection[DamagedData]:
        """Return an error for each version of a tenant whose progress is damaged."""
        ...

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the progress of a version and source in place of its earlier progress."""
        ...

    def counted_through(self, tenant_id: str) -> str:
        """Return the last counted day of a tenant (`2026-11-21`, UTC), read consistently; "" before the first count."""
        ...

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Store the last counted day of a tenant (`2026-11-21`, UTC) in place of the earlier one."""
        ...
