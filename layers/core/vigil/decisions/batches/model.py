"""Values of batches: states, chunks, jobs, keys and progress."""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.ids import derive_id
from vigil.kernel.money import SpendLimit
from vigil.kernel.rows import ModelRef
from vigil.kernel.time import format_timestamp, next_month_start

FileFormat: TypeAlias = Literal["csv", "ndjson"]
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
FOLDERS = ("uploads", "plain", "parts", "results")
"""Top-level prefixes of the batches bucket; each has one sub-folder per tenant."""
STOPPED: tuple[BatchState, ...] = ("cancelled", "failed")
"""End states after which chunks are no longer settled."""
UNFINISHED: tuple[BatchState, ...] = ("awaiting_upload", "splitting", "running", "assembling")
BatchJobKind: TypeAlias = Literal["batch.arrival", "batch.split", "batch.chunk", "batch.assembly"]
Output: TypeAlias = Literal["results", "errors"]
ChunkState: TypeAlias = Literal["waiting", "done", "failed"]

CHUNK_ROWS = 10_000
SLOW_CHUNK_ROWS = 2_500
"""Rows per chunk for a model with several engines: a row takes ten times as long, and longer if it abstains."""
CHUNK_BYTES = 8 << 20
FATAL_ROW_BYTES = 16 << 20
"""Maximum distance between row ends, in bytes. A longer row fails the batch (usually an unclosed quote); rows between
MAX_ROW_BYTES and this are reported as bad rows."""
MAX_ROW_BYTES = 256 << 10
"""Maximum row in bytes; equals the maximum body of a score request."""
MAX_HEADER_BYTES = 64 << 10
"""Maximum header of a CSV file in bytes."""
MAX_IGNORED_COLUMNS = 200
"""Maximum columns of a CSV file that a batch with `ignore_unknown_columns` leaves out."""
MAX_NUMBER_LENGTH = 300
"""Maximum characters of a number in a cell. A longer one is out of every range."""
MAX_ROWS = 10_000_000
MAX_FILE_BYTES = 5 << 30
MAX_UNPACKED_BYTES = 1 << 30
MAX_UNPACK_RATIO = 200
"""Maximum unpacked size of a gzip file, as a multiple of its packed size."""
MAX_INLINE_ROWS = 1_000
MAX_UNFINISHED_BATCHES = 10
"""Maximum unfinished batches per tenant."""
ERASED_BYTE = b"\0"
"""Byte that replaces each byte of a row whose subject was erased while the batch ran."""
LANES = 4
"""Chunks of one batch that are scored in parallel, if the tenant has no other unfinished batch."""


