"""The worker of batches without AWS: scores one chunk, from bytes to bytes."""

import io
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import lightgbm
import numpy as np

from benchmarks.batch_side import ROW_KEY
from benchmarks.flow import DiskBatches, OneModel
from benchmarks.measure import Measurement, Round
from benchmarks.model_cases import ModelCase, tenant_key
from vigil.bootstrap import process
from vigil.bootstrap.decisions import batch_scorer, count_rows
from vigil.decisions.batches import fast_rows
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import CHUNK_ROWS
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import BatchPorts, FastReader, FastReaderFactory
from vigil.kernel.rows import FeatureValue, ModelRef
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.packages.loaded import LoadedModel

GOAL = 1.25
"""Maximum ratio of times: at least 0.8 x the rate of `Booster.predict`."""
FORMATS: tuple[FileFormat, ...] = ("csv", "ndjson")


def measure_worker(case: ModelCase, form: FileFormat) -> Measurement:
    """Return the measurement of a chunk in the worker against `predict` of the package on the same numbers."""
    booster = lightgbm.Booster(model_str=case.text.decode())
    matrix = np.array([rounded(row) for row in case.rows[:CHUNK_ROWS]])
    title = f"{case.name}, {form}: a chunk of {CHUNK_ROWS:,} rows"
    predict = cpu_round(lambda: booster.predict(matrix, num_threads=1))
    return Measurement(title, cpu_round(chunk_work(case, form)), predict, GOAL)


def measure_own_code(case: ModelCase, form: FileFormat) -> Measurement:
    """Return the measurement of a chunk whose lines our C code reads against one whose lines Python reads."""
    title = f"{case.name}, {form}: lines read by our C code"
    return Measurement(title, cpu_round(chunk_work(case, form)), cpu_round(chunk_work(case, form, read_nothing)))


def read_nothing(_contract: ModelContract, _columns: Sequence[str] | None) -> FastReader:
    """Return a fast reader that reads no line."""
    return lambda lines: [None] * len(lines)


def chunk_work(case: ModelCase, form: FileFormat, fast_readers: FastReaderFactory | None = None) -> Callable[[], None]:
    """Return a function that scores one chunk of rows of the case. Our C code reads the lines if no reader is given."""
    content = rows_of_file(case, form, CHUNK_ROWS)
    disk = DiskBatches(Path(tempfile.mkdtemp()))
    model = case.loaded()
    batch = running_batch(case, form, model)
    disk.create(batch, 1)
    disk.put(batch.upload_key, content, {})
    span = ChunkRange(0, 0, len(content), 1, CHUNK_ROWS)
    ports = BatchPorts(disk, disk, disk, process.now, lambda _: None)
    read = fast_readers or fast_rows.build_fast_reader
    chunks = ChunkScoring(ports, OneModel(model), batch_scorer, read, tenant_key, count_rows)

    def score() -> None:
        disk.ledger[0] = Chunk(span)
        chunks.score("t", "b", 0, lambda: 60.0, is_last=False)

    return score


def cpu_round(work: Callable[[], object]) -> Round:
    """Return a round of one call in CPU seconds per row, which excludes other work on the machine."""

    def run(_number: int) -> float:
        started = time.thread_time()
        work()
        return (time.thread_time() - started) / CHUNK_ROWS

    return run


def running_batch(case: ModelCase, form: FileFormat, model: LoadedModel) -> Batch:
    """Return a running batch of this model."""
    pin = ModelRef(model.name, model.version, model.digest)
    now = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    batch = Batch("t", "b", case.name, form, "running", now, "c", "f", 0, pin=pin, chunks=1, row_key=ROW_KEY)
    return replace(batch, source=batch.upload_key, columns=("subject_id", *case.names))


def rounded(row: Sequence[float]) -> list[float]:
    """Return a row with six decimals, as in the files."""
    return [round(value, 6) for value in row]


def rows_of_file(case: ModelCase, form: FileFormat, count: int) -> bytes:
    """Return the rows of a file without its header."""
    file = io.StringIO()
    for number in range(count):
        features = case.contract.decode(rounded(case.rows[number % len(case.rows)]))
        if form == "csv":
            file.write(",".join([f"P-{number}", *map(_cell, features.values())]) + "\n")
        else:
            file.write(json.dumps({"subject_id": f"P-{number}", "features": features}) + "\n")
    return file.getvalue().encode()


def _cell(value: FeatureValue) -> str:
    return "" if value is None else str(value)
