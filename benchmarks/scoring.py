"""Vigil's scoring against the lightgbm package and its C library: `uv run python -m benchmarks.scoring [--quick]`.

Everything is interleaved in one run over distinct rows: one row scored again and again reads several times too fast,
because the branch predictor learns it. The package runs without pandas and scikit-learn, which it would import if they
were there; that is its best case.
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
from benchmarks.decision import decisions
from benchmarks.init import first_answer
from benchmarks.measure import Measurement, Result, each, fresh_process, interleave
from benchmarks.subjects import Subject, subjects
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
from vigil.prediction.engines.loading import load
from vigil.prediction.packages.verification import Expected, Verifier
files = {path.name: path.read_bytes() for path in Path(sys.argv[1]).iterdir()}
Verifier({sys.argv[2]: bytes.fromhex(sys.argv[3])}, load).verify(files, Expected(now=datetime.now(UTC)))
print(time.perf_counter() - started)
"""


def measurements(subject: Subject) -> Iterator[Measurement]:
    """Yield every line of the table for one model. A new measurement is one function and one line here."""
    yield cold_engine(subject)
    yield cold_verified(subject)
    yield init(subject)
    yield one_row(subject)
    yield one_row_against_c(subject)
    yield explained_row_against_c(subject)
    yield function(subject)
    yield function_above_native(subject)
    yield aws_client(subject)
    yield batch(subject, LARGEST_BATCH // 2, threads=1)
    yield batch(subject, LARGEST_BATCH, threads=os.cpu_count() or 1)
    yield json_batch(subject)


def cold_engine(subject: Subject) -> Measurement:
    """Import, model load and a first score in a fresh process."""
    return Measurement(
        "cold: import + load",
        fresh_process(COLD_ENGINE, str(subject.folder), ",".join(subject.names)),
        fresh_process(COLD_PACKAGE, str(subject.folder)),
        goal=0.15,
    )


def cold_verified(subject: Subject) -> Measurement:
    """Import, signature, load and 32 golden rows in a fresh process, against the package's bare import and load."""
    return Measurement(
        "cold: import + verified package",
        fresh_process(COLD_VERIFIED, str(subject.folder), subject.key_id, subject.public_key.hex()),
        fresh_process(COLD_PACKAGE, str(subject.folder)),
    )


def init(subject: Subject) -> Measurement:
    """The scoring function's first answer under the Runtime Interface Emulator, on either engine."""
    return Measurement(
        "init under the runtime emulator", first_answer(subject, "native"), first_answer(subject, "package"), goal=0.75
    )


def one_row(subject: Subject) -> Measurement:
    """The raw score of one row against the package."""
    arrays = [np.array([row]) for row in subject.rows]
    booster = _package(subject)
    return Measurement(
        "one row / Booster.predict",
        each(_ours(subject).raw_score, subject.rows, 500),
        each(lambda row: booster.predict(row, raw_score=True, num_threads=1), arrays, 500),
        goal=0.45,
    )


def one_row_against_c(subject: Subject) -> Measurement:
    """The raw score of one row against LightGBM's C library, called in the same way."""
    return Measurement(
        "one row / LightGBM's C",
        each(_ours(subject).raw_score, subject.rows, 1_000),
        each(_c_library(subject).raw_score, subject.rows, 1_000),
        goal=0.7 if subject.table else None,
    )


def explained_row_against_c(subject: Subject) -> Measurement:
    """The TreeSHAP contributions of one row against LightGBM's C library, called in the same way."""
    return Measurement(
        "TreeSHAP, one row / LightGBM's C",
        each(_ours(subject).contributions, subject.rows, 30),
        each(_c_library(subject).contributions, subject.rows, 30),
        goal=0.35 if subject.table else None,
    )


def function(subject: Subject) -> Measurement:
    """The whole warm function, event in and answer out, AWS answered on the spot; the package in the same function."""
    return Measurement(
        "warm function, one request",
        each(handler.native(subject), handler.events(subject), 60),
        each(handler.package(subject), handler.events(subject), 60),
    )


def function_above_native(subject: Subject) -> Measurement:
    """The warm function above the native score alone, as a share of the 0.5 ms that it may add."""
    whole = each(handler.native(subject), handler.events(subject), 60)
    score = each(_ours(subject).raw_score, subject.rows, 60)
    return Measurement(
        "warm function above the score, of 0.5 ms",
        lambda number: whole(number) - score(number),
        lambda _: 0.5e-3,
        goal=1.0,
    )


def aws_client(subject: Subject) -> Measurement:
    """The function with its DynamoDB client, whose one request is answered before it leaves, against without."""
    run, calls = handler.with_aws_client(subject)
    timed = each(run, handler.events(subject), 60)

    def counted(number: int) -> float:
        before, seconds = calls(), timed(number)
        if calls() - before != 60:
            raise RuntimeError(f"{calls() - before} AWS calls for 60 requests")
        return seconds

    return Measurement(
        "the same with the client of 1 AWS call", counted, each(handler.native(subject), handler.events(subject), 60)
    )


def batch(subject: Subject, count: int, threads: int) -> Measurement:
    """Raw scores of many rows at once, per row; a packed table is walked on one core whatever the other side uses."""
    engine, booster = _ours(subject), _package(subject)
    rows = np.array(subject.rows[:count])
    return Measurement(
        f"{count:,} rows / Booster.predict, {threads} core{'s' if threads > 1 else ''}",
        each(lambda block: engine.raw_scores(block, count), [rows], 1, per=count),
        each(lambda block: booster.predict(block, raw_score=True, num_threads=threads), [rows], 1, per=count),
        goal=0.4 if subject.table and threads == 1 else None,
    )


def json_batch(subject: Subject) -> Measurement:
    """Rows as JSON in, scores as JSON out, per row; both sides read and write it with pydantic's parser."""
    engine, booster = _ours(subject), _package(subject)
    rows = [[None if math.isnan(x) else x for x in row] for row in subject.rows]
    bodies = [json.dumps(rows[i : i + JSON_BATCH]) for i in range(0, len(rows), JSON_BATCH)]

    def ours(body: str) -> bytes:
        values = array("d", [math.nan if x is None else x for row in from_json(body) for x in row])
        return to_json(list(engine.raw_scores(values, JSON_BATCH)))

    def package(body: str) -> bytes:
        values = np.array(from_json(body), np.float64)
        return to_json(list(booster.predict(values, raw_score=True, num_threads=1)))

    assert ours(bodies[0]) == package(bodies[0])  # noqa: S101 - a benchmark of two different answers means nothing
    return Measurement(
        f"{JSON_BATCH:,} rows through JSON / Booster.predict",
        each(ours, bodies, 1, per=JSON_BATCH),
        each(package, bodies, 1, per=JSON_BATCH),
        goal=0.667 if subject.table else None,
    )


def title(subject: Subject) -> str:
    """Say what is measured."""
    how = "packed" if subject.table else "on LightGBM"
    return f"{subject.name}: {subject.trees} trees, {len(subject.names)} features, {how}"


def measure(console: Console, name: str, lines: list[Measurement], rounds: int) -> None:
    """Run the lines of one table under a progress bar and print it."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(name, total=len(lines) * (rounds + 1))
        show(console, name, interleave(lines, rounds, partial(progress.advance, task)))


def show(console: Console, name: str, results: list[Result]) -> None:
    """Print one table."""
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
    os.environ["PYTHONPATH"] = str(native.add_to_path())  # fresh processes find it too
    with tempfile.TemporaryDirectory() as work:
        for subject in subjects(Path(work), rows=LARGEST_BATCH):
            measure(console, title(subject), list(measurements(subject)), rounds)
    if lines := list(decisions()):
        measure(console, "whole decisions", lines, rounds)


def _ours(subject: Subject) -> "trees.TreesEngine | c_library.LightGBMEngine":
    """Return what serves this model: packed trees, or LightGBM's C library where there is no table."""
    if subject.table and (engine := trees.load(subject.table, subject.text, len(subject.names))):
        return engine
    return _c_library(subject)


def _c_library(subject: Subject) -> c_library.LightGBMEngine:
    return c_library.load(subject.text, subject.names)


def _package(subject: Subject) -> lightgbm.Booster:
    return lightgbm.Booster(model_str=subject.text.decode())


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms" if seconds >= 1e-2 else f"{seconds * 1e6:,.1f} us"


if __name__ == "__main__":
    main()
