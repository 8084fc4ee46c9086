"""What a batch is: its states, its chunks, and what its progress amounts to. Pure values and rules."""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal, TypeAlias

from vigil.kernel.money import HardStop
from vigil.kernel.time import format_timestamp, next_month_start

Format: TypeAlias = Literal["csv", "ndjson"]
State: TypeAlias = Literal[
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
"""Of the bucket; in each, a tenant's objects lie in a folder of its own."""
STOPPED: tuple[State, ...] = ("cancelled", "failed")
"""No chunk of such a batch is settled any more."""
UNFINISHED: tuple[State, ...] = ("awaiting_upload", "splitting", "running", "assembling")
JobKind: TypeAlias = Literal["batch.split", "batch.chunk", "batch.assembly"]
Output: TypeAlias = Literal["results", "errors"]
ChunkState: TypeAlias = Literal["waiting", "done", "failed"]

CHUNK_ROWS = 10_000
SLOW_CHUNK_ROWS = 2_500
"""Of a model of several engines, which takes ten times as long for a row, and more where it abstains."""
CHUNK_BYTES = 8 << 20
LONGEST_ROW = 16 << 20
"""In the file: what is longer has no end, and ends the batch. Above ROW_BYTES a row is one that is wrong."""
ROW_BYTES = 256 << 10
"""As much as the body of a request may have."""
MOST_ROWS = 10_000_000
MOST_BYTES = 5 << 30
MOST_UNPACKED = 1 << 30
MOST_RATIO = 200
"""How often its own size a gzip file may unpack to."""
MOST_INLINE = 1_000
MOST_UNFINISHED = 10
"""Batches of one tenant that are not at an end."""
LANES = 4
"""Chunks of one batch that are worked on at a time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Chunk number `index` of a file: `length` bytes from `start`, which hold `rows` rows from `first_row` (1) on."""

    index: int
    start: int
    length: int
    first_row: int
    rows: int

    def following(self) -> "Span":
        """Return the empty chunk behind this one."""
        return Span(self.index + bool(self.rows), self.start + self.length, 0, self.first_row + self.rows, 0)

    def longer(self, by: int) -> "Span":
        """Return this chunk with more bytes."""
        return replace(self, length=self.length + by)

    def holding(self, rows: int) -> "Span":
        """Return this chunk with so many rows."""
        return replace(self, rows=rows)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One entry of the ledger of a batch: a chunk, what became of it and when, and the digest of its part.

    `failed` counts rows that got no answer, `charged` those of the `scored` that count against the month's quota: all
    of a limited tenant's, but none of a chunk that was given up before, whose rows may have been given back. With the
    batch's tenant, model and version, it is what a meter needs; a chunk becomes done once. `reserved_micros` is what of
    the money that was set aside under a hard stop the charged rows took. `settled_at` is the time at which rows count.
    """

    span: Span
    state: ChunkState = "waiting"
    scored: int = 0
    failed: int = 0
    charged: int = 0
    reserved_micros: int = 0
    part_sha256: str = ""
    reason: str = ""
    settled_at: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """The model that scores a batch, the same for all of its rows."""

    name: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A file of rows to score.

    `object_version` is what arrived first; `source` is the object that is read, unpacked where it came packed. `run`
    names the split that may write chunks, so that an older one cannot. `columns` are those of the CSV header. Times
    are ISO 8601 in UTC.
    """

    tenant_id: str
    batch_id: str
    model: str
    form: Format
    state: State
    created_at: str
    correlation_id: str
    fingerprint: str
    expires_at: int
    inline: bool = False
    quota: int | None = None
    """The tenant's predictions per month when it asked; None is without limit."""
    hard_stop: HardStop | None = None
    """What the tenant's predictions might cost when it asked."""
    source: str = ""
    source_version: str = ""
    object_version: str = ""
    columns: tuple[str, ...] = ()
    run: str = ""
    pin: Pin | None = None
    withdrawn: str = ""
    """The key of the list of who had withdrawn the consent to scoring when the file was split; none if nobody had."""
    flags: str = ""
    """The digest of the set of flags that all of its rows are scored under; none where none could be read."""
    chunk_rows: int = 0
    chunks: int = 0
    rows: int = 0
    started_at: str = ""
    ended_at: str = ""
    reason: str = ""
    """Why it failed, in words that name field and bound."""

    @property
    def unfinished(self) -> bool:
        """Whether something is still to come."""
        return self.state in UNFINISHED

    def counted_at(self, moment: str) -> str:
        """Return when rows that are answered at a moment count: in the month in which they were asked for, as charged.

        What is answered after its end counts in its last microsecond.
        """
        month = self.created_at[:7]
        return (
            moment
            if moment.startswith(month)
            else format_timestamp(next_month_start(month) - timedelta(microseconds=1))
        )

    def job(self, kind: JobKind, name: str, details: Mapping[str, str | int]) -> "Job":
        """Return a piece of work on this batch, under the correlation id of the request that made it."""
        return Job(kind, self.tenant_id, self.batch_id, self.correlation_id, name, details)

    def chunk(self, index: int) -> "Job":
        """Return the work of scoring a chunk."""
        return self.job("batch.chunk", f"{index:06}", {"index": index})

    def key(self, name: str) -> str:
        """Return the key of one of this batch's objects."""
        return f"{self.tenant_id}/{self.batch_id}/{name}"

    @property
    def about(self) -> dict[str, str]:
        """What is noted on each object of this batch's results."""
        known = {"batch": self.batch_id, "correlation-id": self.correlation_id, "model": self.model}
        pin = {"model-version": str(self.pin.version), "model-digest": self.pin.digest} if self.pin else {}
        return known | pin

    @property
    def upload(self) -> str:
        """The key under which the file arrives."""
        return f"uploads/{self.key('input')}"

    def part(self, index: int, kind: Output) -> str:
        """Return the key of a chunk's part of the results, or of the errors."""
        return f"parts/{self.key(f'{kind}/{index:06}')}"

    def output(self, kind: Output) -> str:
        """Return the key of the results, or of the errors."""
        return f"results/{self.key(kind)}.{self.form if kind == 'results' else 'ndjson'}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is, added up from its chunks."""

    done: int
    """Rows that were looked at."""
    failed: int
    """Those of them without an answer."""
    lost: tuple[tuple[int, int], ...]
    """First and last row of each chunk that was given up."""
    settled: int
    """Chunks that are at an end."""

    @classmethod
    def of(cls, chunks: Sequence[Chunk]) -> "Progress":
        """Add chunks up."""
        ended = [chunk for chunk in chunks if chunk.state != "waiting"]
        lost = tuple((c.span.first_row, c.span.first_row + c.span.rows - 1) for c in ended if c.state == "failed")
        return cls(sum(c.span.rows for c in ended), sum(c.failed for c in ended), lost, len(ended))


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work on a batch, for a queue: references only. `name` tells it from the others of its kind."""

    kind: JobKind
    tenant_id: str
    batch_id: str
    correlation_id: str
    name: str
    details: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The business id: the same work has the same one, however often it is sent."""
        return f"{self.batch_id}.{self.kind.removeprefix('batch.')}.{self.name}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all rows of a batch from the moment its file is split."""

    flags: str = ""
    """The digest of the set of flags; none where none could be read."""
    withdrawn: Collection[str] = ()
    """Digests of the tenant's subjects who have withdrawn the consent to scoring."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A version of a file; only the latest one is found without being named."""

    key: str
    version: str
    latest: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of batches, newest first, and the position after it."""

    batches: tuple[Batch, ...]
    next: dict[str, str] | None


def owner(key: str) -> tuple[str, str]:
    """Return tenant and batch of an upload's key; raise ValueError for any other key."""
    match key.split("/"):
        case ["uploads", tenant_id, batch_id, "input"]:
            return tenant_id, batch_id
    raise ValueError("not the key of an upload")


def batch_id(tenant_id: str, key: str, generation: int) -> str:
    """Return the id that a tenant's idempotency key leads to; `generation` counts the key's expired uses."""
    seed = f"POST /v1/batches\n{tenant_id}\n{generation}\n{key}".encode()
    return "bat_" + base64.b32hexencode(hashlib.sha256(seed).digest()[:20]).decode().lower()
