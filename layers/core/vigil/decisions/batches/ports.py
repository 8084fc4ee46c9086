"""Ports of batches: stored batches and chunks, files, queues, models, quota and spend."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from vigil.access.quota.model import QuotaReservation
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange, ChunkState, ScoredChunk
from vigil.decisions.batches.files_model import FileHead, FileVersion
from vigil.decisions.batches.jobs_model import BatchJob
from vigil.decisions.batches.model import Batch, BatchListing, BatchState
from vigil.decisions.batches.row_columns_model import RowColumns
from vigil.decisions.scoring.answered_rows_model import AnsweredRows
from vigil.decisions.scoring.model import EncodedSubject
from vigil.decisions.scoring.ports import ScoringModel
from vigil.kernel.events import PublishEvent
from vigil.kernel.money import SpendLimit, SpendReservation
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.contract import ModelContract


class BatchStore(Protocol):
    """Batches and chunks of all tenants."""

    def create(self, batch: Batch, most: int) -> Batch | None:
        """Write the batch and return None; return the existing batch if its id is taken.

        Raises Conflict if the tenant has `most` unfinished batches. The bound is exact under concurrency.
        """
        ...

    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        """Return a batch, read consistently."""
        ...

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> BatchListing:
        """Return a page of a tenant's batches, newest first."""
        ...

    def unfinished_ids(self, tenant_id: str) -> list[str]:
        """Return the ids of a tenant's unfinished batches."""
        ...

    def change(
        self, batch: Batch, states: Sequence[BatchState], values: Mapping[str, Any], run: str | None = None
    ) -> Batch | None:
        """Set values if the batch is in one of these states and, if given, of this run. Return the batch, or None."""
        ...

    def end(self, batch: Batch, state: BatchState, **values: Any) -> bool:
        """End an unfinished batch and remove it from the tenant's count. Return True if this call ended it.

        The batch leaves out no subject from then on.
        """
        ...

    def add_chunks(self, batch: Batch, chunk_ranges: Sequence[ChunkRange]) -> bool:
        """Write up to 50 waiting chunks if the batch is being split by its `run`. Return False if it is not."""
        ...

    def chunks(self, batch: Batch) -> list[Chunk]:
        """Return the chunks of a split batch in order, read consistently."""
        ...

    def find_chunk(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk] | None:
        """Return a chunk and its batch, read consistently."""
        ...

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        """Write a chunk's new state if it was `was`, and its batch is not stopped and leaves out the same subjects.

        A scored chunk is listed with its profile. Returns True if written.
        """
        ...


class ScoredChunkList(Protocol):
    """Scored chunks of all tenants."""

    def find(self, tenant_id: str, batch_id: str, row: int) -> ScoredChunk | None:
        """Return the scored chunk of a batch with a row, read consistently; None if there is none."""
        ...

    def has_batch(self, tenant_id: str, batch_id: str) -> bool:
        """Return True if the tenant has this batch, with or without scored chunks."""
        ...

    def between(self, tenant_id: str, start: str, end: str) -> Iterable[ScoredChunk]:
        """Yield the chunks that were scored from `start` until before `end`, both times or days (`2026-11-21`)."""
        ...


class BatchFiles(Protocol):
    """Files by key."""

    def upload_url(self, key: str, seconds: int) -> str:
        """Return a presigned URL for PUT that expires after `seconds`."""
        ...

    def download_url(self, key: str, name: str, seconds: int) -> str:
        """Return a presigned URL for GET that expires after `seconds`. The download is saved under this name."""
        ...

    def read(self, key: str, version: str, start: int, length: int) -> bytes:
        """Return a range of a file, shorter at its end and empty behind it. Raises NotFound."""
        ...

    def put(self, key: str, content: bytes, metadata: Mapping[str, str], kept_days: int = 0) -> None:
        """Write a whole file with metadata. It expires after `kept_days`, or with its folder if they are 0."""
        ...

    def begin_upload(self, key: str, metadata: Mapping[str, str]) -> str:
        """Start a multipart upload and return its id."""
        ...

    def upload_part(self, key: str, upload: str, number: int, content: bytes) -> None:
        """Upload part `number` (from 1), at least 5 MiB except for the last. Raises NotFound for an ended upload."""
        ...

    def complete_upload(self, key: str, upload: str) -> None:
        """Join the parts into the file. Raises NotFound for an ended upload."""
        ...


