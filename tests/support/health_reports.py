"""Random facts of health reports with many small cells, and an attacker that narrows a count down from a report."""

from collections.abc import Sequence
from random import Random

from scipy.optimize import linprog

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.report.facts_model import (
    CalibrationBin,
    DriftFacts,
    HealthFacts,
    PerformanceFacts,
    VolumeFacts,
    WeekFacts,
)
from vigil.monitoring.report.model import Budget, Count, HealthReport
from vigil.monitoring.report.suppression_model import round_count, step_of

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


class Attacker:
    """Everything that a reader of reports knows, as linear inequalities over unknown counts.

    It also knows the step of each share and that a share without a number has few rows on a side.
    """

    def __init__(self, below: int) -> None:
        self._below = below
        self._names: dict[str, int] = {}
        self._rows: list[tuple[dict[int, float], float]] = []
        self._equal: list[dict[int, float]] = []

    def sees(self, name: str, count: Count) -> None:
        """Add a shown count."""
        low, high = (0, 10) if count is None else (max(count - self._below, 11), count + 19 - self._below)
        self._between({self._index(name): 1.0}, low, high)

    def sees_share(self, events: str, rows: str, share: float | None, shown_rows: Count) -> None:
        """Add a shown share of events among rows."""
        step = step_of(shown_rows) if shown_rows else None
        if share is None or step is None:
            return
        part, whole = self._index(events), self._index(rows)
        low = 0.0 if share <= step else share - step / 2
        high = 1.0 if share >= 1 - step * 1.001 else share + step / 2
        self._rows.append(({part: -1.0, whole: low}, 1e-6))
        self._rows.append(({part: 1.0, whole: -high}, 1e-6))
        self._between({part: 1.0}, 11, None)
        self._rows.append(({part: 1.0, whole: -1.0}, -11))

    def adds_up(self, whole: str, parts: Sequence[str]) -> None:
        """Add the knowledge that parts make a whole."""
        self._equal.append({self._index(whole): 1.0, **{self._index(part): -1.0 for part in parts}})

    def range_of(self, name: str) -> tuple[float, float]:
        """Return the lowest and the highest possible value of a count."""
        size, target = len(self._names), [0.0] * len(self._names)
        target[self._names[name]] = 1.0
        found = [
            linprog(
                [sign * each for each in target],
                A_ub=[[row.get(i, 0.0) for i in range(size)] for row, _ in self._rows] or None,
                b_ub=[bound for _, bound in self._rows] or None,
                A_eq=[[row.get(i, 0.0) for i in range(size)] for row in self._equal] or None,
                b_eq=[0.0] * len(self._equal) or None,
                bounds=(0, None),
                method="highs",
            )
            for sign in (1, -1)
        ]
        assert all(each.status in {0, 3} for each in found), [each.message for each in found]
        return found[0].fun, -found[1].fun if found[1].status == 0 else float("inf")

    def _between(self, row: dict[int, float], low: float, high: float | None) -> None:
        self._rows.append(({key: -value for key, value in row.items()}, -low))
        if high is not None:
            self._rows.append((row, high))

    def _index(self, name: str) -> int:
        return self._names.setdefault(name, len(self._names))


def attack(report: HealthReport, facts: HealthFacts, below: int = 9) -> dict[str, tuple[float, float]]:
    """Return the range of each hidden count that follows from all parts of a report together.

    The facts only give the step of the shares of all others. An exact count is at most `below` less than its shown one.
    """
    attacker, hidden = Attacker(below), []
    tallies = {name: tally for groups in facts.groups.values() for name, tally in groups.items()}

    def see(name: str, count: Count) -> None:
        attacker.sees(name, count)
        if count is None:
            hidden.append(name)

    see("rows", report.volume.decisions)
    for group in report.groups:
        if group.measure == "true_positive_rate":
            see(f"rows {group.group}", group.rows)
        if group.measure in {"selection_rate", "abstention_rate"}:
            name = f"{group.measure} {group.group}"
            attacker.sees_share(name, f"rows {group.group}", group.rate, group.rows)
            others = round_count(facts.volume.decisions - tallies[group.group].rows)
            attacker.sees_share(f"{name} others", f"rows {group.group} others", group.others_rate, others)
            attacker.adds_up(f"{group.measure} all", [name, f"{name} others"])
            attacker.adds_up("rows", [f"rows {group.group}", f"rows {group.group} others"])
    for week in report.trend:
        see(f"week {week.start}", week.rows)
        attacker.sees_share(f"flagged {week.start}", f"week {week.start}", week.flagged, week.rows)
    for name, count in zip(report.drift[0].cells, report.drift[0].window, strict=True):
        see(f"cell {name}", count)
    for part in report.volume.abstained:
        see(f"reason {part.name}", part.rows)
        attacker.sees_share(f"reason {part.name}", "rows", part.share, report.volume.counted)
    attacker.adds_up("rows", [f"week {week.start}" for week in report.trend])
    attacker.adds_up("rows", [f"cell {name}" for name in report.drift[0].cells])
    attacker.adds_up("abstention_rate all", [f"reason {part.name}" for part in report.volume.abstained])
    attacker.adds_up("selection_rate all", [f"flagged {week.start}" for week in report.trend])
    _cross(attacker)
    return {name: attacker.range_of(name) for name in hidden}


def _cross(attacker: Attacker) -> None:
    for what in ("rows", "selection_rate", "abstention_rate"):
        whole = what if what == "rows" else f"{what} all"
        for place, values in enumerate(("xy", "pqr")):
            attacker.adds_up(whole, [f"{what} {value}" for value in values])
            for value in values:
                cells = [f"{what} {a}&{b}" for a, b in CELLS if (a, b)[place] == value]
                attacker.adds_up(f"{what} {value}", cells)
