"""Simulates waves of scores and a month of batches: `.venv/bin/python -m benchmarks.wave`.

Durations, calls and write units of a score and of a chunk are measured first. `benchmarks.wave_limits` has the limits
with their sources. `--stack SECONDS` compares a small wave with the running stack of `make up` instead. docs/waves.md
has the results.
"""

import argparse
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import batch, cost, prices, wave_check
from benchmarks.model_cases import ModelCase, train_case
from benchmarks.wave_flow import ScoreUse, Wave, WaveCase, other_concurrency, run_wave, written
from benchmarks.wave_limits import SOURCES, Limits
from benchmarks.wave_walls import climb
from cli import native
from vigil.decisions.batches.limits_model import CHUNK_ROWS, LANES
from vigil.kernel.tenants import KEYS_AT_FULL_RATE

RATES = (10.0, 1_000.0, 50_000.0)
KEY_REQUESTS = 1_000 / 3_600
"""Requests of a key a second over an hour, by the default limit."""
MONTH_ROWS = 1_000_000_000
LARGEST_BATCH = 10_000_000
FIRST_POLLERS = 5
"""Batches of a queue that Lambda reads at once from the beginning."""
MONTH_SECONDS = prices.HOURS * 3_600
HOUR = 3_600
out = Console()


@dataclass(frozen=True, slots=True)
class ChunkUse:
    """Use of one chunk of a batch: seconds of its worker, waits for AWS included, and US dollars."""

    seconds: float
    dollars: float


@dataclass(frozen=True, slots=True)
class BatchMonth:
    """Use of a month of batches.

    `workers` is the average number of busy workers. `hours` is the time that all workers would need together.
    """

    chunks: float
    workers: float
    hours: float
    hours_of_largest: float
    """Hours of one batch of ten million rows, whose lanes bound its chunks in flight."""
    start_seconds: float
    """Seconds until all workers run, because Lambda adds readers of a queue gradually."""
    dollars: float

    def rows_a_second(self, workers: float) -> float:
        """Return the rows a second of that many workers."""
        return self.chunks * CHUNK_ROWS / (self.workers * MONTH_SECONDS) * workers


def spread_wave(rate: float) -> Wave:
    """Return a wave over the smallest number of tenants and keys whose default hourly limits admit it."""
    keys = math.ceil(rate / KEY_REQUESTS)
    return Wave(rate, math.ceil(keys / KEYS_AT_FULL_RATE["ENTERPRISE"]), keys)


def lone_wave(rate: float) -> Wave:
    """Return a wave of one tenant with as many keys as a tenant may use at their full limit."""
    return Wave(rate, 1, KEYS_AT_FULL_RATE["ENTERPRISE"])


def measured_score(usage: cost.RequestUsage) -> ScoreUse:
    """Return the use of one score from its measurement."""
    return ScoreUse(usage.milliseconds / 1e3, math.ceil(usage.stored / 1024))


def measured_chunk(case: ModelCase) -> ChunkUse:
    """Return the use of one chunk from a batch of CSV rows."""
    measured = batch.run_batch(case, "csv", cost.ROWS)
    calls, dollars = batch.bill(measured["calls"], measured["cpu_seconds"], cost.ROWS)
    share = CHUNK_ROWS / cost.ROWS
    waits = calls * CHUNK_ROWS / 1e4 * cost.BATCH_CALL_MS / 1e3
    waiting = waits * batch.MEMORY_GB * prices.GB_SECOND_ARM
    return ChunkUse(measured["cpu_seconds"] * share + waits, dollars * CHUNK_ROWS / 1e6 + waiting)


def batch_month(chunk: ChunkUse, limits: Limits, rows: float = MONTH_ROWS) -> BatchMonth:
    """Return a month of batches with this number of rows."""
    chunks = rows / CHUNK_ROWS
    work = chunks * chunk.seconds
    largest = min(rows, LARGEST_BATCH) / CHUNK_ROWS * chunk.seconds / LANES
    return BatchMonth(
        chunks=chunks,
        workers=work / MONTH_SECONDS,
        hours=work / limits.chunk_workers / HOUR,
        hours_of_largest=largest / HOUR,
        start_seconds=max(0.0, limits.chunk_workers - FIRST_POLLERS) / limits.pollers_added,
        dollars=chunks * chunk.dollars,
    )