class VersionedFiles(BatchFiles, Protocol):
    """Files by key and version."""

    def head(self, key: str) -> FileHead:
        """Return the latest version of a file. Raises NotFound."""
        ...

    def list_versions(self, prefix: str) -> Iterable[FileVersion]:
        """Yield every version of every file with this key prefix."""
        ...

    def delete_versions(self, versions: Sequence[FileVersion]) -> None:
        """Delete versions permanently. A missing version is not an error."""
        ...


class RowOutcomes(Protocol):
    """Outcomes of batch rows by their ids among decisions (`outcomes.model.batch_row_id`)."""

    def history(self, tenant_id: str, decision_id: str, /) -> Sequence[Mapping[str, Any]]:
        """Return all reports, in order of `recorded_at`, as JSON values."""
        ...

    def forget(self, tenant_id: str, decision_id: str, /) -> None:
        """Delete all reports. Missing ones are not an error."""
        ...


class JobSender(Protocol):
    """Sender of jobs to the queues of batches."""

    def send(self, jobs: Sequence[BatchJob]) -> None:
        """Send jobs at least once each. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class BatchPorts:
    """Ports that every step of a batch uses: split, chunk and assembly."""

    batches: BatchStore
    files: BatchFiles
    jobs: JobSender
    clock: Callable[[], datetime]
    publish: PublishEvent

    def now(self) -> str:
        """Return the current time as a timestamp."""
        return format_timestamp(self.clock())


class RowScorer(Protocol):
    """Scorer of many rows with one model version as of one time."""

    def answer_rows(self, documents: Sequence[object]) -> AnsweredRows:
        """Return the answer or the error of each row, with its facts. The text of an answer is part of a line."""
        ...


RowScorerFactory: TypeAlias = Callable[[ScoringModel, Batch], RowScorer]
"""Function that returns the scorer of a batch; its answers fit the batch's format (`results.line_writers`)."""


RowCounter: TypeAlias = Callable[[ScoringModel, RowColumns, str], bytes]
"""Function that returns the profile of the sampled rows of a chunk, given the time of its answers."""


FastReader: TypeAlias = Callable[[Sequence[bytes]], Sequence[EncodedSubject | None]]
"""Function that reads the lines that are valid beyond doubt; it returns None for each other line."""
FastReaderFactory: TypeAlias = Callable[[ModelContract, Sequence[str] | None], FastReader]
"""Function that returns the fast reader for CSV with these columns, or for NDJSON if they are None."""


class RowQuota(Protocol):
    """Monthly prediction quotas of tenants."""

    def reserve(
        self, tenant_id: str, reservation_id: str, rows: int, limit: int | None, month: str | None = None, /
    ) -> QuotaReservation:
        """Reserve rows if there is a limit. A repeated call with the same id has no effect. Raises QuotaExceeded."""
        ...

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str, /) -> QuotaReservation | None:
        """Return a reservation, also a released one, read consistently."""
        ...

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int, /) -> None:
        """Release the unused rows of a reservation. Only the first call has an effect."""
        ...


class SpendHolds(Protocol):
    """Spend reservations under hard limits."""

    def reserve(self, tenant_id: str, reservation: SpendReservation, stop: SpendLimit, /) -> None:
        """Reserve micro-dollars. A repeated call with the same id has no effect. Raises BudgetExhausted."""
        ...

    def get_reservation(self, tenant_id: str, reservation_id: str, moment: str, /) -> SpendReservation | None:
        """Return a reservation, also a released one, read consistently."""
        ...

    def release(self, tenant_id: str, reservation: SpendReservation, unused: int, /) -> None:
        """Release the unused micro-dollars of a reservation. Only the first call has an effect."""
        ...


class BatchModels(Protocol):
    """Source of verified models."""

    def champion(self, name: str) -> ScoringModel:
        """Return the current champion. Raises NotFound or Unavailable."""
        ...

    def pinned(self, name: str, version: int, digest: str) -> ScoringModel:
        """Return the model version with this digest.

        Raises ModelRefused if the package differs or has expired, or Unavailable.
        """
        ...
