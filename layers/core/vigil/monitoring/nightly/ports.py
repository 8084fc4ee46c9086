"""Ports of the nightly work: the ledger, labels, groups, batches, and the progress of a tenant."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from vigil.decisions.batches.chunks_model import ScoredChunk
from vigil.decisions.batches.join_model import JoinFile
from vigil.decisions.scoring.model import LedgerEntry, LedgerRow
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.trials.evidence_model import DecisionLabel

GroupReader: TypeAlias = Callable[[LedgerRow, ModelContract], Mapping[str, str]]
"""Function that returns the value of each known group attribute of a decision, also of sealed and derived ones."""


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
        """Yield the decisions of a day (`2026-11-21`, UTC) that are not erased, of all models. Raises Unavailable."""
        ...

    def rows(self, tenant_id: str, decision_ids: Sequence[str]) -> Iterator[LedgerRow]:
        """Yield the rows of these decisions that are not erased, in any order, read consistently. Raises Unavailable.

        A decision that is not stored has no row.
        """
        ...


class BatchProfiles(Protocol):
    """Counts of the rows of batches."""

    def profiles(self, tenant_id: str, day: str) -> Iterator[tuple[str, int, Profile]]:
        """Yield model, version and profile of all batch rows that were answered on a day (`2026-11-21`, UTC).

        Each version has one profile. Raises Unavailable.
        """
        ...


class ScoredChunks(Protocol):
    """Scored chunks of all tenants."""

    def between(self, tenant_id: str, start: str, end: str) -> Iterable[ScoredChunk]:
        """Yield the chunks that were scored from the day `start` (`2026-11-21`, UTC) until before the day `end`.

        Each chunk comes once. Raises Unavailable.
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

        A key is `<tenant>#<decision id>` with the stored form of the id (`dec_...`), or `<tenant>#<batch row id>`.
        """
        ...


class DueWeekStore(Protocol):
    """Weeks in which the labels of the decisions of a day are due."""

    def due_weeks(self, tenant_id: str, model: str, version: int, source: Source) -> Mapping[str, Mapping[str, int]]:
        """Return the number of decisions by day of the decision (`2026-11-21`), then by due week (`2026-W47`).

        Days without due labels are left out. Raises Unavailable.
        """
        ...

    def put_due_weeks(
        self, tenant_id: str, model: str, version: int, source: Source, day: str, weeks: Mapping[str, int]
    ) -> None:
        """Store the decisions of a day by due week, in place of earlier ones of this day. Raises Unavailable."""
        ...


class ProgressStore(Protocol):
    """Progress of the nightly work by tenant. Only one run works for a tenant at a time. Methods raise Unavailable."""

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the versions that served a tenant, each once per source, read consistently."""
        ...

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the progress of a version and source in place of its earlier progress."""
        ...

    def counted_through(self, tenant_id: str) -> str:
        """Return the last counted day (`2026-11-21`) of a tenant, read consistently; "" before the first count."""
        ...

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Store the last counted day (`2026-11-21`)."""
        ...