def needs_table(score: ScoreUse, million: float, limits: Limits) -> Table:
    """Return the needs of each rate in its steady state. `million` is the price of a million scores in US dollars."""
    table = Table(
        "scores a second",
        "concurrency",
        "of which scoring",
        "busy environments",
        "of a cold start",
        "partitions of `decisions`",
        "$ an hour",
        "$ a month",
    )
    for rate in RATES:
        case = WaveCase(spread_wave(rate), score, limits)
        units = rate * written(case)["`decisions`"]
        hourly = rate * HOUR / cost.MILLION * million
        every = case.concurrency + sum(other_concurrency(case).values())
        table.add_row(
            f"{rate:,.0f}",
            f"{math.ceil(every):,}",
            f"{math.ceil(case.concurrency):,}",
            f"{math.ceil(rate * score.seconds):,}",
            f"{math.ceil(case.cold_environments):,}",
            f"{math.ceil(units / limits.partition_writes):,}",
            f"{hourly:,.2f}",
            f"{hourly * prices.HOURS:,.0f}",
        )
    return table


def walls_table(case: WaveCase, title: str) -> Table:
    """Return the walls of a wave that begins at once, in their order, and the scores that are served without them."""
    table = Table(title, "from to (s)", "beyond it", "within it (a second)", "effect", "what moves it")
    steps, moved = climb(case)
    for step in steps:
        wall = step.wall
        times = f"{wall.first} to {'the end' if wall.last == case.wave.seconds - 1 else wall.last}"
        table.add_row(wall.name, times, f"{step.share:.1%}", f"{wall.passed:,.0f}", wall.effect, step.remedy)
    outcome = run_wave(moved)
    table.add_row("none", "", f"{1 - outcome.served / outcome.offered:.1%}", f"{case.wave.rate:,.0f}", "", "")
    return table


def wave_tables(score: ScoreUse, limits: Limits) -> Iterator[Table]:
    """Yield the walls of every rate: spread over tenants within their default limits, and from one tenant."""
    for rate in RATES:
        for name, wave in (("many tenants", spread_wave(rate)), ("one tenant", lone_wave(rate))):
            title = f"{rate:,.0f} a second, {name}: {wave.tenants:,.0f} with {wave.keys:,.0f} keys"
            yield walls_table(WaveCase(wave, score, limits), title)


def month_table(month: BatchMonth, limits: Limits) -> Table:
    """Return the needs of the month of batches."""
    table = Table("a billion rows a month", "")
    table.add_row("chunks", f"{month.chunks:,.0f}")
    table.add_row("rows a second, average", f"{MONTH_ROWS / MONTH_SECONDS:,.0f}")
    table.add_row("workers, average", f"{month.workers:.3f}")
    workers = limits.chunk_workers
    table.add_row(f"rows a second with {workers:.0f} workers (the first wall)", f"{month.rows_a_second(workers):,.0f}")
    table.add_row(f"seconds until {workers:.0f} workers run", f"{month.start_seconds:.1f}")
    table.add_row(f"hours with {workers:.0f} workers", f"{month.hours:.2f}")
    table.add_row("minutes of a batch of ten million rows", f"{month.hours_of_largest * 60:.1f}")
    table.add_row("$", f"{month.dollars:.2f}")
    return table


def sources_table(limits: Limits) -> Table:
    """Return every limit with its value and source."""
    table = Table("limit", "value", "source")
    for name, (meaning, source) in SOURCES.items():
        table.add_row(meaning, f"{getattr(limits, name):,.4g}", source)
    return table


def main() -> None:
    """Measure, simulate and print; or compare with the running stack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--stack", type=int, metavar="SECONDS", help="send 10 scores a second to the running stack instead"
    )
    arguments = parser.parse_args()
    native.add_to_path()
    if arguments.stack:
        wave_check.compare(RATES[0], arguments.stack, Limits.deployed())
        return
    with tempfile.TemporaryDirectory() as work:
        case = train_case(Path(work), cost.MODEL)
        usage = cost.measure_requests(case, "ENTERPRISE")
        chunk = measured_chunk(case)
    limits, score = Limits.deployed(), measured_score(usage)
    million = sum(cost.score_bill(usage).values())
    out.print(f"a score: {score.seconds * 1e3:.0f} ms, {score.row_units:.0f} write units, ${million:.2f} a million")
    out.print(f"a chunk: {chunk.seconds * 1e3:.0f} ms, ${chunk.dollars * 1e3:.4f} a thousand")
    out.print(needs_table(score, million, limits), *wave_tables(score, limits))
    out.print(month_table(batch_month(chunk, limits), limits), sources_table(limits))


if __name__ == "__main__":
    main()
