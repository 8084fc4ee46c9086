"""Compares Vigil with other model servers: `.venv/bin/python -m benchmarks.peers [--quick]`.

`--against CHECKOUT` adds the function of another checkout of this repository, such as an earlier commit in a worktree.
`--functions` leaves the other servers out.

Every contender serves the same LightGBM model on one core, over loopback; the contenders take turns in each round.
Vigil's function runs under Lambda's Runtime Interface Emulator on the deployed layers. The emulator's round trip is
measured with a no-op function in the same rounds and subtracted: production has API Gateway in its place, as the other
servers have a load balancer. Vigil makes the whole decision, with every engine of the package and a record in the
ledger; the other servers only score.
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
from benchmarks.load import run_load
from benchmarks.model_cases import ENGINE, ModelCase, prepare_case, synthetic_model, train_case
from benchmarks.servers import Contender, Rows, Server
from vigil.bootstrap import decisions
from vigil.runtime.settings import Settings

BATCH_ROWS = 1_000
NOOP, NOOP_BATCH = "no-op", "no-op, 1,000 rows"
BEFORE = "Vigil, before"
VIGIL, VIGIL_CLIENT, VIGIL_BATCH = "Vigil", "Vigil + AWS client", "Vigil's engine, 1,000 rows"


@dataclass(frozen=True, slots=True)
class RunSize:
    """Size of a run: rounds, and requests per round."""

    rounds: int
    one: int
    eight: int
    batches: int


@dataclass(slots=True)
class ContenderTimes:
    """Measurements of a contender over all rounds, in seconds and bytes."""

    ready: float
    memory: int
    one: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    rate_one: list[float] = field(default_factory=list)
    rate_eight: list[float] = field(default_factory=list)

    def latency_percentile(self, percent: int) -> float:
        """Return the latency in seconds at a percentile (1 to 99) of single requests, sent one at a time."""
        return quantiles(self.one, n=100)[percent - 1]


def contenders(case: ModelCase, before: Path | None = None) -> list[Contender]:
    """Return all contenders for this model; `before` is a checkout whose function takes part."""

    def one(rows: Rows) -> bytes:
        return json.dumps(event(case.contract, tuple(rows[0]))).encode()

    def many(rows: Rows) -> bytes:
        return json.dumps({"rows": rows}).encode()

    environment = function_environment(case)
    return [
        servers.emulated(NOOP, "noop", one, {}),
        *([servers.emulated(BEFORE, "vigil", one, environment, before)] if before else []),
        servers.emulated(VIGIL, "vigil", one, environment),
        servers.emulated(VIGIL_CLIENT, "vigil", one, {**environment, "BENCHMARK_AWS_CLIENT": "1"}),
        servers.emulated(NOOP_BATCH, "noop", many, {}),
        servers.emulated(VIGIL_BATCH, "batch", many, {**environment, "BENCHMARK_WIDTH": str(len(case.rows[0]))}),
        servers.fastapi(case.folder / ENGINE.file),
        servers.mlserver(case.folder / ENGINE.file),
        servers.bentoml(case.folder / ENGINE.file),
    ]


def measure(
    chosen: Sequence[Contender], case: ModelCase, size: RunSize, work: Path, progress: Progress
) -> dict[str, ContenderTimes]:
    """Run the contenders of a model and return their times by name."""
    task = progress.add_task(f"{case.name}: starting", total=len(chosen) * (size.rounds + 2))
    with ExitStack() as stack:
        running = []
        for contender in chosen:
            first = case.rows[:1]
            server = stack.enter_context(contender.running(work, first))
            _check(contender.name, server.first_answer)
            running.append((contender, server, ContenderTimes(server.ready_seconds, server.memory())))
            progress.advance(task)
        rows = cycle(case.rows)
        for number in range(size.rounds + 1):  # the first round is a warm-up
            progress.update(task, description=f"{case.name}: round {number} of {size.rounds}")
            for contender, server, measured in running[number % len(running) :] + running[: number % len(running)]:
                taken = list(islice(rows, size.one + size.eight))
                _round(contender, server, measured if number else ContenderTimes(0, 0), taken, size, case.rows)
                progress.advance(task)
    return {contender.name: measured for contender, _, measured in running}


def _round(
    contender: Contender,
    server: Server,
    into: ContenderTimes,
    single: Rows,
    size: RunSize,
    rows: Sequence[tuple[float, ...]],
) -> None:
    if contender.name not in {NOOP_BATCH, VIGIL_BATCH}:
        requests = [contender.request(server, [row]) for row in single]
        load = run_load(server.address, requests[: size.one], 1)
        into.one += load.latencies
        into.rate_one.append(size.one / load.elapsed)
        load = run_load(server.address, requests[size.one :], contender.max_connections)
        into.rate_eight.append(size.eight / load.elapsed)
    if contender.name not in {NOOP, BEFORE, VIGIL, VIGIL_CLIENT}:
        content = contender.request(server, rows[:BATCH_ROWS])
        into.batch += run_load(server.address, [content] * size.batches, 1).latencies


def _check(name: str, answer: bytes) -> None:
    """Raise RuntimeError if a function returns an error: the emulator itself always returns status 200."""
    if name in {NOOP, BEFORE, VIGIL, VIGIL_CLIENT, NOOP_BATCH} and json.loads(answer).get("statusCode") != 201:
        raise RuntimeError(f"{name} returned {answer[:600]!r}")


def function_environment(case: ModelCase) -> dict[str, str]:
    """Return the environment of the scoring function that serves this model."""
    digest = hashlib.sha256((case.folder / "manifest.json").read_bytes()).hexdigest()
    return {
        **{Settings.variable(name): name for name in decisions.scoring_api.needs},
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "VIGIL_STAGE": "local",
        "VIGIL_MODEL_KEYS": json.dumps({case.key_id: base64.b64encode(case.public_key).decode()}),
        "BENCHMARK_PACKAGE": str(case.folder),
        "BENCHMARK_DIGEST": f"sha256:{digest}",
    }


def show(console: Console, case: ModelCase, found: dict[str, ContenderTimes]) -> None:
    """Print the table of one model, and the ratio of Vigil to each other server."""
    engines = len(case.contract.engines)
    title = f"{case.name}: {case.trees} trees, {len(case.rows[0])} features, {engines} engine(s)"
    table = Table(title=title, title_justify="left")
    for heading in ("", "p50 us", "p95", "p99", "req/s, 1", "req/s, 8", "1,000 rows ms", "idle MB", "ready s"):
        table.add_column(heading, justify="right" if heading else "left")
    noop, noop_batch, batch = found[NOOP], found[NOOP_BATCH], found[VIGIL_BATCH]
    for name, measured in found.items():
        if name in {NOOP_BATCH, VIGIL_BATCH}:
            continue
        off = noop if name in {BEFORE, VIGIL, VIGIL_CLIENT} else None
        times = [
            1e6 * (measured.latency_percentile(p) - (off.latency_percentile(50) if off else 0)) for p in (50, 95, 99)
        ]
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
    console.print("  * without the p50 of the no-op function; requests per second include the emulator")
    for name in (name for name in found if name not in {NOOP, NOOP_BATCH, VIGIL, VIGIL_CLIENT, VIGIL_BATCH}):
        theirs = found[name].latency_percentile(50) - (noop.latency_percentile(50) if name == BEFORE else 0.0)
        time = (found[VIGIL].latency_percentile(50) - noop.latency_percentile(50)) / theirs
        memory = found[VIGIL].memory / found[name].memory
        verdicts = [f"{ratio:.2f} x ({'ahead' if ratio < 1 else 'behind'})" for ratio in (time, memory)]
        console.print(f"  Vigil / {name}: p50 {verdicts[0]}, memory {verdicts[1]}")
    for name in (name for name in (BEFORE, VIGIL) if name in found):
        above = found[name].latency_percentile(50) / noop.latency_percentile(50) - 1
        console.print(f"  {name} above the no-op: {above:.2f} x the no-op's p50")


def main() -> None:
    """Measure both models and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 short rounds instead of 9")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="checkout whose function takes part")
    parser.add_argument("--functions", action="store_true", help="only functions, no other servers")
    options = parser.parse_args()
    size = RunSize(2, 100, 200, 2) if options.quick else RunSize(9, 300, 400, 4)
    signal.signal(signal.SIGTERM, _exit_on_signal)  # stop the servers also after SIGTERM
    console = Console(width=130)
    console.print(
        f"{os.cpu_count()} cores; {', '.join((*servers.MLSERVER, *servers.BENTOML[:1], *servers.FASTAPI[:2]))}"
    )
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for case in (train_case(work, "wdbc"), prepare_case(work, *synthetic_model(500), count=2_000, missing=0.0)):
            (own := work / f"{case.name}-servers").mkdir()
            with Progress(console=console, transient=True) as progress:
                chosen = contenders(case, options.against)
                found = measure(
                    [one for one in chosen if one.function or not options.functions], case, size, own, progress
                )
            show(console, case, found)


def _exit_on_signal(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
