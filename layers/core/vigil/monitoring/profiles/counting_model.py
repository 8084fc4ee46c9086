"""Counting of decisions into a profile: bins of features and scores, and the choice of the decisions that count."""

import hashlib
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vigil.monitoring.profiles.model import (
    MAX_PATTERNS,
    SCORE_BINS,
    SCORE_EDGES,
    SUM_SCALE,
    FeatureCounts,
    GroupCounts,
    Profile,
    ScoreCounts,
    Source,
)
from vigil.prediction.engines.group_attributes import NOT_GIVEN
from vigil.prediction.engines.votes import logit

MAX_COUNTED = 10_000
"""Number of decisions of a version and day above which a sample is counted. More rows find a change no sooner."""


@dataclass(frozen=True, slots=True)
class FeatureCells:
    """Cells into which the values of one feature are counted; `cells` is their number.

    `edges` are the rising inner edges of a number: one edge less than cells. Levels, booleans and a number with one
    cell have no edges.
    """

    edges: tuple[float, ...]
    cells: int

    def cell(self, value: float) -> int:
        """Return the place, from 0 on, of the cell of an encoded value that is not NaN.

        An edge belongs to the cell above it. The place of a level or boolean is its code. Raises ValueError for a code
        that has no cell.
        """
        if self.edges or self.cells == 1:
            return bisect_right(self.edges, value)
        if not 0 <= value < self.cells:
            raise ValueError(f"a level must have a code from 0 to {self.cells - 1}; count with the layout of its model")
        return int(value)


@dataclass(frozen=True, slots=True)
class CountedDecision:
    """One decision as a profile counts it.

    `row` has the encoded features in the order of the contract, NaN for a missing one. `created_at` is a timestamp in
    UTC (`2026-11-21T05:00:00.000000Z`). `probability` is from 0 to 1, or None if the model could not give one.
    `is_flagged` is True in a high-risk band. A decision with `abstention_reasons` is an abstention. `degraded_engines`
    gave no vote. `groups` has the value of each known attribute by its name.
    """

    decision_id: str
    subject: str
    created_at: str
    row: Sequence[float]
    probability: float | None
    band: str
    decision: str
    is_flagged: bool
    abstention_reasons: tuple[str, ...] = ()
    degraded_engines: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)


def group_names(groups: Mapping[str, str], combinations: Iterable[Sequence[str]]) -> list[str]:
    """Return the group of a decision for each combination of attributes, such as `sex=female&age_band=15-24`.

    The groups have the order of `combinations`. `groups` has the value by attribute; a missing one is `not given`.
    """
    return ["&".join(f"{name}={groups.get(name, NOT_GIVEN)}" for name in names) for names in combinations]


def is_sampled(decision_id: str, rows: int) -> bool:
    """Return True if a decision is in the sample of a day with `rows` decisions: all of them up to `MAX_COUNTED`.

    Of more decisions, about one in `rows / MAX_COUNTED` (rounded up) is sampled by the hash of its id. So a sample has
    about 5,000 to 10,000 decisions. A decision has the same result in each call.
    """
    share = -(-rows // MAX_COUNTED)
    drawn = hashlib.sha256(decision_id.encode()).digest()
    return int.from_bytes(drawn[:8], "big") % max(share, 1) == 0


def first_of_subjects(decisions: Iterable[CountedDecision]) -> list[CountedDecision]:
    """Return the first decision of each subject by time, then by id. Rows of one subject depend on each other.

    The result has the order in which the subjects first appear.
    """
    first: dict[str, CountedDecision] = {}
    for each in decisions:
        other = first.get(each.subject)
        if other is None or (each.created_at, each.decision_id) < (other.created_at, other.decision_id):
            first[each.subject] = each
    return list(first.values())


class ProfileCounter:
    """Counter of decisions of one day, version and source, added in any order. A repeated decision is counted again.

    `features` have the order of the contract. `attributes` are names of declared group attributes, and `intersections`
    are pairs of them.
    """

    def __init__(
        self,
        features: Sequence[FeatureCells],
        attributes: Sequence[str] = (),
        intersections: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._features = features
        self._combinations = (*((name,) for name in attributes), *intersections)
        self._cells = [[0] * feature.cells for feature in features]
        self._missing = [0] * len(features)
        self._rows, self._sums, self._squares = ([0] * SCORE_BINS for _ in range(3))
        self._bands, self._decisions, self._reasons, self._engines = (Counter[str]() for _ in range(4))
        self._patterns: Counter[int] = Counter()
        self._groups: Counter[tuple[str, str]] = Counter()
        self._counted = 0

    def add(self, decision: CountedDecision) -> None:
        """Count a decision.

        Raises ValueError for a row with another number of features, or with a level that has no cell; the counter is
        invalid then.
        """
        self._counted += 1
        self._add_features(decision.row)
        if decision.probability is not None:
            self._add_score(decision.probability)
        self._bands[decision.band] += 1
        self._decisions[decision.decision] += 1
        self._reasons.update(decision.abstention_reasons)
        self._engines.update(decision.degraded_engines)
        for group in group_names(decision.groups, self._combinations):
            self._groups[group, "rows"] += 1
            self._groups[group, "flagged"] += decision.is_flagged
            self._groups[group, "abstained"] += bool(decision.abstention_reasons)

    def profile(self, day: str, source: Source, rows: int) -> Profile:
        """Return the profile of the added decisions on a day (`2026-11-21`).

        `rows` is the number of all decisions of the day, including those that were not added.
        """
        names = sorted({name for name, _ in self._groups})
        members = ("rows", "flagged", "abstained")
        return Profile(
            day=day,
            source=source,
            rows=rows,
            counted=self._counted,
            features=tuple(map(FeatureCounts, map(tuple, self._cells), self._missing)),
            scores=ScoreCounts(tuple(self._rows), tuple(self._sums), tuple(self._squares)),
            bands=dict(self._bands),
            decisions=dict(self._decisions),
            abstention_reasons=dict(self._reasons),
            degraded_engines=dict(self._engines),
            missing_patterns=most_frequent(self._patterns),
            groups={name: GroupCounts(*(self._groups[name, member] for member in members)) for name in names},
        )

    def _add_features(self, row: Sequence[float]) -> None:
        pattern = 0
        for place, (feature, value) in enumerate(zip(self._features, row, strict=True)):
            if math.isnan(value):
                self._missing[place] += 1
                pattern |= 1 << place
            else:
                self._cells[place][feature.cell(value)] += 1
        if pattern:
            self._patterns[pattern] += 1

    def _add_score(self, probability: float) -> None:
        place = score_bin(probability)
        self._rows[place] += 1
        self._sums[place] += round(probability * SUM_SCALE)
        self._squares[place] += round(probability * probability * SUM_SCALE)


def score_bin(probability: float) -> int:
    """Return the place of the score bin of a probability from 0 to 1: 0 is the lowest bin, 63 the highest."""
    return bisect_right(SCORE_EDGES, logit(probability))


def most_frequent(patterns: Mapping[int, int]) -> dict[int, int]:
    """Return at most `MAX_PATTERNS` (16) patterns with their rows, the most frequent first.

    A pattern is a bit mask of missing features, as in `Profile.missing_patterns`. Of equal numbers of rows, the smaller
    mask is first.
    """
    ranked = sorted(patterns.items(), key=lambda pattern: (-pattern[1], pattern[0]))
    return dict(ranked[:MAX_PATTERNS])
