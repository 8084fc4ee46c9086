"""Cohorts: counts of the decisions whose labels were due in one week.

A label counts from its due time on, the same for all outcomes. Labels as they come would show too few events or too
many, because an event is often reported earlier or later than its absence.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from vigil.kernel.time import format_week
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.profiles.counting_model import score_bin
from vigil.monitoring.profiles.model import SCORE_BINS, SUM_SCALE, ScoreCounts

MAX_COHORT_BYTES = 300_000
"""Maximum bytes of a packed cohort: a contract with the most groups fits. An item of DynamoDB has at most 400 kB."""
_EXACT = 1 << 20
"""Sums of probabilities in this part of 1 are exact in double precision, so that their order is irrelevant."""
_NONE = (0,) * SCORE_BINS

Label = Literal["occurred", "not_occurred", "excluded", "overdue"]
"""Label of a decision at its due time. `excluded` has no label by definition, for example after a death.

`overdue` has no resolved report and never counts as `not_occurred`.
"""


@dataclass(frozen=True, slots=True)
class DueDecision:
    """A decision with a probability, and its label.

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

    `labelled` counts the decisions with an event or without one by score bin. `events`, `excluded` and `overdue` have
    the same bins. `total` counts all decisions with their flags; its outcomes are those of the labelled ones.
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
    the same bytes.
    """

    week: str
    untreated: CohortArm = field(default=CohortArm())
    treated: CohortArm = field(default=CohortArm())
    groups: Mapping[str, GroupTally] = field(default_factory=dict)

    @classmethod
    def of(cls, week: str, decisions: Iterable[DueDecision], now: datetime) -> "Cohort":
        """Return the cohort of these decisions. Decisions due in another week, or after `now`, are left out."""
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
        """Return the cohort with one more decision; unchanged if it is due in another week or after `now`."""
        return self + Cohort.of(self.week, (decision,), now)

    def __add__(self, other: "Cohort") -> "Cohort":
        names = sorted({*self.groups, *other.groups})
        groups = {n: self.groups.get(n, GroupTally()) + other.groups.get(n, GroupTally()) for n in names}
        return Cohort(self.week, self.untreated + other.untreated, self.treated + other.treated, groups)

    def to_bytes(self) -> bytes:
        """Return the packed cohort. Raises ValueError above `MAX_COHORT_BYTES`."""
        groups = {name: astuple(tally) for name, tally in sorted(self.groups.items())}
        document = [self.week, _packed_arm(self.untreated), _packed_arm(self.treated), groups]
        packed = zlib.compress(json.dumps(document, separators=(",", ":"), allow_nan=False).encode(), 9)
        if len(packed) > MAX_COHORT_BYTES:
            raise ValueError(f"a cohort must have at most {MAX_COHORT_BYTES} bytes; declare fewer groups")
        return packed

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Cohort":
        """Return the cohort of `to_bytes`."""
        week, untreated, treated, groups = json.loads(zlib.decompress(packed))
        return cls(week, _arm_of(untreated), _arm_of(treated), {n: GroupTally(*t) for n, t in groups.items()})


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
    return tuple(map(int.__add__, left, right))


def _packed_arm(arm: CohortArm) -> list[Any]:
    scores = arm.labelled
    binned = (scores.rows, scores.sums, scores.squares, arm.events, arm.excluded, arm.overdue)
    return [*({i: n for i, n in enumerate(each) if n} for each in binned), astuple(arm.total)]


def _arm_of(packed: Sequence[Any]) -> CohortArm:
    *binned, total = packed
    rows, sums, squares, events, excluded, overdue = (
        tuple(each.get(str(place), 0) for place in range(SCORE_BINS)) for each in binned
    )
    return CohortArm(ScoreCounts(rows, sums, squares), events, excluded, overdue, GroupTally(*total))
