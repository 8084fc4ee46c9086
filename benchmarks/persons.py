"""Measures erasure and export of persons: `.venv/bin/python -m benchmarks.persons`.

Files of batches are in memory, so that the figures are the CPU time of one process without S3. The person has one row
per thousand. An erasure takes its steps until it ends. The longest step must fit into the time of the function.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.model_cases import tenant_key
from vigil.bootstrap import process
from vigil.decisions.batches import results, row_boundaries
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.files_model import FileFormat, FileVersion
from vigil.decisions.batches.limits_model import CHUNK_ROWS
from vigil.decisions.batches.model import Batch, BatchListing, LeftOut
from vigil.decisions.batches.person_rows import PersonRows
from vigil.errors import FieldError, InvalidInput
from vigil.privacy.persons.model import Person

FORMS: tuple[FileFormat, ...] = ("csv", "ndjson")
MEGABYTES = (10, 50)
EVERY = 1_000
"""Rows per row of the person; the row behind it is a bad row of another person."""
FEATURES = 20
NAMES = [f"feature_{number:02}" for number in range(FEATURES)]
PERSON = "P-person"
EARLY, LATE = "2026-03-01T12:00:00.000000Z", "2026-03-01T13:00:00.000000Z"


@dataclass
class MemoryStore:
    """One batch with its chunks, and its files without versions other than the latest."""

    batch: Batch
    ledger: list[Chunk] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def get(self, _tenant_id: str, _batch_id: str) -> Batch:
        """Return the batch."""
        return self.batch

    def page(self, _tenant_id: str, _after: dict[str, str] | None, _limit: int) -> BatchListing:
        """Return the batch as the only one."""
        return BatchListing((self.batch,), None)

    def unfinished_ids(self, _tenant_id: str) -> list[str]:
        """Return the batch if it is running."""
        return [self.batch.batch_id] if self.batch.is_unfinished else []

    def change(self, _batch: Batch, _states: Sequence[str], values: Mapping[str, Any]) -> Batch:
        """Set values of the batch."""
        self.batch = replace(self.batch, **values)
        return self.batch

    def chunks(self, _batch: Batch) -> list[Chunk]:
        """Return the chunks."""
        return self.ledger

    def read(self, key: str, _version: str, start: int, length: int) -> bytes:
        """Return a range of a file."""
        return self.files[key][start : start + length if length >= 0 else None]

    def put(self, key: str, content: bytes, _metadata: Mapping[str, str]) -> None:
        """Replace a file."""
        self.files[key] = content

    def list_versions(self, prefix: str) -> Iterator[FileVersion]:
        """Yield the files with a prefix."""
        yield from [FileVersion(key, "1", latest=True) for key in list(self.files) if key.startswith(prefix)]

    def delete_versions(self, _versions: Sequence[FileVersion]) -> None:
        """Delete nothing, so that a file can be measured again."""

    def begin_upload(self, key: str, _metadata: Mapping[str, str]) -> str:
        """Start an upload."""
        self.uploads[key] = {}
        return key

    def upload_part(self, _key: str, upload: str, number: int, content: bytes) -> None:
        """Store a part."""
        self.uploads[upload][number] = content

    def complete_upload(self, key: str, upload: str) -> None:
        """Join the parts."""
        self.files[key] = b"".join(content for _, content in sorted(self.uploads.pop(upload).items()))


def input_rows(form: FileFormat, size: int) -> list[bytes]:
    """Return rows of at least `size` bytes in total."""
    rows, length = list[bytes](), 0
    while length < size:
        number = len(rows)
        subject = PERSON if number % EVERY == 0 else f"P-{number}"
        values = [round(number * 0.37 % 100 + place, 3) for place in range(FEATURES)]
        if number % EVERY == 1:
            values[0] = 1e9
        if form == "csv":
            row = ",".join([subject, *map(repr, values)]).encode()
        else:
            row = json.dumps({"subject_id": subject, "features": dict(zip(NAMES, values, strict=True))}).encode()
        rows.append(row + b"\n")
        length += len(row) + 1
    return rows


def result_lines(form: FileFormat, count: int) -> tuple[bytes, bytes]:
    """Return results and errors of this many rows."""
    bad, digest = InvalidInput(FieldError("features.feature_00", "is too large", "at most 100")), "0" * 64
    answer, error = results.line_writers(form)
    lines, errors = list[str](), list[str]()
    for number in range(1, count + 1):
        subject = PERSON if (number - 1) % EVERY == 0 else f"P-{number - 1}"
        if (number - 1) % EVERY == 1:
            lines.append(error(number, digest, bad))
            errors.append(results.format_error(number, digest, bad))
        elif form == "csv":
            lines += answer(number, [digest], [f"{subject},0.5,0.1,low,negative,,,linear,,{EARLY},,toy,1,,,"])
        else:
            members = {"subject_id": subject, "probability": 0.5, "raw_score": 0.1, "band": "low", "as_of": EARLY}
            lines += answer(number, [digest], [json.dumps(members)[1:]])
    return "\n".join([*lines, ""]).encode(), "\n".join([*errors, ""]).encode()


def scene(form: FileFormat, size: int, *, is_running: bool, packed: bool = False) -> MemoryStore:
    """Return a batch with an input of this size, and with its results or their parts."""
    rows = input_rows(form, size)
    head = ",".join(["subject_id", *NAMES]).encode() + b"\n" if form == "csv" else b""
    content = head + b"".join(rows)
    columns = ("subject_id", *NAMES) if form == "csv" else ()
    batch = Batch("t", "bat_1", "toy", form, "running", EARLY, "c", "f", 0, columns=columns)
    batch = replace(batch, source=batch.upload_key, source_version="1", chunks=1)
    store = MemoryStore(batch, files={batch.upload_key: gzip.compress(content, 1) if packed else content})
    spans = row_boundaries.find_chunks([content], form, ChunkRange(0, len(head), 0, 1, 0), CHUNK_ROWS)
    store.ledger = [Chunk(span, "done", part_sha256="0") for span in spans]
    lines, errors = result_lines(form, len(rows))
    if not is_running:
        store.batch = replace(batch, state="completed")
        store.files |= {batch.output_key("results"): results.header_line(form).encode() + lines}
        store.files |= {batch.output_key("errors"): errors}
        return store
    by_row = lines.splitlines(keepends=True)
    for chunk in store.ledger:
        first, last = chunk.range.first_row - 1, chunk.range.first_row - 1 + chunk.range.rows
        store.files[batch.part_key(chunk, "results")] = b"".join(by_row[first:last])
    store.batch = replace(batch, left_out=(LeftOut(tenant_key("t").pseudonym(PERSON), EARLY),))
    return store


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of all steps and of the longest one, and the size of the input in bytes."""

    seconds: float
    longest: float
    size: int


