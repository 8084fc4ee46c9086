"""Interleaved timing: every contender runs once per round, so that other load affects all of them equally."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Round = Callable[[int], float]
"""Function that runs the round of this number and returns the seconds per item."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of a table: Vigil against a reference, and the maximum ratio if there is a goal."""

    title: str
    ours: Round
    reference: Round
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds: seconds per item of both sides, and the ratio of the times of one round."""

    measurement: Measurement
    ours: float
    reference: float
    ratio: float

    @property
    def reached(self) -> bool | None:
        """True if the goal was reached; None without a goal."""
        return None if self.measurement.goal is None else self.ratio <= self.measurement.goal


def interleave(measurements: Sequence[Measurement], rounds: int, tick: Callable[[], None]) -> list[Result]:
    """Run both sides of every measurement once per round after a warm-up, and return their results.

    The side that runs first alternates.
    """
    times: list[list[tuple[float, float]]] = [[] for _ in measurements]
    for number in range(-1, rounds):  # the first round is a warm-up
        for measurement, pairs in zip(measurements, times, strict=True):
            if number % 2:
                reference, ours = measurement.reference(number), measurement.ours(number)
            else:
                ours, reference = measurement.ours(number), measurement.reference(number)
            if number >= 0:
                pairs.append((ours, reference))
            tick()
    return [_result(measurement, pairs) for measurement, pairs in zip(measurements, times, strict=True)]


def time_calls(
    function: Callable[[Any], object],
    items: Sequence[Any],
    count: int,
    per: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Round:
    """Return a round that times calls of `function` with the next `count` items.

    `per` is the number of units per call, such as the rows of a batch. `time.process_time` as `clock` counts CPU time,
    which other work on the machine changes little.
    """

    def run(number: int) -> float:
        chosen = [items[(number * count + i) % len(items)] for i in range(count)]
        started = clock()
        for item in chosen:
            function(item)
        return (clock() - started) / (count * per)

    return run


def fresh_process(script: str, *arguments: str) -> Round:
    """Return a round that runs a script in a new interpreter. The script prints its own time in seconds."""

    def run(_: int) -> float:
        command = [sys.executable, "-c", script, *arguments]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return run


def _result(measurement: Measurement, pairs: Iterable[tuple[float, float]]) -> Result:
    ours, reference = zip(*pairs, strict=True)
    ratio = median(a / b for a, b in zip(ours, reference, strict=True))
    return Result(measurement, median(ours), median(reference), ratio)
