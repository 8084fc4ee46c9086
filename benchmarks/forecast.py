"""False alarms and detection delays of anomalies, and the coverage of projections, on simulated spend.

`.venv/bin/python -m benchmarks.forecast [--tenants N] [--seed S]` runs the models of the service on the scenarios of
`benchmarks.spend_scenarios`. Spend is checked every five minutes, and counters are assumed to have no delay.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.spend_scenarios import SCENARIOS, Hours, Scenario
from vigil.money.forecasting.anomalies import AnomalyDetector
from vigil.money.forecasting.model import HISTORY_LENGTH, HOURS_PER_DAY, HOURS_PER_WEEK, QUIET_PERIOD, ExcessSpend
from vigil.money.forecasting.projection import project_spend

MONTH = 30 * HOURS_PER_DAY
HOUR = timedelta(hours=1)
PAST = HISTORY_LENGTH // HOUR
TICKS = 12
"""Checks per hour."""
out = Console()


@dataclass(frozen=True, slots=True)
class PlantedAnomaly:
    """Simulated anomaly: a function that replaces the spend of an hour, and a duration."""

    name: str
    spend: Callable[[float, float, int], float]
    """Function of the normal spend of the hour, the mean spend per hour, and the number of the hour."""
    hours: int


PLANTS = (
    PlantedAnomaly("10 mean hours more in an hour", lambda own, mean, _: own + 10 * mean, 1),
    PlantedAnomaly("50 mean hours more", lambda own, mean, _: own + 50 * mean, 1),
    PlantedAnomaly("3 x from now on", lambda own, _mean, _: 3 * own, 5 * HOURS_PER_DAY),
    PlantedAnomaly("10 x from now on", lambda own, _mean, _: 10 * own, 5 * HOURS_PER_DAY),
    PlantedAnomaly("0.1 mean hours more each hour", lambda own, mean, n: own + 0.1 * mean * n, 5 * HOURS_PER_DAY),
    PlantedAnomaly("10 % more each day", lambda own, _mean, n: own * 1.1 ** (n / HOURS_PER_DAY), 14 * HOURS_PER_DAY),
)


def detections(spend: Hours, first: int, count: int) -> Iterator[tuple[int, ExcessSpend | None]]:
    """Yield the detection at the end of each of `count` hours from `first`, which is a midnight."""
    for midnight in range(first, first + count, HOURS_PER_DAY):
        start = max(0, midnight - PAST)
        detector = AnomalyDetector(spend[start:midnight].tolist(), start // HOURS_PER_DAY % 7)
        for hour in range(midnight, min(midnight + HOURS_PER_DAY, first + count)):
            yield hour, detector.detect(spend[midnight : hour + 1].tolist())


def count_anomalies(found: Iterator[tuple[int, ExcessSpend | None]]) -> int:
    """Return the number of anomalies; detections within a day of the last one belong to it."""
    last, count = -MONTH, 0
    for hour, finding in found:
        if finding:
            count += hour - last > QUIET_PERIOD // HOUR
            last = hour
    return count


def false_alarms(scenario: Scenario, draw: np.random.Generator, weeks: int, tenants: int) -> float:
    """Return the false alarms per tenant and month of a scenario without anomalies."""
    first = weeks * HOURS_PER_WEEK
    return (
        sum(count_anomalies(detections(scenario(draw, first + MONTH), first, MONTH)) for _ in range(tenants)) / tenants
    )


def detection_delay(scenario: Scenario, plant: PlantedAnomaly, draw: np.random.Generator) -> float | None:
    """Return the hours from the start of an anomaly, at a random moment, to its detection; None if it is not detected.

    A running hour is assumed to have a proportional part of its spend.
    """
    first = PAST
    spend = scenario(draw, first + plant.hours + HOURS_PER_DAY)
    begin, moment = first + int(draw.integers(HOURS_PER_DAY)), float(draw.random())
    mean = float(spend[:first].mean())
    for number in range(plant.hours):
        own = float(spend[begin + number])
        extra = plant.spend(own, mean, number) - own
        # An hour of the anomaly that starts within an hour is partly in the next one.
        spend[begin + number] += (1 - moment) * extra
        spend[begin + number + 1] += moment * extra
    for midnight in range(first, begin + plant.hours, HOURS_PER_DAY):
        detector = AnomalyDetector(spend[midnight - first : midnight].tolist(), midnight // HOURS_PER_DAY % 7)
        for hour in range(max(midnight, begin), min(midnight + HOURS_PER_DAY, begin + plant.hours + 1)):
            so_far = spend[midnight : hour + 1].copy()
            if detector.detect(so_far.tolist()):
                return _detection_time(detector, so_far, begin + moment - hour) + hour - begin - moment
    return None


def _detection_time(detector: AnomalyDetector, so_far: Hours, begun: float) -> float:
    """Return the fraction of the last hour at the first check that detects, for even spend within the hour."""
    whole = so_far[-1]
    for tick in range(1, TICKS + 1):
        so_far[-1] = whole * tick / TICKS
        if tick / TICKS > begun and detector.detect(so_far.tolist()):
            return tick / TICKS
    return 1.0


@dataclass(frozen=True, slots=True)
class ProjectionQuality:
    """Quality of projections: coverage of the intervals, and median width and error as shares of the spend."""

    coverage: float
    width: float
    error: float


def projection_quality(
    scenario: Scenario, draw: np.random.Generator, weeks: int, day: int, tenants: int
) -> ProjectionQuality:
    """Return the quality of projections made after `day` days of a month, with `weeks` weeks of history before it."""
    covered, widths, errors = 0, [], []
    for _ in range(tenants):
        days = scenario(draw, weeks * HOURS_PER_WEEK + MONTH).reshape(-1, HOURS_PER_DAY).sum(axis=1)
        past = days[: weeks * 7 + day]
        start = max(0, len(past) - PAST // HOURS_PER_DAY)
        end = float(days[weeks * 7 :].sum())
        spent = float(days[weeks * 7 : weeks * 7 + day].sum())
        projection = project_spend(past[start:].tolist(), start % 7, spent, [1.0] * (30 - day))
        covered += projection.low <= end <= projection.high
        widths.append((projection.high - projection.low) / end)
        errors.append(abs(projection.middle - end) / end)
    return ProjectionQuality(covered / tenants, median(widths), median(errors))


def main() -> None:
    """Run the simulations and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=100, help="number of tenants per scenario")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    tenants = arguments.tenants
    for table in (alarms_table, delays_table, coverage_table):
        out.print(table(np.random.default_rng(arguments.seed), tenants))