def take_steps(store: MemoryStore, first: Any, step: Callable[[Any], Any]) -> Cost:
    """Take steps until one returns None or an empty value, and return their cost."""
    size, times, following = sum(map(len, store.files.values())), list[float](), first
    while True:
        began = time.process_time()
        following = step(following)
        times.append(time.process_time() - began)
        if not following:
            return Cost(sum(times), max(times), size)


class NoOutcomes:
    """Outcomes of batch rows, of which there are none."""

    def history(self, _tenant_id: str, _decision_id: str) -> Sequence[Mapping[str, Any]]:
        """Return no reports."""
        return ()

    def forget(self, _tenant_id: str, _decision_id: str) -> None:
        """Delete nothing."""


def person_rows(store: Any) -> PersonRows:
    """Return the search and erasure over a store, which has the methods that they need."""
    return PersonRows(store, store, tenant_key, NoOutcomes(), process.now, timedelta())


def search(rows: PersonRows, person: Person, after: Any) -> Any:
    """Take a step of a search and return the next position."""
    return rows.find(person, after).after


def export(rows: PersonRows, person: Person, after: Any) -> Any:
    """Return the position behind a part of an export."""
    return rows.read(person, after, lambda: 60.0).after


def measure(form: FileFormat, megabytes: int) -> Iterator[tuple[str, Cost]]:
    """Yield the costs of search, export and erasure."""
    size, key = megabytes * 10**6, tenant_key("t")
    nobody, person = (Person("t", key.pseudonym(name), LATE) for name in ("nobody", PERSON))
    for packed in (False, True):
        store = scene(form, size, is_running=False, packed=packed)
        rows = person_rows(store)
        title = " (gzip)" if packed else ""
        yield f"search without a find{title}", take_steps(store, None, partial(search, rows, nobody))
        yield f"export{title}", take_steps(store, None, partial(export, rows, person))
    for is_running in (False, True):
        store = scene(form, size, is_running=is_running)
        rows = person_rows(store)
        title = "erasure, running batch" if is_running else "erasure, ended batch"
        yield title, take_steps(store, ({"batch": "bat_1"},), partial(rows.delete, person))


def digest_seconds() -> float:
    """Return the CPU seconds of the keyed digests of a chunk's rows."""
    batch = Batch("t", "b", "toy", "csv", "running", EARLY, "c", "f", 0, row_key="0" * 32)
    rows = input_rows("csv", CHUNK_ROWS * 200)[:CHUNK_ROWS]
    began = time.process_time()
    batch.row_digests(rows)
    return (time.process_time() - began) / len(rows) * CHUNK_ROWS


def main() -> None:
    """Print the tables."""
    table = Table("format", "input MB", "work", "files MB", "CPU s", "ms per MB", "longest step s")
    for form in FORMS:
        for megabytes in MEGABYTES:
            for title, cost in measure(form, megabytes):
                stored = cost.size / 1e6
                figures = (f"{cost.seconds:.2f}", f"{cost.seconds / stored * 1e3:.0f}", f"{cost.longest:.2f}")
                table.add_row(form, str(megabytes), title, f"{stored:.0f}", *figures)
    Console(width=120).print(table)
    Console().print(f"Keyed digests of {CHUNK_ROWS:,} rows: {digest_seconds() * 1e3:.1f} ms of CPU")


if __name__ == "__main__":
    main()
