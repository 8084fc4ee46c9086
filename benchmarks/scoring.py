"""Compares Vigil's scoring with the lightgbm package and its C library.

Run `.venv/bin/python -m benchmarks.scoring [--quick] [--engines]`. All measurements are interleaved in one run over
distinct rows: a single repeated row would seem several times faster, because the branch predictor learns it. The
lightgbm package runs without pandas and scikit-learn, which is its best case: it imports them if they are installed.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import lightgbm
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import engine_lines, handler
from benchmarks.decision import decision_measurements
from benchmarks.init import first_invocation
from benchmarks.measure import Measurement, Result, fresh_process, interleave, time_calls
from benchmarks.model_cases import ModelCase, model_cases
from cli import native

LARGEST_BATCH = 10_000

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
    yield function(case)
    yield function_above_native(case)
    yield aws_client(case)
    yield engine_lines.batch(case, LARGEST_BATCH, threads=os.cpu_count() or 1)
    yield from engine_measurements(case)


def engine_measurements(case: ModelCase) -> Iterator[Measurement]:
    """Yield the measurements of the engine alone, in CPU time."""
    yield engine_lines.one_row(case)
    yield engine_lines.one_row_against_c(case)
    yield engine_lines.explained_row_against_c(case)
    yield engine_lines.batch(case, LARGEST_BATCH // 2, threads=1)
    yield engine_lines.json_batch(case)
    yield engine_lines.ndjson_batch(case)


def cold_engine(case: ModelCase) -> Measurement:
    """Return a measurement of import, model load and a first score in a new process."""
    return Measurement(
        "cold: import + load",
        fresh_process(COLD_ENGINE, str(case.folder), ",".join(case.names)),
        fresh_process(COLD_PACKAGE, str(case.folder)),
        goal=0.15,
    )


def cold_verified(case: ModelCase) -> Measurement:
    """Return a measurement of import and a verified package in a new process, beside import and load of the package.

    A verified package takes its signature, its load and 32 golden rows.
    """
    return Measurement(
        "cold: import + verified package",
        fresh_process(COLD_VERIFIED, str(case.folder), case.key_id, case.public_key.hex()),
        fresh_process(COLD_PACKAGE, str(case.folder)),
    )


def init(case: ModelCase) -> Measurement:
    """Return a measurement of the scoring function's first answer under the Runtime Interface Emulator.

    The other side is the function with the lightgbm package.
    """
    return Measurement(
        "init under the runtime emulator",
        first_invocation(case, "native"),
        first_invocation(case, "package"),
        goal=0.75,
    )


def function(case: ModelCase) -> Measurement:
    """Return a measurement of the warm function with a fake AWS, beside the same function with the lightgbm package."""
    return Measurement(
        "warm function, one request",
        time_calls(handler.native(case), handler.events(case), 60),
        time_calls(handler.package(case), handler.events(case), 60),
    )


def function_above_native(case: ModelCase) -> Measurement:
    """Return a measurement of the time that the warm function adds to the native score, as a share of 0.5 ms."""
    whole = time_calls(handler.native(case), handler.events(case), 60)
    score = time_calls(engine_lines.engine_of(case).raw_score, case.rows, 60)
    return Measurement(
        "warm function above the score, of 0.5 ms",
        lambda number: whole(number) - score(number),
        lambda _: 0.5e-3,
        goal=1.0,
    )


def aws_client(case: ModelCase) -> Measurement:
    """Return a measurement of the function with its DynamoDB client and a fake response, beside no client."""
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
    parser.add_argument("--engines", action="store_true", help="only CPU time of the engines alone")
    arguments = parser.parse_args()
    rounds = 5 if arguments.quick else 21
    lines_of = engine_measurements if arguments.engines else measurements
    console = Console(width=110)
    console.print(f"Python {platform.python_version()}, lightgbm {lightgbm.__version__}, {os.cpu_count()} cores, "
                  f"medians of {rounds} rounds")  # fmt: skip
    os.environ["PYTHONPATH"] = os.pathsep.join(native.add_to_path())  # new processes inherit it
    with tempfile.TemporaryDirectory() as work:
        for case in model_cases(Path(work), rows=LARGEST_BATCH):
            measure(console, title(case), list(lines_of(case)), rounds)
    if decisions := list(decision_measurements()):
        measure(console, "whole decisions", decisions, rounds)


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms" if seconds >= 1e-2 else f"{seconds * 1e6:,.1f} us"


if __name__ == "__main__":
    main()