def alarms_table(draw: np.random.Generator, tenants: int) -> Table:
    """Return the table of false alarms of every scenario."""
    table = Table(f"false alarms per category and month, {tenants} tenants", "4 weeks of history", "8 weeks")
    for name, scenario in track(SCENARIOS.items(), "false alarms", console=out, transient=True):
        table.add_row(name, *(f"{false_alarms(scenario, draw, weeks, tenants):.3f}" for weeks in (4, 8)))
    return table


def delays_table(draw: np.random.Generator, tenants: int) -> Table:
    """Return the table of detections per scenario: share detected, and median and 90th percentile of the delay."""
    table = Table("detected, and delay (median, 90th percentile)", *(plant.name for plant in PLANTS))
    for name, scenario in track(SCENARIOS.items(), "delays", console=out, transient=True):
        found = [[detection_delay(scenario, plant, draw) for _ in range(tenants // 2)] for plant in PLANTS]
        table.add_row(name, *(_summary(delays) for delays in found))
    return table


def _summary(delays: Sequence[float | None]) -> str:
    found = sorted(delay for delay in delays if delay is not None)
    if not found:
        return "0 %"
    middle, late = found[len(found) // 2], found[int(0.9 * len(found))]
    return f"{len(found) / len(delays):.0%}: {_time(middle)}, {_time(late)}"


def _time(hours: float) -> str:
    if hours < 2:
        return f"{60 * hours:.0f} min"
    return f"{hours:.0f} h" if hours < 2 * HOURS_PER_DAY else f"{hours / HOURS_PER_DAY:.1f} d"


def coverage_table(draw: np.random.Generator, tenants: int) -> Table:
    """Return the table of the coverage of the 90 % intervals."""
    cases = [(weeks, day) for weeks in (2, 8) for day in (3, 10, 20, 27)]
    table = Table("covered (width, error)", *(f"{weeks} weeks + {day} days" for weeks, day in cases))
    for name, scenario in track(SCENARIOS.items(), "projections", console=out, transient=True):
        qualities = [projection_quality(scenario, draw, *case, tenants) for case in cases]
        table.add_row(
            name, *(f"{quality.coverage:.0%} ({quality.width:.0%}, {quality.error:.1%})" for quality in qualities)
        )
    return table


if __name__ == "__main__":
    main()
