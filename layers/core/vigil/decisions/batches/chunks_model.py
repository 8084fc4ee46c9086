"""Chunks of a batch: ranges of its file, their recorded results, and the progress of the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

ChunkState: TypeAlias = Literal["waiting", "done", "failed"]


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
    the rows count. `part_sha256` is a digest of the results with the tenant's key; earlier releases stored the SHA-256.
    `lost` has the first and last row of each range that took too long or was not reached in time. `scored_at` is the
    time at which the rows got their answers, `profile` the counts of its sampled rows, and `due_weeks` its rows by the
    week of their due labels; only `settle` reads these.
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
    scored_at: str = ""
    profile: bytes = b""
    due_weeks: Mapping[str, int] = field(default_factory=dict)

    @property
    def lost_ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last row of each range without a score: all rows of a failed chunk."""
        whole = (self.range.first_row, self.range.first_row + self.range.rows - 1)
        return (whole,) if self.state == "failed" else self.lost


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A scored chunk in the list of its tenant: its rows, its join file and its profile.

    `scored_at` is the time at which its rows got their answers. `due_weeks` has its rows by the week in which their
    labels are final (`2026-W47`).
    """

    batch_id: str
    model: str
    version: int
    first_row: int
    last_row: int
    scored_at: str
    join_key: str
    profile: bytes
    due_weeks: Mapping[str, int]


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
