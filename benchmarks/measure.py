"""Interleaved timing: every contender runs once per round, so that a busy moment hurts them all alike."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Round = Callable[[int], float]
"""Runs one round, given its number, and returns seconds per item."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table: ours against a reference, and the ratio that is promised, if one is."""

    title: str
    ours: Round
    reference: Round
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over rounds: seconds per item of both sides, and the ratio of neighbours in time."""

    measurement: Measurement
    ours: float
    reference: float
    ratio: float

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached; None without a goal."""
        return None if self.measurement.goal is None else self.ratio <= self.measurement.goal


def interleave(measurements: Sequence[Measurement], rounds: int, tick: Callable[[], None]) -> list[Result]:
    """Run every side of every measurement once per round, ours and the reference taking turns at being first."""
    times: list[list[tuple[float, float]]] = [[] for _ in measurements]
    for number in range(-1, rounds):  # the first round warms up and is not counted
        for measurement, pairs in zip(measurements, times, strict=True):
            if number % 2:
                reference, ours = measurement.reference(number), measurement.ours(number)
            else:
                ours, reference = measurement.ours(number), measurement.reference(number)
            if number >= 0:
                pairs.append((ours, reference))
            tick()
    return [_result(measurement, pairs) for measurement, pairs in zip(measurements, times, strict=True)]


def each(function: Callable[[Any], object], items: Sequence[Any], count: int, per: int = 1) -> Round:
    """Return a round that calls `function` with `count` of the items, the next ones every round, and times the loop.

    `per` is how many things a call counts for, such as the rows of a batch.
    """

    def run(number: int) -> float:
        chosen = [items[(number * count + i) % len(items)] for i in range(count)]
        started = time.perf_counter()
        for item in chosen:
            function(item)
        return (time.perf_counter() - started) / (count * per)

    return run


def fresh_process(script: str, *arguments: str) -> Round:
    """Return a round that runs a script in a new interpreter; it prints the seconds that it took by its own clock."""

    def run(_: int) -> float:
        command = [sys.executable, "-c", script, *arguments]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return run


def _result(measurement: Measurement, pairs: Iterable[tuple[float, float]]) -> Result:
    ours, reference = zip(*pairs, strict=True)
    ratio = median(a / b for a, b in zip(ours, reference, strict=True))
    return Result(measurement, median(ours), median(reference), ratio)
