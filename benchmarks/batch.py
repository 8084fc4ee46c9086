"""Measures batches: `.venv/bin/python -m benchmarks.batch [--rounds N]`.

The worker alone is the work of `batches_chunk` without AWS, from bytes to bytes. It is interleaved with
`Booster.predict` of the lightgbm package on the same rows as one numpy matrix. The whole flow (split, score, assemble)
runs on files on disk in its own process, which reports its peak memory and the number of AWS calls.

`--phases` prints the time of each phase of the worker. `--against FOLDER` compares the worker with that of another
checkout. `--stack ROWS` scores a file on the embedded stack.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import batch_commits, batch_phases, batch_side
from benchmarks.batch_worker import FORMATS, measure_own_code, measure_worker, rows_of_file
from benchmarks.measure import interleave
from benchmarks.model_cases import ModelCase
from benchmarks.prices import GB_SECOND_ARM, REQUESTS
from cli import batches, native
from cli.api import connect
from models import recipe
from vigil.decisions.batches.files_model import FileFormat

FORMS = {"csv": "CSV", "ndjson": "NDJSON"}
SIZES = (10_000, 100_000, 1_000_000)

MEMORY_GB = 1.769
CALLS = {
    # port method: its AWS calls by price item
    "change": {"dynamodb write": 1},
    "end": {"dynamodb write": 4},
    "write": {"dynamodb write": 2},  # each chunk in a transaction with a check
    "chunks": {"dynamodb read": 1},
    "chunk": {"dynamodb read": 2},
    # The chunk and its listed profile in a transaction with a check of the batch, and two index entries.
    "settle": {"dynamodb write": 11},
    "read": {"s3 get": 1},
    "put": {"s3 put": 1},
    "begin": {"s3 put": 1},
    "add": {"s3 put": 1},
    "finish": {"s3 put": 1, "s3 get": 1},
    "send": {"sqs": 1},
    # Received and deleted by Lambda. The worker reads the state of the tenant.
    "message": {"sqs": 2, "lambda request": 1, "dynamodb read": 1},
}
out = Console()


def run_batch(case: ModelCase, form: FileFormat, rows: int) -> dict[str, Any]:
    """Run a whole batch in a new process; return its time, memory and AWS calls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(case.folder, folder / "package")
        (folder / "key").write_text(f"{case.key_id} {case.public_key.hex()}")
        with (folder / "input").open("wb") as file:
            if form == "csv":
                file.write(",".join(["subject_id", *case.names]).encode() + b"\n")
            content = rows_of_file(case, form, SIZES[0])
            for _ in range(rows // SIZES[0]):
                file.write(content)
        command = [sys.executable, "-m", "benchmarks.flow", name, form]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def bill(counts: Mapping[str, int], seconds: float, rows: int) -> tuple[float, float]:
    """Return AWS calls per 10,000 rows, and US dollars per million rows."""
    charged: Counter[str] = Counter()
    for name, count in counts.items():
        charged.update({item: number * count for item, number in CALLS[name].items()})
    requests = sum(REQUESTS[item] * count for item, count in charged.items())
    calls = sum(sum(CALLS[name].values()) * count for name, count in counts.items() if name != "write")
    compute = seconds * MEMORY_GB * GB_SECOND_ARM
    return calls / rows * 1e4, (requests + compute) / rows * 1e6


def measure_stack(rows: int) -> None:
    """Score a file of `wdbc` rows on the current deployment; print its rate and the number of result lines."""
    with tempfile.TemporaryDirectory() as folder, connect(None) as client:
        file, results = Path(folder) / "rows.csv", Path(folder) / "results.csv"
        write_rows(file, rows)
        batch = batches.submit(client, file, "wdbc", "csv")
        began = time.monotonic()
        batches.follow(client, batch["batch_id"])
        took = time.monotonic() - began
        out.print(f"{rows:,} rows, {file.stat().st_size >> 20} MB: {took:.0f} s, {rows / took:,.0f} rows/s")
        with batches.download(client, batch["batch_id"], "results", results).open("rb") as lines:
            out.print(f"results: {sum(1 for _ in lines) - 1:,} lines")


def write_rows(file: Path, rows: int) -> None:
    """Write a CSV file with this number of rows, made of 200 different ones."""
    samples = list(recipe.load_recipe("wdbc").samples(7, 200))
    names = list(samples[0]["features"])
    values = [",".join("" if (v := s["features"][n]) is None else repr(v) for n in names) for s in samples]
    with file.open("w") as lines:
        lines.write(",".join(["subject_id", *names]) + "\n")
        lines.writelines(f"S-{n},{values[n % len(values)]}\n" for n in range(rows))


def main() -> None:
    """Run the measurements and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--stack", type=int, metavar="ROWS", help="score ROWS rows on the embedded stack instead")
    parser.add_argument("--phases", action="store_true", help="print the time of each phase of the worker instead")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="compare with another checkout instead")
    arguments = parser.parse_args()
    if arguments.stack:
        measure_stack(arguments.stack)
        return
    native.add_to_path()
    if arguments.against:
        out.print(batch_commits.compare(arguments.against, arguments.rounds))
        return
    with tempfile.TemporaryDirectory() as work:
        case = batch_side.engine_case(Path(work), batch_side.SYNTHETIC)
        if arguments.phases:
            out.print(batch_phases.phases(case, arguments.rounds))
            return
        out.print(workers(case, arguments.rounds))
        out.print(own_code(case, arguments.rounds))
        out.print(files(case))


def workers(case: ModelCase, rounds: int) -> Table:
    """Return the table of the worker alone against the package."""
    with Progress(console=out, transient=True) as bar:
        task = bar.add_task("rounds", total=2 * (rounds + 1))
        results = interleave([measure_worker(case, form) for form in FORMATS], rounds, lambda: bar.advance(task))
    table = Table("worker alone", "us/row", "Booster.predict", "x its rate", "goal: 0.8")
    for result in results:
        times = (f"{seconds * 1e6:.1f}" for seconds in (result.ours, result.reference))
        verdict = "reached" if result.reached else "missed"
        table.add_row(result.measurement.title, *times, f"{1 / result.ratio:.2f}", verdict)
    return table


def own_code(case: ModelCase, rounds: int) -> Table:
    """Return the table of what our C code for plain lines saves."""
    results = interleave([measure_own_code(case, form) for form in FORMATS], rounds, lambda: None)
    table = Table("plain lines", "us/row", "read by Python", "$ saved / million rows")
    for result in results:
        saved = (result.reference - result.ours) * 1e6 * MEMORY_GB * GB_SECOND_ARM
        times = (f"{seconds * 1e6:.1f}" for seconds in (result.ours, result.reference))
        table.add_row(result.measurement.title, *times, f"{saved:.4f}")
    return table


def files(case: ModelCase) -> Table:
    """Return the table of whole batches of several sizes."""
    table = Table("whole batch, one core", "rows", "rows/s", "peak MB", "AWS calls / 10,000 rows", "$ / million rows")
    for form in FORMATS:
        for rows in SIZES:
            measured = run_batch(case, form, rows)
            calls, dollars = bill(measured["calls"], measured["cpu_seconds"], rows)
            rate, peak = f"{rows / measured['cpu_seconds']:,.0f}", f"{measured['peak_mb']:.0f}"
            table.add_row(FORMS[form], f"{rows:,}", rate, peak, f"{calls:.1f}", f"{dollars:.4f}")
    return table


if __name__ == "__main__":
    main()
