"""An attacker that narrows hidden counts down from health reports."""

import math
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from tests.support.random_reports import CELLS, ShiftedFacts, random_facts, shifted_facts
from vigil.monitoring.fairness.intervals_model import Z95
from vigil.monitoring.findings.suppression_model import (
    MIN_COUNT,
    Count,
    round_count,
    step_of,
    step_of_error,
)
from vigil.monitoring.report.facts_model import HealthFacts
from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.publishing_model import publish

MIN_SPREAD = 5
"""Smallest range of a hidden count that the attacker may reach. A derived count has 0, an unknown one 10.

The smallest ranges come from two hidden cells beside a shown sum: together they have 11 rows or more.
"""
_LARGE = 1e5
"""Constant that makes all unknown parts of measures positive."""


class Attacker:
    """Everything that a reader of reports knows, as linear inequalities over unknown counts.

    It also knows the step of each share and that a share without a number has few rows on a side. It knows the step of
    each other measure, and by how much an event moves the measure.
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

    def sees_measures(self, report: HealthReport, facts: HealthFacts, prefix: str) -> None:
        """Add the measures of known outcomes: a part that no event changes, and the influence of each event."""
        shown, exact = report.confirmed, facts.confirmed
        if shown is None or exact is None or exact.events is None:
            return
        self.sees(f"{prefix}events", shown.events)
        rarer = min(exact.events, exact.rows - exact.events)
        for published, measure in zip(shown.measures, exact.measures, strict=True):
            error = ((measure.high or 0.0) - measure.value) / Z95
            step, value = step_of_error(error, rarer), published.estimate.value
            if step is not None and value is not None:
                influence = error / math.sqrt(rarer)
                middle, half = _LARGE + value / influence, step / influence / 2 + 1e-3
                row = {self._index(f"constant {measure.name}"): 1.0, self._index(f"{prefix}events"): 1.0}
                self._between(row, middle - half, middle + half)

    def reads(self, report: HealthReport, facts: HealthFacts, prefix: str = "") -> list[str]:
        """Add all parts of a report but its weeks' sums, with names behind a prefix; return the hidden counts."""
        hidden: list[str] = []

        def see(name: str, count: Count) -> None:
            self.sees(prefix + name, count)
            if count is None:
                hidden.append(prefix + name)

        def share(events: str, rows: str, shown: float | None, shown_rows: Count) -> None:
            self.sees_share(prefix + events, prefix + rows, shown, shown_rows)

        see("rows", report.volume.decisions)
        tallies = {name: tally for groups in facts.groups.values() for name, tally in groups.items()}
        for group in report.groups:
            if group.measure == "true_positive_rate":
                see(f"rows {group.group}", group.rows)
            if group.measure in {"selection_rate", "abstention_rate"}:
                name = f"{group.measure} {group.group}"
                share(name, f"rows {group.group}", group.rate, group.rows)
                others = round_count(facts.volume.decisions - tallies[group.group].rows)
                share(f"{name} others", f"rows {group.group} others", group.others_rate, others)
                self.adds_up(f"{prefix}{group.measure} all", [prefix + name, f"{prefix}{name} others"])
                self.adds_up(f"{prefix}rows", [f"{prefix}rows {group.group}", f"{prefix}rows {group.group} others"])
        for week in report.trend:
            see(f"week {week.start}", week.rows)
            share(f"flagged {week.start}", f"week {week.start}", week.flagged, week.rows)
        for name, count in zip(report.drift[0].cells, report.drift[0].window, strict=True):
            see(f"cell {name}", count)
        for part in report.volume.abstained:
            see(f"reason {part.name}", part.rows)
            share(f"reason {part.name}", "rows", part.share, report.volume.counted)
        self.sees_measures(report, facts, prefix)
        self.adds_up(f"{prefix}rows", [f"{prefix}cell {name}" for name in report.drift[0].cells])
        reasons = [f"{prefix}reason {part.name}" for part in report.volume.abstained]
        self.adds_up(f"{prefix}abstention_rate all", reasons)
        _cross(self, prefix)
        return hidden

    def names(self, prefix: str) -> list[str]:
        """Return the names behind a prefix."""
        return [name for name in self._names if name.startswith(prefix)]

    def adds_up(self, whole: str, parts: Sequence[str]) -> None:
        """Add the knowledge that parts make a whole."""
        self._equal.append({self._index(whole): 1.0, **{self._index(part): -1.0 for part in parts}})

    def ranges(self, names: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Return the lowest and the highest possible value of each named count."""
        known = {
            "A_ub": self._matrix([row for row, _ in self._rows]),
            "b_ub": [bound for _, bound in self._rows],
            "A_eq": self._matrix(self._equal),
            "b_eq": [0.0] * len(self._equal),
        }
        return {name: self._range(self._names[name], known) for name in names}

    def _range(self, place: int, known: dict[str, Any]) -> tuple[float, float]:
        target = np.zeros(len(self._names))
        target[place] = 1.0
        found = [linprog(sign * target, **known, bounds=(0, None), method="highs") for sign in (1, -1)]
        assert all(each.status in {0, 3} for each in found), [each.message for each in found]
        return found[0].fun, -found[1].fun if found[1].status == 0 else float("inf")

    def _matrix(self, rows: Sequence[dict[int, float]]) -> csr_array:
        places = [(number, place, value) for number, row in enumerate(rows) for place, value in row.items()]
        numbers, columns, values = zip(*places, strict=True)
        return csr_array((values, (numbers, columns)), shape=(len(rows), len(self._names)))

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
    attacker = Attacker(below)
    hidden = attacker.reads(report, facts)
    attacker.adds_up("rows", [f"week {week.start}" for week in report.trend])
    attacker.adds_up("selection_rate all", [f"flagged {week.start}" for week in report.trend])
    return attacker.ranges(hidden)


def attack_both(early: HealthReport, late: HealthReport, facts: ShiftedFacts) -> dict[str, tuple[float, float]]:
    """Return the range of each hidden count of two reports whose windows differ by a day at either end.

    Each small count of the day that has entered the window is hidden too.
    """
    attacker = Attacker(below=9)
    hidden = [*attacker.reads(early, facts.early, "early "), *attacker.reads(late, facts.late, "late ")]
    for name in attacker.names("early "):
        plain = name.removeprefix("early ")
        attacker.adds_up(name, [f"first {plain}", f"shared {plain}"])
        attacker.adds_up(f"late {plain}", [f"shared {plain}", f"last {plain}"])
    days = [name for name in attacker.names("last ") if name.split()[1] in {"rows", "cell", "reason", "events"}]
    small = [name for name in days if facts.count_of(name) < MIN_COUNT]
    return attacker.ranges([*hidden, *small])


def _cross(attacker: Attacker, prefix: str) -> None:
    for what in ("rows", "selection_rate", "abstention_rate"):
        whole = what if what == "rows" else f"{what} all"
        for place, values in enumerate(("xy", "pqr")):
            attacker.adds_up(prefix + whole, [f"{prefix}{what} {value}" for value in values])
            for value in values:
                cells = [f"{prefix}{what} {a}&{b}" for a, b in CELLS if (a, b)[place] == value]
                attacker.adds_up(f"{prefix}{what} {value}", cells)


def lowest_spread(seeds: Iterable[int]) -> float:
    """Return the smallest range of a hidden count that the attacker finds: 10 if it finds nothing."""
    every = [random_facts(Random(seed)) for seed in seeds]
    return _lowest(found for facts in every for found in attack(publish(facts), facts).values())


def lowest_shifted_spread(seeds: Iterable[int]) -> float:
    """Return the smallest range of a hidden count, or of one of a single day, from reports of successive days."""
    every = [shifted_facts(Random(seed)) for seed in seeds]
    pairs = (attack_both(publish(facts.early), publish(facts.late), facts) for facts in every)
    return _lowest(found for pair in pairs for found in pair.values())


def _lowest(ranges: Iterable[tuple[float, float]]) -> float:
    found = list(ranges)
    assert found
    return min(min(high, 10) - low for low, high in found)
