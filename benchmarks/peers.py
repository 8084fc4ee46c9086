"""Vigil beside other model servers: `uv run python -m benchmarks.peers [--quick]`.

Every contender serves the very same LightGBM model on one core, and is asked in turn, round by round, over loopback.
Vigil's function runs under Lambda's Runtime Interface Emulator on the deployed layers. The emulator's own round trip,
measured in the same rounds with a function that does nothing, is taken off: production has API Gateway in its place,
as the peers would have a load balancer. Vigil makes the whole decision, with every engine of the package and its
record in the ledger, where the others only score.
"""

import argparse
import base64
import hashlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from types import FrameType

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import servers
from benchmarks.handler import event
from benchmarks.load import drive
from benchmarks.servers import Contender, Rows, Server
from benchmarks.subjects import ENGINE, Subject, prepare, synthetic, whole
from vigil.bootstrap import decisions
from vigil.runtime.settings import Settings

BATCH_ROWS = 1_000
NOOP, NOOP_BATCH = "no-op", "no-op, 1,000 rows"
VIGIL, VIGIL_CLIENT, VIGIL_BATCH = "Vigil", "Vigil + AWS client", "Vigil's engine, 1,000 rows"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked: rounds, and requests in each of them."""

    rounds: int
    one: int
    eight: int
    batches: int


@dataclass(slots=True)
class Measured:
    """What a contender showed, over all rounds, in seconds and bytes."""

    ready: float
    memory: int
    one: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    rate_one: list[float] = field(default_factory=list)
    rate_eight: list[float] = field(default_factory=list)

    def quantile(self, percent: int) -> float:
        """Return a percentile of single requests, one at a time."""
        return quantiles(self.one, n=100)[percent - 1]


def contenders(subject: Subject) -> list[Contender]:
    """Return everything that is measured with this model."""

    def one(rows: Rows) -> bytes:
        return json.dumps(event(subject.contract, tuple(rows[0]))).encode()

    def many(rows: Rows) -> bytes:
        return json.dumps({"rows": rows}).encode()

    environment = _environment(subject)
    return [
        servers.emulated(NOOP, "noop", one, {}),
        servers.emulated(VIGIL, "vigil", one, environment),
        servers.emulated(VIGIL_CLIENT, "vigil", one, {**environment, "BENCHMARK_AWS_CLIENT": "1"}),
        servers.emulated(NOOP_BATCH, "noop", many, {}),
        servers.emulated(VIGIL_BATCH, "batch", many, {**environment, "BENCHMARK_WIDTH": str(len(subject.rows[0]))}),
        servers.fastapi(subject.folder / ENGINE.file),
        servers.mlserver(subject.folder / ENGINE.file),
        servers.bentoml(subject.folder / ENGINE.file),
    ]


def measure(subject: Subject, size: Size, work: Path, progress: Progress) -> dict[str, Measured]:
    """Run all contenders of a model side by side."""
    chosen = contenders(subject)
    task = progress.add_task(f"{subject.name}: starting", total=len(chosen) * (size.rounds + 2))
    with ExitStack() as stack:
        running = []
        for contender in chosen:
            first = subject.rows[:1]
            server = stack.enter_context(contender.running(work, first))
            _check(contender.name, server.first_answer)
            running.append((contender, server, Measured(server.ready_seconds, server.memory())))
            progress.advance(task)
        rows = cycle(subject.rows)
        for number in range(size.rounds + 1):  # the first warms up
            progress.update(task, description=f"{subject.name}: round {number} of {size.rounds}")
            for contender, server, measured in running[number % len(running) :] + running[: number % len(running)]:
                taken = list(islice(rows, size.one + size.eight))
                _round(contender, server, measured if number else Measured(0, 0), taken, size, subject.rows)
                progress.advance(task)
    return {contender.name: measured for contender, _, measured in running}


def _round(
    contender: Contender, server: Server, into: Measured, single: Rows, size: Size, rows: Sequence[tuple[float, ...]]
) -> None:
    if contender.name not in {NOOP_BATCH, VIGIL_BATCH}:
        requests = [contender.request(server, [row]) for row in single]
        load = drive(server.address, requests[: size.one], 1)
        into.one += load.latencies
        into.rate_one.append(size.one / load.elapsed)
        load = drive(server.address, requests[size.one :], contender.most_connections)
        into.rate_eight.append(size.eight / load.elapsed)
    if contender.name not in {NOOP, VIGIL, VIGIL_CLIENT}:
        content = contender.request(server, rows[:BATCH_ROWS])
        into.batch += drive(server.address, [content] * size.batches, 1).latencies


def _check(name: str, answer: bytes) -> None:
    """Refuse to measure a function that answers an error: the emulator says 200 whatever the function says."""
    if name in {NOOP, VIGIL, VIGIL_CLIENT, NOOP_BATCH} and json.loads(answer).get("statusCode") != 201:
        raise RuntimeError(f"{name} answers {answer[:600]!r}")


def _environment(subject: Subject) -> dict[str, str]:
    digest = hashlib.sha256((subject.folder / "manifest.json").read_bytes()).hexdigest()
    return {
        **{Settings.variable(name): name for name in decisions.scoring_api.needs},
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "VIGIL_STAGE": "local",
        "VIGIL_MODEL_KEYS": json.dumps({subject.key_id: base64.b64encode(subject.public_key).decode()}),
        "BENCHMARK_PACKAGE": str(subject.folder),
        "BENCHMARK_DIGEST": f"sha256:{digest}",
    }


def show(console: Console, subject: Subject, found: dict[str, Measured]) -> None:
    """Print the table of one model, and whether Vigil is ahead of each peer."""
    engines = len(subject.contract.engines)
    title = f"{subject.name}: {subject.trees} trees, {len(subject.rows[0])} features, {engines} engine(s)"
    table = Table(title=title, title_justify="left")
    for heading in ("", "p50 us", "p95", "p99", "req/s, 1", "req/s, 8", "1,000 rows ms", "at rest MB", "ready s"):
        table.add_column(heading, justify="right" if heading else "left")
    noop, noop_batch, batch = found[NOOP], found[NOOP_BATCH], found[VIGIL_BATCH]
    for name, measured in found.items():
        if name in {NOOP_BATCH, VIGIL_BATCH}:
            continue
        off = noop if name in {VIGIL, VIGIL_CLIENT} else None
        times = [1e6 * (measured.quantile(p) - (off.quantile(50) if off else 0)) for p in (50, 95, 99)]
        rates = [median(measured.rate_one), median(measured.rate_eight)]
        many = measured.batch if not off else [seconds - median(noop_batch.batch) for seconds in batch.batch]
        table.add_row(
            f"{name} *" if off else name,
            *(f"{t:,.0f}" for t in times),
            *(f"{rate:,.0f}" for rate in rates),
            f"{1e3 * median(many):.1f}" if many else "",
            f"{measured.memory / 1e6:.0f}",
            f"{measured.ready:.2f}",
        )
    console.print(table)
    console.print("  * above the no-op's p50; requests per second are as measured, through the emulator")
    for name in (name for name in found if name not in {NOOP, NOOP_BATCH, VIGIL, VIGIL_CLIENT, VIGIL_BATCH}):
        time = (found[VIGIL].quantile(50) - noop.quantile(50)) / found[name].quantile(50)
        memory = found[VIGIL].memory / found[name].memory
        verdicts = [f"{ratio:.2f} x ({'ahead' if ratio < 1 else 'behind'})" for ratio in (time, memory)]
        console.print(f"  against {name}: p50 {verdicts[0]}, memory {verdicts[1]}")


def main() -> None:
    """Measure both models and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 short rounds instead of 9")
    size = Size(2, 100, 200, 2) if parser.parse_args().quick else Size(9, 300, 400, 4)
    signal.signal(signal.SIGTERM, _leave)  # so that servers are ended however this ends
    console = Console(width=130)
    console.print(
        f"{os.cpu_count()} cores; {', '.join((*servers.MLSERVER, *servers.BENTOML[:1], *servers.FASTAPI[:2]))}"
    )
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for subject in (whole(work, "wdbc"), prepare(work, *synthetic(500), count=2_000, missing=0.0)):
            (own := work / f"{subject.name}-servers").mkdir()
            with Progress(console=console, transient=True) as progress:
                found = measure(subject, size, own, progress)
            show(console, subject, found)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
