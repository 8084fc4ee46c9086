"""Cohorts: counts of the decisions whose labels were due in one week.

A label counts from its due time on, the same for all outcomes. Labels that count when they arrive would show too few or
too many events: an event is often reported earlier or later than its absence.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from itertools import starmap
from typing import Any, Literal

from vigil.errors import DamagedData
from vigil.kernel.stored_values import (
    check_week,
    read_members,
    read_object,
    read_parts,
    read_value,
    unpack_json,
)
from vigil.kernel.time import format_week
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.profiles.counting_model import score_bin
from vigil.monitoring.profiles.model import SCORE_BINS, SUM_SCALE, ScoreCounts

MAX_COHORT_BYTES = 300_000
"""Maximum bytes of a packed cohort: 300 kB.

A contract with the most groups fits. An item of DynamoDB has at most 400 kB.
"""
_EXACT = 1 << 20
"""Sums of probabilities in this part of 1 are exact in double precision, so that their order is irrelevant."""
_NONE = (0,) * SCORE_BINS
_BINS = dict.fromkeys(map(str, range(SCORE_BINS)))
_PARTS, _ARM_PARTS = 4, 7
"""Numbers of the parts of a packed cohort, and of each arm."""
_MAX_ROWS = 1 << 53
"""Maximum decisions of a cohort: larger numbers are not exact in double precision."""
_MAX_JSON = 1 << 24
"""Maximum bytes of the JSON of a cohort, so that a stored item cannot exhaust the memory."""

Label = Literal["occurred", "not_occurred", "excluded", "overdue"]
"""Label of a decision at its due time.

