"""Compares Vigil's scoring with the lightgbm package and its C library.

Run `.venv/bin/python -m benchmarks.scoring [--quick]`. All measurements are interleaved in one run over distinct rows:
a single repeated row would seem several times faster, because the branch predictor learns it. The lightgbm package runs
without pandas and scikit-learn, which is its best case: it imports them if they are installed.
"""

import argparse
import json
import math
import os
import platform
import tempfile
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np
from pydantic_core import from_json, to_json
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import handler
from benchmarks.decision import decision_measurements
from benchmarks.init import first_invocation
from benchmarks.measure import Measurement, Result, fresh_process, interleave, time_calls
from benchmarks.model_cases import ModelCase, model_cases
from cli import native
from vigil.prediction.engines import lightgbm as c_library
from vigil.prediction.engines import trees

LARGEST_BATCH = 10_000
JSON_BATCH = 1_000

COLD_ENGINE = """
import os, sys, time
started = time.perf_counter()
from vigil.prediction.engines import lightgbm, trees
text = open(sys.argv[1] + "/lgbm.txt", "rb").read()
names = sys.argv[2].split(",")
if os.path.exists(table := sys.argv[1] + "/lgbm.walk"):
    trees.load(open(table, "rb").read(), text, len(names)).raw_score([0.0] * len(names))
else:
    lightgbm.load(text, names).raw_score([0.0] * len(names))
print(time.perf_counter() - started)
"""

COLD_PACKAGE = """
import sys, time
sys.modules.update(pandas=None, sklearn=None)
started = time.perf_counter()
import lightgbm
lightgbm.Booster(model_file=sys.argv[1] + "/lgbm.txt")
print(time.perf_counter() - started)
"""

COLD_VERIFIED = """
import sys, time
started = time.perf_counter()
from datetime import UTC, datetime
from pathlib import Path
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier
files = {path.name: path.read_bytes() for path in Path(sys.argv[1]).iterdir()}
verifier = PackageVerifier({sys.argv[2]: bytes.fromhex(sys.argv[3])}, load_engine)
verifier.verify(files, ExpectedPackage(now=datetime.now(UTC)))
print(time.perf_counter() - started)
"""


