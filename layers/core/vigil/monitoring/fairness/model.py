"""Values of fairness: counts by group, measures, and verdicts."""

from dataclasses import dataclass, fields
from typing import Literal

from vigil.monitoring.fairness.intervals_model import Ratio

FairnessMeasure = Literal[
    "true_positive_rate",
    "false_positive_rate",
    "positive_predictive_value",
    "calibration",
    "selection_rate",
    "abstention_rate",
]
"""Measure that is compared between a group and all others; a flag is an answer in a high-risk band.

`true_positive_rate` is the main one: a flag brings help, so the harm is a missed event. `calibration` is the number of
observed events per expected one. `selection_rate` is the share of flagged rows, for the 80 % rule.
`positive_predictive_value` is the share of events among flagged rows. `abstention_rate` is the share of abstentions.
The first four need known outcomes.
"""
Verdict = Literal["pass", "fail", "insufficient"]
"""Verdict on a ratio: its interval is wholly inside the tolerated range, wholly outside, or neither.

`insufficient` is also the verdict without an interval.
"""


@dataclass(frozen=True, slots=True)
class GroupTally:
    """Counts of one group. The first three count all decisions, the others count decisions with a known outcome.

    In a tally of profiles, only the first three are counted. In a tally of a cohort, only untreated decisions are
    counted, and `abstained` is 0. `flagged` rows have a high-risk band. `abstained` rows are abstentions. `expected` is
    the sum of the probabilities of the decisions with a known outcome.
    """

    rows: int = 0
    flagged: int = 0
    abstained: int = 0
    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0
    expected: float = 0.0

    @property
    def events(self) -> int:
        """Number of events among the known outcomes."""
        return self.true_positives + self.false_negatives

    @property
    def labelled(self) -> int:
        """Number of decisions with a known outcome."""
        return self.events + self.false_positives + self.true_negatives

    def __add__(self, other: "GroupTally") -> "GroupTally":
        return GroupTally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(GroupTally)))

    def __sub__(self, part: "GroupTally") -> "GroupTally":
        return GroupTally(*(getattr(self, each.name) - getattr(part, each.name) for each in fields(GroupTally)))


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """One measure of a group against all others of its attribute. `group` is a value of the attribute.

    `rate` and `others_rate` are in the unit of the measure; they are None without rows. `ratio` is `rate` divided by
    `others_rate`, with a 95 % interval. Without 11 rows and 5 expected events on each side, `ratio` is None. `is_alarm`
    is True if the interval at the level of alarms (99.95 %) is wholly outside the tolerated range. The direction of the
    alarm is irrelevant.

    `rows_needed` is the number of rows of the group at which equal rates would pass. Only a verdict `insufficient` has
    it, and only up to `MAX_ROWS_NEEDED`. The planned rows are those of the measure's denominator: events for the
    true-positive rate, flagged rows for the positive predictive value.
    """

    group: str
    measure: FairnessMeasure
    rate: float | None
    others_rate: float | None
    ratio: Ratio | None
    verdict: Verdict
    is_alarm: bool
    rows_needed: int | None