`occurred` and `not_occurred` are known outcomes: an event, or none. `excluded` has no outcome by definition, for
example after a death. `overdue` has no resolved report and never counts as `not_occurred`.
"""


@dataclass(frozen=True, slots=True)
class DueDecision:
    """A decision with a probability from 0 to 1, and its label.

    `flagged` is True in a high-risk band. `due_at` is the time, with its zone, at which the label is final. `treated`
    is True if the subject was helped because of the score. `groups` are names such as `sex=female`, or
    `sex=female&age_band=15-24` for a declared intersection.
    """

    probability: float
    flagged: bool
    due_at: datetime
    label: Label
    treated: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CohortArm:
    """Counts of treated or of untreated decisions.

    `labelled` counts by score bin the decisions with a known outcome: an event or none. `events`, `excluded` and
    `overdue` are numbers of decisions by the same bins, the lowest first. `total` counts all decisions and their flags;
    its outcomes are those of the labelled ones. Arms add up in any order.
    """

    labelled: ScoreCounts = field(default=ScoreCounts(_NONE, _NONE, _NONE))
    events: tuple[int, ...] = _NONE
    excluded: tuple[int, ...] = _NONE
    overdue: tuple[int, ...] = _NONE
    total: GroupTally = field(default=GroupTally())

    def __add__(self, other: "CohortArm") -> "CohortArm":
        mine, theirs = self.labelled, other.labelled
        return CohortArm(
            ScoreCounts(_sum(mine.rows, theirs.rows), _sum(mine.sums, theirs.sums), _sum(mine.squares, theirs.squares)),
            _sum(self.events, other.events),
            _sum(self.excluded, other.excluded),
            _sum(self.overdue, other.overdue),
            self.total + other.total,
        )


@dataclass(frozen=True, slots=True)
class Cohort:
    """Counts of one model version for a tenant and source: the decisions whose labels were due in a week.

    `week` is the ISO week of the due time in UTC (`2026-W47`). `groups` counts untreated decisions by name of the
    group: help changes outcomes, so treated ones do not measure the model. Cohorts of one week add up in any order to
    the same bytes; those of different weeks raise ValueError.
    """

    week: str
    untreated: CohortArm = field(default=CohortArm())
    treated: CohortArm = field(default=CohortArm())
    groups: Mapping[str, GroupTally] = field(default_factory=dict)

    @classmethod
    def of(cls, week: str, decisions: Iterable[DueDecision], now: datetime) -> "Cohort":
        """Return the cohort of the decisions that were due in `week` (`2026-W47`) and not after `now`.

        The other decisions are left out. The order of the decisions is irrelevant.
        """
        due = [each for each in decisions if each.due_at <= now and due_week(each.due_at) == week]
        untreated = [each for each in due if not each.treated]
        names = sorted({name for each in untreated for name in each.groups})
        return cls(
            week,
            _arm(untreated),
            _arm([each for each in due if each.treated]),
            {name: _tally(each for each in untreated if name in each.groups) for name in names},
        )

    def add(self, decision: DueDecision, now: datetime) -> "Cohort":
        """Return the cohort with one more decision; an equal one if it is due in another week or after `now`."""
        return self + Cohort.of(self.week, (decision,), now)

    def __add__(self, other: "Cohort") -> "Cohort":
        if self.week != other.week:
            raise ValueError(f"only cohorts of one week can be added, not those of {self.week} and {other.week}")
        names = sorted({*self.groups, *other.groups})
        groups = {n: self.groups.get(n, GroupTally()) + other.groups.get(n, GroupTally()) for n in names}
        return Cohort(self.week, self.untreated + other.untreated, self.treated + other.treated, groups)

    def to_bytes(self) -> bytes:
        """Return the packed cohort; equal cohorts give equal bytes. Raises ValueError above 300 kB."""
        groups = {name: astuple(tally) for name, tally in sorted(self.groups.items())}
        document = [self.week, _packed_arm(self.untreated), _packed_arm(self.treated), groups]
        packed = zlib.compress(json.dumps(document, separators=(",", ":"), allow_nan=False).encode(), 9)
        if len(packed) > MAX_COHORT_BYTES:
            raise ValueError(f"a cohort must have at most {MAX_COHORT_BYTES:,} bytes; declare fewer groups")
        return packed

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Cohort":
        """Return the cohort of `to_bytes`. Raises DamagedData for other bytes, and for JSON above 16 MiB.

        Counts that contradict each other are damaged, too.
        """
        week, untreated, treated, groups = read_parts(unpack_json(packed, _MAX_JSON), _PARTS)
        named = {name: read_members(GroupTally, each) for name, each in read_object(groups).items()}
        cohort = read_value(
            cls, {"week": week, "untreated": _arm_of(untreated), "treated": _arm_of(treated), "groups": named}
        )
        check_week(cohort.week)
        tallies = cohort.untreated.total, cohort.treated.total, *cohort.groups.values()
        if not (all(map(_agrees, tallies)) and _is_whole(cohort.untreated) and _is_whole(cohort.treated)):
            raise DamagedData("the counts of the cohort must agree with its number of decisions")
        return cohort


def _agrees(tally: GroupTally) -> bool:
    """Return True if the parts of a tally are not larger than the whole."""
    most = max(tally.flagged, tally.abstained, tally.labelled)
    return most <= tally.rows <= _MAX_ROWS and tally.expected <= tally.labelled


def _is_whole(arm: CohortArm) -> bool:
    """Return True if the bins of an arm make its total."""
    scores, total = arm.labelled, arm.total
    bins = zip(scores.rows, scores.sums, scores.squares, arm.events, strict=True)
    outcomes = total.labelled, total.events, total.rows
    sums = sum(scores.rows), sum(arm.events), sum((*scores.rows, *arm.excluded, *arm.overdue))
    return outcomes == sums and all(
        squares <= mass <= rows * SUM_SCALE and events <= rows for rows, mass, squares, events in bins
    )


def due_week(due_at: datetime) -> str:
    """Return the ISO week in UTC of a due time with its zone, for example `2026-W47`."""
    return format_week(due_at.astimezone(UTC))


def _arm(decisions: Sequence[DueDecision]) -> CohortArm:
    known = [each for each in decisions if each.label in ("occurred", "not_occurred")]
    return CohortArm(
        ScoreCounts(
            _binned((each, 1) for each in known),
            _binned((each, round(each.probability * SUM_SCALE)) for each in known),
            _binned((each, round(each.probability**2 * SUM_SCALE)) for each in known),
        ),
        _labelled(decisions, "occurred"),
        _labelled(decisions, "excluded"),
        _labelled(decisions, "overdue"),
        _tally(decisions),
    )


def _labelled(decisions: Sequence[DueDecision], label: Label) -> tuple[int, ...]:
    return _binned((each, 1) for each in decisions if each.label == label)


def _binned(weighted: Iterable[tuple[DueDecision, int]]) -> tuple[int, ...]:
    counts = [0] * SCORE_BINS
    for decision, weight in weighted:
        counts[score_bin(decision.probability)] += weight
    return tuple(counts)


def _tally(decisions: Iterable[DueDecision]) -> GroupTally:
    return sum(map(_single_tally, decisions), GroupTally())


def _single_tally(decision: DueDecision) -> GroupTally:
    flagged, event = decision.flagged, decision.label == "occurred"
    if decision.label in ("excluded", "overdue"):
        return GroupTally(rows=1, flagged=int(flagged))
    return GroupTally(
        rows=1,
        flagged=int(flagged),
        true_positives=int(flagged and event),
        false_positives=int(flagged and not event),
        false_negatives=int(event and not flagged),
        true_negatives=int(not event and not flagged),
        expected=round(decision.probability * _EXACT) / _EXACT,
    )


def _sum(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(starmap(int.__add__, zip(left, right, strict=True)))


def _packed_arm(arm: CohortArm) -> list[Any]:
    scores = arm.labelled
    binned = (scores.rows, scores.sums, scores.squares, arm.events, arm.excluded, arm.overdue)
    return [*({i: n for i, n in enumerate(each) if n} for each in binned), astuple(arm.total)]


def _arm_of(packed: Any) -> dict[str, Any]:
    """Return the members of an arm by name."""
    *binned, total = read_parts(packed, _ARM_PARTS)
    rows, sums, squares, events, excluded, overdue = map(_bins_of, binned)
    labelled = {"rows": rows, "sums": sums, "squares": squares}
    tally = read_members(GroupTally, total)
    return {"labelled": labelled, "events": events, "excluded": excluded, "overdue": overdue, "total": tally}


def _bins_of(packed: Any) -> list[Any]:
    bins = read_object(packed)
    if not bins.keys() <= _BINS.keys():
        raise DamagedData(f"bins must have numbers from 0 to {SCORE_BINS - 1}")
    return [bins.get(name, 0) for name in _BINS]
