"""Random facts of health reports with many small cells, and pairs of windows that differ by a day."""

import math
from dataclasses import dataclass, replace
from random import Random

from vigil.monitoring.fairness.intervals_model import Z95
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.report.facts_model import (
    CalibrationBin,
    DriftFacts,
    HealthFacts,
    MeasureFacts,
    PerformanceFacts,
    VolumeFacts,
    WeekFacts,
)
from vigil.monitoring.report.model import Budget, MeasureName

CELLS = [(a, b) for a in ("x", "y") for b in ("p", "q", "r")]
"""Groups of two attributes, crossed."""


def random_facts(chance: Random) -> HealthFacts:
    """Return facts with small cells in every part; the intersections add up to the attributes and to the decisions."""
    size = chance.choice((3, 12, 40, 200))
    cells = {cell: _tally(chance, chance.choice((0, 2, 6, 10, 11, size, size * 4))) for cell in CELLS}
    total = sum(cells.values(), GroupTally())
    weeks = _weeks(chance, total)
    reasons = _split(chance, total.abstained, 3)
    return HealthFacts(
        *("m", 1, "single", "2026-11-29", False, Budget(1.0, 0, "2026-01-01")),
        volume=VolumeFacts("a", "b", total.rows, total.rows, abstained=dict(zip("abc", reasons, strict=True))),
        confirmed=PerformanceFacts("a", "b", total.labelled, (), events=total.events, overdue=chance.randrange(15)),
        calibration=(CalibrationBin(total.labelled, total.events, total.expected),) if total.labelled else (),
        drift=(_drift(chance, total.rows),),
        groups=_margins(cells),
        trend=weeks,
    )


def _margins(cells: dict[tuple[str, str], GroupTally]) -> dict[str, dict[str, GroupTally]]:
    def add(place: int, value: str) -> GroupTally:
        return sum((tally for cell, tally in cells.items() if cell[place] == value), GroupTally())

    return {
        "a": {value: add(0, value) for value in "xy"},
        "b": {value: add(1, value) for value in "pqr"},
        "a&b": {f"{a}&{b}": tally for (a, b), tally in cells.items()},
    }


def _tally(chance: Random, rows: int) -> GroupTally:
    labelled = chance.randint(0, rows)
    tp, fp, fn, tn = _split(chance, labelled, 4)
    return GroupTally(
        rows, min(rows, tp + fp + chance.randint(0, 9)), chance.randint(0, rows), tp, fp, fn, tn, labelled / 3
    )


def _split(chance: Random, total: int, parts: int) -> list[int]:
    cuts = sorted(chance.randint(0, total) for _ in range(parts - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]


def _weeks(chance: Random, total: GroupTally) -> tuple[WeekFacts, ...]:
    rows, flagged = _split(chance, total.rows, 4), [0, 0, 0, 0]
    left = total.flagged
    for week in range(4):
        least = max(0, left - sum(rows[week + 1 :]))
        flagged[week] = chance.randint(least, min(rows[week], left))
        left -= flagged[week]
    return tuple(WeekFacts(f"w{i}", each, flagged[i], min(each, 5)) for i, each in enumerate(rows))


def _drift(chance: Random, rows: int) -> DriftFacts:
    return DriftFacts("f", "values", tuple("abcd"), tuple(_split(chance, rows, 4)), (20, 30, 5, 11))


@dataclass(frozen=True)
class ShiftedFacts:
    """Facts of two windows of many days, the second one a day later. `last` is the day that enters."""

    last: HealthFacts
    early: HealthFacts
    late: HealthFacts

    def count_of(self, name: str) -> int:
        """Return a count of the day that enters, by a name such as `last rows x&p` or `last cell a`."""
        _, what, *value = name.split()
        if what == "cell":
            cells = self.last.drift[0].cells
            return self.last.drift[0].window[cells.index(value[0])]
        if what == "events":
            return (self.last.confirmed and self.last.confirmed.events) or 0
        if what == "reason":
            return self.last.volume.abstained[value[0]]
        tallies = {name: tally for groups in self.last.groups.values() for name, tally in groups.items()}
        rows = tallies[value[0]].rows if value else self.last.volume.decisions
        return self.last.volume.decisions - rows if value[1:] == ["others"] else rows


def shifted_facts(chance: Random) -> ShiftedFacts:
    """Return two windows that share all days but one at either end; those days have few decisions."""
    first, shared, last = (_part(chance, size) for size in (chance.choice((1, 3, 8)), 60, chance.choice((1, 3, 8))))
    return ShiftedFacts(last, _joined(first, shared), _joined(shared, last))


def _part(chance: Random, size: int) -> HealthFacts:
    """Return facts without weeks, whose smallest groups have up to `size` decisions."""
    cells = {cell: _tally(chance, chance.randint(0, size * chance.choice((1, 1, 4)))) for cell in CELLS}
    total = sum(cells.values(), GroupTally())
    reasons = dict(zip("abc", _split(chance, total.abstained, 3), strict=True))
    return HealthFacts(
        *("m", 1, "single", "2026-11-29", False, Budget(1.0, 0, "2026-01-01")),
        volume=VolumeFacts("a", "b", total.rows, total.rows, abstained=reasons),
        confirmed=_confirmed(total),
        drift=(_drift(chance, total.rows),),
        groups=_margins(cells),
    )


def _confirmed(total: GroupTally) -> PerformanceFacts:
    """Return measures to which each event adds the same, as much as an event of the rarer kind moves them."""
    root = math.sqrt(max(min(total.events, total.labelled - total.events), 1))
    influences: dict[MeasureName, float] = {"auc": 0.0004, "brier": 0.0011, "calibration_intercept": 0.017}
    measures = [
        MeasureFacts(name, total.labelled, total.events * each, (total.events - Z95 * root) * each)
        for name, each in influences.items()
    ]
    measures = [replace(each, high=2 * each.value - (each.low or 0.0)) for each in measures]
    return PerformanceFacts("a", "b", total.labelled, tuple(measures), events=total.events, overdue=0)


def _joined(left: HealthFacts, right: HealthFacts) -> HealthFacts:
    reasons = {name: left.volume.abstained[name] + right.volume.abstained[name] for name in "abc"}
    rows = left.volume.decisions + right.volume.decisions
    window = tuple(map(int.__add__, left.drift[0].window, right.drift[0].window))
    return replace(
        left,
        volume=VolumeFacts("a", "b", rows, rows, abstained=reasons),
        confirmed=_confirmed(sum((*left.groups["a"].values(), *right.groups["a"].values()), GroupTally())),
        drift=(replace(left.drift[0], window=window),),
        groups={
            name: {value: tally + right.groups[name][value] for value, tally in tallies.items()}
            for name, tallies in left.groups.items()
        },
    )