def measurements(case: ModelCase) -> Iterator[Measurement]:
    """Yield the measurements of one model. A new measurement needs one function and one line here."""
    yield cold_engine(case)
    yield cold_verified(case)
    yield init(case)
    yield one_row(case)
    yield one_row_against_c(case)
    yield explained_row_against_c(case)
    yield function(case)
    yield function_above_native(case)
    yield aws_client(case)
    yield batch(case, LARGEST_BATCH // 2, threads=1)
    yield batch(case, LARGEST_BATCH, threads=os.cpu_count() or 1)
    yield json_batch(case)


def cold_engine(case: ModelCase) -> Measurement:
    """Measure import, model load and a first score in a new process."""
    return Measurement(
        "cold: import + load",
        fresh_process(COLD_ENGINE, str(case.folder), ",".join(case.names)),
        fresh_process(COLD_PACKAGE, str(case.folder)),
        goal=0.15,
    )


def cold_verified(case: ModelCase) -> Measurement:
    """Measure import, signature, load and 32 golden rows in a new process, against import and load of the package."""
    return Measurement(
        "cold: import + verified package",
        fresh_process(COLD_VERIFIED, str(case.folder), case.key_id, case.public_key.hex()),
        fresh_process(COLD_PACKAGE, str(case.folder)),
    )


def init(case: ModelCase) -> Measurement:
    """Measure the first answer of the scoring function under the Runtime Interface Emulator, with either engine."""
    return Measurement(
        "init under the runtime emulator",
        first_invocation(case, "native"),
        first_invocation(case, "package"),
        goal=0.75,
    )


def one_row(case: ModelCase) -> Measurement:
    """Measure the raw score of one row against the package."""
    arrays = [np.array([row]) for row in case.rows]
    booster = _package(case)
    return Measurement(
        "one row / Booster.predict",
        time_calls(_ours(case).raw_score, case.rows, 500),
        time_calls(lambda row: booster.predict(row, raw_score=True, num_threads=1), arrays, 500),
        goal=0.45,
    )


def one_row_against_c(case: ModelCase) -> Measurement:
    """Measure the raw score of one row against the C library of LightGBM, called in the same way."""
    return Measurement(
        "one row / LightGBM's C",
        time_calls(_ours(case).raw_score, case.rows, 1_000),
        time_calls(_c_library(case).raw_score, case.rows, 1_000),
        goal=0.7 if case.table else None,
    )


def explained_row_against_c(case: ModelCase) -> Measurement:
    """Measure the TreeSHAP contributions of one row against the C library of LightGBM, called in the same way."""
    return Measurement(
        "TreeSHAP, one row / LightGBM's C",
        time_calls(_ours(case).contributions, case.rows, 30),
        time_calls(_c_library(case).contributions, case.rows, 30),
        goal=0.35 if case.table else None,
    )


def function(case: ModelCase) -> Measurement:
    """Measure the whole warm function with a fake AWS, against the same function with the lightgbm package."""
    return Measurement(
        "warm function, one request",
        time_calls(handler.native(case), handler.events(case), 60),
        time_calls(handler.package(case), handler.events(case), 60),
    )


def function_above_native(case: ModelCase) -> Measurement:
    """Measure the time that the warm function adds to the native score, as a share of the allowed 0.5 ms."""
    whole = time_calls(handler.native(case), handler.events(case), 60)
    score = time_calls(_ours(case).raw_score, case.rows, 60)
    return Measurement(
        "warm function above the score, of 0.5 ms",
        lambda number: whole(number) - score(number),
        lambda _: 0.5e-3,
        goal=1.0,
    )


def aws_client(case: ModelCase) -> Measurement:
    """Measure the function with its DynamoDB client, with a fake response to its request, against no client."""
    run, calls = handler.with_aws_client(case)
    timed = time_calls(run, handler.events(case), 60)

    def counted(number: int) -> float:
        before, seconds = calls(), timed(number)
        if calls() - before != 60:
            raise RuntimeError(f"{calls() - before} AWS calls for 60 requests")
        return seconds

    return Measurement(
        "the same with the client of 1 AWS call", counted, time_calls(handler.native(case), handler.events(case), 60)
    )


def batch(case: ModelCase, count: int, threads: int) -> Measurement:
    """Measure raw scores of many rows at once, per row. A packed table always uses one core."""
    engine, booster = _ours(case), _package(case)
    rows = np.array(case.rows[:count])
    return Measurement(
        f"{count:,} rows / Booster.predict, {threads} core{'s' if threads > 1 else ''}",
        time_calls(lambda block: engine.raw_scores(block, count), [rows], 1, per=count),
        time_calls(lambda block: booster.predict(block, raw_score=True, num_threads=threads), [rows], 1, per=count),
        goal=0.4 if case.table and threads == 1 else None,
    )


def json_batch(case: ModelCase) -> Measurement:
    """Measure JSON rows to JSON scores, per row. Both sides use the JSON parser of pydantic."""
    engine, booster = _ours(case), _package(case)
    rows = [[None if math.isnan(x) else x for x in row] for row in case.rows]
    bodies = [json.dumps(rows[i : i + JSON_BATCH]) for i in range(0, len(rows), JSON_BATCH)]

    def ours(body: str) -> bytes:
        values = array("d", [math.nan if x is None else x for row in from_json(body) for x in row])
        return to_json(list(engine.raw_scores(values, JSON_BATCH)))

    def package(body: str) -> bytes:
        values = np.array(from_json(body), np.float64)
        return to_json(list(booster.predict(values, raw_score=True, num_threads=1)))

    assert ours(bodies[0]) == package(bodies[0])  # noqa: S101 - both sides must give the same answer
    return Measurement(
        f"{JSON_BATCH:,} rows through JSON / Booster.predict",
        time_calls(ours, bodies, 1, per=JSON_BATCH),
        time_calls(package, bodies, 1, per=JSON_BATCH),
        goal=0.667 if case.table else None,
    )


def title(case: ModelCase) -> str:
    """Return the title of the table of one model."""
    engine = "packed" if case.table else "on LightGBM"
    return f"{case.name}: {case.trees} trees, {len(case.names)} features, {engine}"


def measure(console: Console, name: str, lines: list[Measurement], rounds: int) -> None:
    """Run the measurements of one table with a progress bar, and print the table."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(name, total=len(lines) * (rounds + 1))
        show(console, name, interleave(lines, rounds, partial(progress.advance, task)))


def show(console: Console, name: str, results: list[Result]) -> None:
    """Print the table of the results."""
    table = Table(title=name, title_justify="left")
    for heading in ("", "vigil", "other", "ratio", "goal"):
        table.add_column(heading, justify="right" if heading else "left")
    for result in results:
        goal = f"at most {result.measurement.goal}: {'reached' if result.reached else 'missed'}"
        table.add_row(
            result.measurement.title,
            _time(result.ours),
            _time(result.reference),
            f"{result.ratio:.3f}",
            "" if result.reached is None else goal,
        )
    console.print(table)


def main() -> None:
    """Measure every model and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 rounds instead of 21")
    rounds = 5 if parser.parse_args().quick else 21
    console = Console(width=110)
    console.print(f"Python {platform.python_version()}, lightgbm {lightgbm.__version__}, {os.cpu_count()} cores, "
                  f"medians of {rounds} rounds")  # fmt: skip
    os.environ["PYTHONPATH"] = str(native.add_to_path())  # new processes inherit it
    with tempfile.TemporaryDirectory() as work:
        for case in model_cases(Path(work), rows=LARGEST_BATCH):
            measure(console, title(case), list(measurements(case)), rounds)
    if lines := list(decision_measurements()):
        measure(console, "whole decisions", lines, rounds)


def _ours(case: ModelCase) -> "trees.TreesEngine | c_library.LightGBMEngine":
    """Return the engine that serves this model: packed trees, or the C library of LightGBM without a table."""
    if case.table and (engine := trees.load(case.table, case.text, len(case.names))):
        return engine
    return _c_library(case)


def _c_library(case: ModelCase) -> c_library.LightGBMEngine:
    return c_library.load(case.text, case.names)


def _package(case: ModelCase) -> lightgbm.Booster:
    return lightgbm.Booster(model_str=case.text.decode())


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms" if seconds >= 1e-2 else f"{seconds * 1e6:,.1f} us"


if __name__ == "__main__":
    main()
