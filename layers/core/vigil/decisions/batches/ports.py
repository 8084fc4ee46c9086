"""What batches need from outside: books of batches and chunks, files, queues, models."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from vigil.access.quota.model import Reservation
from vigil.decisions.batches.model import (
    Batch,
    BatchJob,
    BatchListing,
    BatchState,
    Chunk,
    ChunkRange,
    ChunkState,
    FileVersion,
)
from vigil.decisions.scoring.model import EncodedSubject
from vigil.decisions.scoring.ports import ScoringModel
from vigil.errors import InvalidInput
from vigil.kernel.money import HardStop, Hold
from vigil.prediction.engines.contract import ModelContract


class BatchStore(Protocol):
    """Batches of all tenants, and the ledger of their chunks."""

    def create(self, batch: Batch, most: int) -> Batch | None:
        """Write the batch if its id is free and return None; return the batch that is there otherwise.

        Raises Conflict where the tenant has `most` unfinished ones: exact, however many ask at once.
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
        """Set values if the batch is in one of these states (and its run is this one); return it, or None if not."""
        ...

    def end(self, batch: Batch, state: BatchState, **values: Any) -> bool:
        """Bring an unfinished batch to its end, and take it off its tenant's count; return whether this call did."""
        ...

    def add_chunks(self, batch: Batch, spans: Sequence[ChunkRange]) -> bool:
        """Enter up to 50 waiting chunks if the batch is being split by its `run`; return whether it is."""
        ...

    def chunks(self, batch: Batch) -> list[Chunk]:
        """Return the chunks of a batch that is split, in order, read consistently."""
        ...

    def find_chunk(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk] | None:
        """Return a chunk and its batch, read consistently."""
        ...

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        """Enter what became of a chunk that was in this state, unless its batch is stopped; return whether it is."""
        ...


class BatchFiles(Protocol):
    """Objects by key."""

    def upload_url(self, key: str, seconds: int) -> str:
        """Return an address to which one file may be sent by PUT."""
        ...

    def download_url(self, key: str, name: str, seconds: int) -> str:
        """Return an address from which a file may be had, to be saved under that name."""
        ...

    def read(self, key: str, version: str, start: int, length: int) -> bytes:
        """Return a range of a file, less at its end, nothing behind it; raise NotFound for an object not there."""
        ...

    def put(self, key: str, content: bytes, metadata: Mapping[str, str]) -> None:
        """Write a file whole; `about` becomes its metadata."""
        ...

    def begin_upload(self, key: str, metadata: Mapping[str, str]) -> str:
        """Begin a file in parts and return the upload's id."""
        ...

    def upload_part(self, key: str, upload: str, number: int, content: bytes) -> None:
        """Write part `number` (from 1): 5 MiB or more, but for the last; raise NotFound for an upload that ended."""
        ...

    def complete_upload(self, key: str, upload: str) -> None:
        """Make a file of its parts; raise NotFound for an upload that has ended."""
        ...


class VersionedFiles(BatchFiles, Protocol):
    """Objects by key and version."""

    def list_versions(self, prefix: str) -> Iterable[FileVersion]:
        """Yield every version of every file whose key begins like this."""
        ...

    def delete_versions(self, versions: Sequence[FileVersion]) -> None:
        """Remove versions of files for good; one that is gone is no error."""
        ...


class JobSender(Protocol):
    """The queues of batches."""

    def send(self, jobs: Sequence[BatchJob]) -> None:
        """Send jobs, at least once each; raise Unavailable."""
        ...


class RowScorer(Protocol):
    """One version of a model as of a moment, for many subjects."""

    def answer_rows(self, documents: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer to each row as it is written, or what is wrong with it."""
        ...


RowScorerFactory: TypeAlias = Callable[[ScoringModel, Batch], RowScorer]
"""Makes a scorer of the rows of a batch, whose answers are parts of lines in its format (`results.writers`)."""


FastReader: TypeAlias = Callable[[bytes], EncodedSubject | None]
"""Reads a line that is plainly right; None for any other."""
FastReaderFactory: TypeAlias = Callable[[ModelContract, Sequence[str] | None], FastReader]
"""Makes what reads the lines of a file: of CSV under these columns, else the objects of NDJSON."""


class RowQuota(Protocol):
    """Predictions of tenants' months."""

    def reserve(
        self, tenant_id: str, reservation_id: str, rows: int, limit: int | None, month: str | None = None, /
    ) -> Reservation:
        """Set rows aside once, or raise QuotaExceeded; nothing without a limit."""
        ...

    def reserved(self, tenant_id: str, reservation_id: str, month: str, /) -> Reservation | None:
        """Return what is set aside, or was, read consistently."""
        ...

    def release(self, tenant_id: str, reservation: Reservation, unused: int, /) -> None:
        """Give rows back, once; nothing where none are set aside."""
        ...


class SpendHolds(Protocol):
    """The money that predictions may cost under hard stops."""

    def hold(self, tenant_id: str, hold: Hold, stop: HardStop, /) -> None:
        """Set micros aside once, or raise BudgetExhausted."""
        ...

    def held(self, tenant_id: str, hold_id: str, moment: str, /) -> Hold | None:
        """Return what is set aside, or was, read consistently."""
        ...

    def release(self, tenant_id: str, hold: Hold, unused: int, /) -> None:
        """Give micros back, once; nothing where none are set aside."""
        ...


class BatchModels(Protocol):
    """Where verified models come from."""

    def champion(self, name: str) -> ScoringModel:
        """Return the model that decides now; raise NotFound or Unavailable."""
        ...

    def pinned(self, name: str, version: int, digest: str) -> ScoringModel:
        """Return an exact version that decided when it was pinned; raise ModelRefused or Unavailable."""
        ...
