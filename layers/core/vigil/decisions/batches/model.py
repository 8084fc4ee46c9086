"""Values of batches: states, terms and failures."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from vigil.decisions.batches.chunks_model import Chunk
from vigil.decisions.batches.files_model import FileFormat, Output, upload_key
from vigil.decisions.batches.jobs_model import BatchJob, BatchJobKind
from vigil.decisions.batches.limits_model import LANES
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.ids import derive_id
from vigil.kernel.keyed_digests import keyed_digests
from vigil.kernel.money import SpendLimit
from vigil.kernel.pseudonyms import TenantKey
from vigil.kernel.rows import ModelRef
from vigil.kernel.time import format_timestamp, next_month_start

BatchState: TypeAlias = Literal[
    "awaiting_upload",
    "splitting",
    "running",
    "assembling",
    "completed",
    "completed_with_errors",
    "failed",
    "cancelled",
]
STOPPED: tuple[BatchState, ...] = ("cancelled", "failed")
"""End states after which chunks are no longer settled."""
UNFINISHED: tuple[BatchState, ...] = ("awaiting_upload", "splitting", "running", "assembling")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A subject whose erasure has begun, by pseudonym, and the time from which its rows are left out of a batch."""

    subject: str
    since: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A file of rows to score.

    `object_version` is the first uploaded version; `source` is the object to read, which is the unpacked one for gzip.
    `run` names the split that may write chunks, which excludes older splits. `columns` is the CSV header. Times are
    ISO 8601 in UTC.
    """

    tenant_id: str
    batch_id: str
    model: str
    form: FileFormat
    state: BatchState
    created_at: str
    correlation_id: str
    fingerprint: str
    """Digest of the order with the tenant's key. A batch of an earlier release has one without a key."""
    expires_at: int
    row_key: str = ""
    """Key of the digests of rows, in hexadecimal. A batch of before 2026-12 has none, and plain digests."""
    inline: bool = False
    ignore_unknown_columns: bool = False
    """True if columns of a CSV file that the model does not have are left out."""
    quota: int | None = None
    """Monthly predictions of the tenant at creation; None is unlimited."""
    hard_stop: SpendLimit | None = None
    """Spend limit of the tenant at creation."""
    source: str = ""
    source_version: str = ""
    object_version: str = ""
    columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    """Columns that were left out, in the order of the header."""
    run: str = ""
    pin: ModelRef | None = None
    withdrawn: str = ""
    """Key of the list of subjects without consent at the time of the split; empty without any."""
    left_out: tuple[LeftOut, ...] = ()
    """Subjects that are being erased. Their rows are not scored from then on."""
    flags: str = ""
    """Digest of the flag set for all rows; empty if it was unreadable."""
    lanes: int = LANES
    """Chunks that are scored in parallel."""
    chunk_rows: int = 0
    chunks: int = 0
    rows: int = 0
    changed_at: str = ""
    """Time at which the file arrived, or at which the last chunk was settled."""
    started_at: str = ""
    ended_at: str = ""
    reason: str = ""
    """Reason of a failure: the first of `errors`, with field and bound."""
    errors: tuple[FieldError, ...] = ()
    """Errors of the file for which the batch failed."""

    @property
    def is_unfinished(self) -> bool:
        """True until the batch reaches an end state."""
        return self.state in UNFINISHED

    @property
    def left_out_subjects(self) -> frozenset[str]:
        """Pseudonyms of the subjects whose rows are left out because their erasure has begun."""
        return frozenset(left.subject for left in self.left_out)

    def row_digests(self, rows: Sequence[bytes]) -> list[str]:
        """Return the digest of each row's bytes. Without the batch's key, a guess at a row cannot be tried."""
        if not self.row_key:
            return [hashlib.sha256(row).hexdigest() for row in rows]
        return keyed_digests(bytes.fromhex(self.row_key), rows)

    def counting_time(self, moment: str) -> str:
        """Return the time at which rows answered at `moment` count: in the month of the batch's creation, as charged.

        Rows answered after that month count in its last microsecond.
        """
        month = self.created_at[:7]
        return (
            moment
            if moment.startswith(month)
            else format_timestamp(next_month_start(month) - timedelta(microseconds=1))
        )

    def make_job(self, kind: BatchJobKind, name: str, details: Mapping[str, str | int]) -> BatchJob:
        """Return a job on this batch with the correlation id of its request."""
        return BatchJob(kind, self.tenant_id, self.batch_id, self.correlation_id, name, details)

    def chunk_job(self, index: int) -> BatchJob:
        """Return the job to score a chunk."""
        return self.make_job("batch.chunk", f"{index:06}", {"index": index})

    def object_key(self, name: str) -> str:
        """Return the key of an object of this batch, without its folder."""
        return f"{self.tenant_id}/{self.batch_id}/{name}"

    @property
    def metadata(self) -> dict[str, str]:
        """Metadata of the result objects."""
        known = {"batch": self.batch_id, "correlation-id": self.correlation_id, "model": self.model}
        pin = {"model-version": str(self.pin.version), "model-digest": self.pin.digest} if self.pin else {}
        return known | pin

    @property
    def upload_key(self) -> str:
        """Key of the uploaded file."""
        return upload_key(self.tenant_id, self.batch_id)

    def part_key(self, chunk: Chunk, kind: Output) -> str:
        """Return the key of the file with a chunk's part of an output. It has a digest if the chunk has lost rows."""
        digest = f".{chunk.part_sha256[:16]}" if chunk.lost else ""
        return f"parts/{self.object_key(f'{kind}/{chunk.range.index:06}{digest}')}"

    def join_key(self, chunk: Chunk) -> str:
        """Return the key of a chunk's join file. It has the same digest as the key of the part."""
        return self.part_key(chunk, "results").replace("parts/", "joins/", 1).replace("/results/", "/", 1)

    def output_key(self, kind: Output) -> str:
        """Return the key of the results or errors."""
        return f"results/{self.object_key(kind)}.{self.form if kind == 'results' else 'ndjson'}"


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """Terms for all rows of a batch, fixed when its file is split."""

    flags: str = ""
    """Digest of the flag set; empty if it was unreadable."""
    withdrawn: Collection[str] = ()
    """Digests of the tenant's subjects with a withdrawn consent to scoring."""


@dataclass(frozen=True, slots=True)
class BatchListing:
    """One page of batches, newest first, and the position of the next page."""

    batches: tuple[Batch, ...]
    next: dict[str, str] | None


def lanes_beside(unfinished: int) -> int:
    """Return the lanes of a batch that starts while its tenant has this many unfinished batches, itself included.

    The k-th of a tenant's running batches started beside k or more unfinished ones. Their lanes are hence at most
    4 + 2 + 8, fewer than the workers for chunks: every other tenant finds a free worker.
    """
    return max(1, LANES // max(1, unfinished))


def failure(error: InvalidInput) -> dict[str, Any]:
    """Return the values of a batch that failed with these errors. The reason is the first one."""
    first, *more = error.errors
    reason = f"{first.field}: {first.message}" + (f" ({first.bound})" if first.bound else "")
    return {"reason": reason + (f"; `errors` has {len(more)} more" if more else ""), "errors": error.errors}


def derive_batch_id(tenant: TenantKey, key: str, generation: int) -> str:
    """Return the batch id of a tenant's idempotency key; `generation` counts the key's expired uses."""
    return derive_id("bat_", "POST /v1/batches", tenant, key, generation)
