"""Profiles the warm scoring function: `.venv/bin/python -m benchmarks.profile_function [--against CHECKOUT]`.

The function runs in one process, from the event of API Gateway to the answer, with its ledger and its rate limits, on
a client without any work. The table has the microseconds of CPU per request in each layer, and of the same layers in
another checkout of this repository, such as an earlier commit. Both processes take turns in every round.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.model_cases import PACKAGES
from benchmarks.profile_layers import LAYERS
from cli.checkout import ROOT

WORKER = ROOT / "benchmarks" / "function_worker.py"
REST = ""
ENGINE_LAYERS = tuple(layer for layer in LAYERS if layer.startswith("engine:"))


class Worker:
    """A running process of `benchmarks.function_worker`."""

    def __init__(self, process: "subprocess.Popen[str]", checkout: Path) -> None:
        self._process = process
        self._checkout = checkout
        self.read()

    def read(self) -> Any:
        """Return the next result of the process; raise RuntimeError if it has ended."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe, see `running`
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(
                f"the function of {self._checkout} has ended; run `make setup` there, "
                "and name packages that its code can read"
            )
        return json.loads(line)

    def run(self, command: str) -> Any:
        """Return the result of one command."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        print(command, file=self._process.stdin, flush=True)
        return self.read()


@contextmanager
def running(checkout: Path, package: Path) -> Iterator[Worker]:
    """Run the function of a checkout with a package, and end its process afterwards."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout), str(checkout / "layers" / "core")])}
    command = [sys.executable, str(WORKER), str(package), json.dumps(LAYERS)]
    with subprocess.Popen(
        command, cwd=checkout, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Worker(process, checkout)
        finally:
            process.kill()


def profile(package: Path, checkouts: Sequence[Path], rounds: int) -> tuple[list[list[float]], list[dict[str, float]]]:
    """Return for every checkout the seconds of CPU per request of each round, and the shares of its layers."""
    with ExitStack() as stack:
        workers = [stack.enter_context(running(checkout, package)) for checkout in checkouts]
        times: list[list[float]] = [[] for _ in workers]
        for number in range(rounds):
            order = range(len(workers)) if number % 2 else range(len(workers))[::-1]
            for place in order:
                times[place].append(workers[place].run("time"))
        return times, [worker.run("sample") for worker in workers]


def show(console: Console, title: str, times: Sequence[Sequence[float]], shares: Sequence[dict[str, float]]) -> None:
    """Print the table of one package; the last checkout is the one that is compared."""
    table = Table(title=title, title_justify="left")
    for heading in ("us of CPU per request", *(("before", "now") if len(times) > 1 else ("now",))):
        table.add_column(heading, justify="right" if heading in {"before", "now"} else "left")
    totals = [median(each) for each in times]
    for layer in (*LAYERS, REST):
        parts = [total * share.get(layer, 0.0) for total, share in zip(totals, shares, strict=True)]
        table.add_row(layer or "the rest", *(f"{1e6 * part:.1f}" for part in parts))
    engines = [
        total * sum(share.get(layer, 0.0) for layer in ENGINE_LAYERS)
        for total, share in zip(totals, shares, strict=True)
    ]
    table.add_section()
    table.add_row("whole function", *(f"{1e6 * total:.0f}" for total in totals))
    above = [total - engine for total, engine in zip(totals, engines, strict=True)]
    table.add_row("without the engines", *(f"{1e6 * each:.0f}" for each in above))
    console.print(table)
    if len(times) > 1:
        whole = median(now / before for before, now in zip(*times, strict=True))
        console.print(f"  now / before: whole function {whole:.2f}, without the engines {above[1] / above[0]:.2f}")


def main() -> None:
    """Profile the function with every chosen package and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="checkout whose function is profiled too")
    parser.add_argument("--rounds", type=int, default=41, help="rounds of 400 requests")
    parser.add_argument("packages", nargs="*", default=["wdbc", "netsec"], help="names of trained packages")
    options = parser.parse_args()
    checkouts = [*([options.against.resolve()] if options.against else []), ROOT]
    for name in options.packages:
        package = sorted((PACKAGES / name).glob("*/manifest.json"))[-1].parent
        show(Console(width=110), name, *profile(package, checkouts, options.rounds))


if __name__ == "__main__":
    main()
