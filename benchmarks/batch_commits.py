"""Compares the worker of batches with that of another checkout, such as a worktree of an earlier commit.

Both run in processes of their own, which score the same chunk in turns. Results must be equal byte for byte.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmarks import batch_side, model_cases
from benchmarks.batch_worker import FORMATS, rows_of_file
from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import CHUNK_ROWS

ROOT = Path(__file__).parents[1]
MODELS = (batch_side.SYNTHETIC, "iit", "leads")
"""Models of the comparison: numbers only, and two packages whose engines split on categories."""
GOAL = 0.75
"""Maximum ratio of the time per row to that of the other checkout."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    model: str
    form: FileFormat
    file: Path


class _Process:
    """A process that scores a chunk in one checkout."""

    def __init__(self, checkout: Path, chunk: _Chunk) -> None:
        paths = os.pathsep.join([str(checkout), str(checkout / "layers" / "core")])
        command = [
            sys.executable,
            batch_side.__file__,
            chunk.model,
            chunk.form,
            str(model_cases.PACKAGES),
            str(chunk.file),
        ]
        self._process = subprocess.Popen(
            command, cwd=checkout, env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, request: str) -> str:
        """Return the answer to a request of `batch_side`."""
        assert self._process.stdin  # noqa: S101 - a pipe
        assert self._process.stdout  # noqa: S101 - a pipe
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def compare(other: Path, rounds: int) -> Table:
    """Return the table of the worker of this checkout beside that of another one."""
    workers = ("us/row", "other", f"ratio (goal {GOAL})", "predict", "x its rate", "other")
    table = Table("worker", *workers, "peak MB", "other", "same bytes")
    with tempfile.TemporaryDirectory() as work:
        for chunk in _chunks(Path(work)):
            with _running(other.resolve(), chunk) as (ours, others):
                table.add_row(f"{chunk.model}, {chunk.form}", *_cells(ours, others, rounds))
    return table


def _chunks(work: Path) -> Iterator[_Chunk]:
    for model in MODELS:
        case = batch_side.engine_case(work, model)
        for form in FORMATS:
            file = work / f"{model}.{form}"
            file.write_bytes(rows_of_file(case, form, CHUNK_ROWS))
            yield _Chunk(model, form, file)


@contextmanager
def _running(other: Path, chunk: _Chunk) -> Iterator[tuple[_Process, _Process]]:
    with ExitStack() as stack:
        first, second = (_Process(checkout, chunk) for checkout in (ROOT, other))
        stack.callback(first.close)
        stack.callback(second.close)
        yield first, second


def _cells(ours: _Process, others: _Process, rounds: int) -> Iterator[str]:
    for process in (ours, others):
        process.ask("worker")  # a warm-up
    times = [_round(ours, others, number) for number in range(rounds)]
    mine, theirs, predict = (median(column) for column in zip(*times, strict=True))
    yield f"{mine:.2f}"
    yield f"{theirs:.2f}"
    yield f"{median(a / b for a, b, _ in times):.2f}"
    yield f"{predict:.2f}"
    for side in (0, 1):
        yield f"{median(row[2] / row[side] for row in times):.2f}"
    for process in (ours, others):
        yield f"{int(process.ask('peak')) / 1e6:.1f}"
    yield "yes" if ours.ask("digest") == others.ask("digest") else "no"


def _round(ours: _Process, others: _Process, number: int) -> tuple[float, float, float]:
    """Return the microseconds per row of both workers and of `Booster.predict`; the side that runs first alternates."""
    times = dict[int, float]()
    for side in (0, 1) if number % 2 else (1, 0):
        times[side] = float((ours, others)[side].ask("worker")) * 1e6
    return times[0], times[1], float(ours.ask("predict")) * 1e6
