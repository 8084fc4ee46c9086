"""Profiles of days: counts of decisions by feature bin, score, band, reason and group.

A profile is exact and commutative: all its numbers are integers, so that parts can be added in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SCORE_BINS = 64
"""Number of bins of the probability."""
SCORE_EDGES: tuple[float, ...] = tuple(-7 + 14 * i / (SCORE_BINS - 2) for i in range(SCORE_BINS - 1))
"""Inner edges of the score bins in natural log-odds, from -7 to 7.

Bin `i` contains `SCORE_EDGES[i - 1] <= x < SCORE_EDGES[i]`; the first and the last bin are open.
"""
SUM_SCALE = 1_000_000
"""Number of units per 1 in integer sums of probabilities and of their squares."""
MAX_PATTERNS = 16
"""Maximum patterns of missing features in a profile; it has the most frequent ones."""

Source = Literal["single", "batch"]
"""Source of decisions: requests about one subject, or files of rows.

A scheduled census of all subjects is not a visit, so monitoring judges both sources apart.
"""


@dataclass(frozen=True, slots=True)
class FeatureCounts:
    """Counts of one feature: rows per cell as in the reference, and rows without a value.

    The cells of a number are its bins, the lowest first. Those of a category are its levels in the order of the
    contract. Those of a boolean are false and true.
    """

    counts: tuple[int, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Counts by score bin: rows, sums of probabilities, and sums of their squares.

    `sums` and `squares` are whole numbers of 1 / `SUM_SCALE`. Each tuple has `SCORE_BINS` (64) entries, the lowest bin
    first. Decisions without a probability are in no bin.
    """

    rows: tuple[int, ...]
    sums: tuple[int, ...]
    squares: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Counts of one group: all rows, rows in a high-risk band, and abstentions."""

    rows: int
    flagged: int
    abstained: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of one model version on one day in UTC (`2026-11-21`), for one tenant and source.

    `rows` is the number of decisions of the day. For batches, it is the number of rows with an answer; an abstention is
    an answer, too. `counted` is the number of decisions in the counts. All other members count only these. For
    `single`, they are the first decision of each subject; above 10,000 rows, only decisions of a sample by the hash of
    their id. For `batch`, they are every 64th row of a file, if it has an answer.

    `bands`, `decisions`, reasons and engines count by name. `missing_patterns` maps a bit mask of missing features to
    rows, for the `MAX_PATTERNS` (16) most frequent masks. Bit `i` is feature `i` of the contract. `groups` maps a name
    such as `sex=female`, or `sex=female&age_band=15-24` for a declared intersection, to counts.
    """

    day: str
    source: Source
    rows: int
    counted: int
    features: tuple[FeatureCounts, ...]
    scores: ScoreCounts
    bands: Mapping[str, int]
    decisions: Mapping[str, int]
    abstention_reasons: Mapping[str, int] = field(default_factory=dict)
    degraded_engines: Mapping[str, int] = field(default_factory=dict)
    missing_patterns: Mapping[int, int] = field(default_factory=dict)
    groups: Mapping[str, GroupCounts] = field(default_factory=dict)