@dataclass(frozen=True, slots=True)
class ChunkRange:
    """Position of chunk `index` in a file: `length` bytes from `start`, and `rows` rows from row `first_row` on."""

    index: int
    start: int
    length: int
    first_row: int
    rows: int

    def next_empty(self) -> "ChunkRange":
        """Return the empty range that follows this one."""
        return ChunkRange(self.index + bool(self.rows), self.start + self.length, 0, self.first_row + self.rows, 0)

    def extended_by(self, size: int) -> "ChunkRange":
        """Return this range with `size` more bytes."""
        return replace(self, length=self.length + size)

    def with_rows(self, rows: int) -> "ChunkRange":
        """Return this range with this number of rows."""
        return replace(self, rows=rows)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One ledger entry of a batch: a chunk, its state and counts, and the digest of its part.

    `failed` counts rows without an answer. `charged` counts the `scored` rows that are charged to the monthly quota:
    all rows of a limited tenant, but none of a chunk that was lost before, because its rows may have been released.
    With the batch's tenant, model and version, the entry is the source of usage metering; a chunk becomes done only
    once. `reserved_micros` is the part of the spend reservation that the rows used. `settled_at` is the time at which
    the rows count. `lost` has the first and last row of each range that took too long or was not reached in time.
    """

    range: ChunkRange
    state: ChunkState = "waiting"
    scored: int = 0
    failed: int = 0
    charged: int = 0
    reserved_micros: int = 0
    part_sha256: str = ""
    reason: str = ""
    settled_at: str = ""
    lost: tuple[tuple[int, int], ...] = ()

    @property
    def lost_ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last row of each range without a score: all rows of a failed chunk."""
        whole = (self.range.first_row, self.range.first_row + self.range.rows - 1)
        return (whole,) if self.state == "failed" else self.lost


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
        """Pseudonyms of the subjects that are being erased."""
        return frozenset(left.subject for left in self.left_out)

    def row_digest(self, row: bytes) -> str:
        """Return the digest of a row's bytes. Without the batch's key, a guess at the row cannot be tried."""
        if not self.row_key:
            return hashlib.sha256(row).hexdigest()
        return hmac.digest(bytes.fromhex(self.row_key), row, "sha256").hex()

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

    def make_job(self, kind: BatchJobKind, name: str, details: Mapping[str, str | int]) -> "BatchJob":
        """Return a job on this batch with the correlation id of its request."""
        return BatchJob(kind, self.tenant_id, self.batch_id, self.correlation_id, name, details)

    def chunk_job(self, index: int) -> "BatchJob":
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
        """Return the key of a chunk's part of an output. With lost rows, it has the digest of the results."""
        digest = f".{chunk.part_sha256[:16]}" if chunk.lost else ""
        return f"parts/{self.object_key(f'{kind}/{chunk.range.index:06}{digest}')}"

    def output_key(self, kind: Output) -> str:
        """Return the key of the results or errors."""
        return f"results/{self.object_key(kind)}.{self.form if kind == 'results' else 'ndjson'}"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a batch, summed over its chunks."""

    done: int
    """Rows in settled chunks."""
    failed: int
    """Rows in settled chunks without an answer."""
    lost: tuple[tuple[int, int], ...]
    """First and last row of each range of lost rows: a chunk, or a part of one."""
    settled: int
    """Settled chunks."""

    @classmethod
    def from_chunks(cls, chunks: Sequence[Chunk]) -> "Progress":
        """Return the sum over chunks."""
        ended = [chunk for chunk in chunks if chunk.state != "waiting"]
        lost = tuple(each for chunk in ended for each in chunk.lost_ranges)
        return cls(sum(c.range.rows for c in ended), sum(c.failed for c in ended), lost, len(ended))


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job for a queue, with references only. `name` is unique among the batch's jobs of one kind."""

    kind: BatchJobKind
    tenant_id: str
    batch_id: str
    correlation_id: str
    name: str
    details: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Business id. The same job always has the same id."""
        return f"{self.batch_id}.{self.kind.removeprefix('batch.')}.{self.name}"


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """Terms for all rows of a batch, fixed when its file is split."""

    flags: str = ""
    """Digest of the flag set; empty if it was unreadable."""
    withdrawn: Collection[str] = ()
    """Digests of the tenant's subjects with a withdrawn consent to scoring."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A version of a file. Reads without a version return the latest one."""

    key: str
    version: str
    latest: bool


@dataclass(frozen=True, slots=True)
class FileHead:
    """The latest version of a file: its id, which is empty if the bucket stores no versions, and its ETag."""

    version: str
    etag: str


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


def upload_key(tenant_id: str, batch_id: str) -> str:
    """Return the key of the uploaded file of a batch."""
    return f"uploads/{tenant_id}/{batch_id}/input"


def parse_upload_key(key: str) -> tuple[str, str]:
    """Return tenant and batch of an upload key. Raises ValueError for any other key."""
    match key.split("/"):
        case ["uploads", tenant_id, batch_id, "input"]:
            return tenant_id, batch_id
    raise ValueError("not an upload key")


def derive_batch_id(tenant_id: str, key: str, generation: int) -> str:
    """Return the batch id of a tenant's idempotency key; `generation` counts the key's expired uses."""
    return derive_id("bat_", "POST /v1/batches", tenant_id, key, generation)
