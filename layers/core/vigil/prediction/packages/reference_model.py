"""The reference of a package: distributions of its held-out rows, signed as `reference.json`.

Monitoring compares production with it. Cells of fewer than `MIN_CELL` rows are pooled with others, and small groups are
omitted, so that no person shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FeatureRole = Literal["input", "calendar", "trend", "process"]
"""Role of a feature for drift alarms.

`input` is watched. `calendar` follows the date (month, weekday) and never alarms. `trend` grows with time (number of
visits) and alarms only about missing values. `process` describes how data are recorded and is watched as an input.
"""
MIN_CELL = 11
"""Minimum rows of a published cell; a smaller one could identify a person."""
MAX_BINS = 10
"""Maximum bins of a number. Edges are deciles of training rows; equal deciles are merged."""

MAX_WOBBLE = 1_000_000
"""Maximum wobble of a feature. Bets beyond a larger one would be lost in double precision."""


@dataclass(frozen=True, slots=True)
class FeatureReference:
    """Distribution of one feature over the held-out rows.

    `counts` has one entry per bin of a number, per level of a category, or for false and true. `edges` are the inner
    edges of the bins of a number: bin `i` contains `edges[i - 1] <= x < edges[i]`. Categories and booleans have none.
    `missing` is the number of rows without a value. The sum of `counts` and `missing` is the number of all rows. A cell
    is 0 or at least `MIN_CELL`; the rows of smaller cells are counted in the largest one.

    `mean_wobble` is the standard deviation of the mean between periods of 28 days, in standard deviations of the
    feature. `missing_wobble` is the one of the log-odds of a missing value. Sampling error is subtracted from both.
    They are 0 if the training rows have no dates.
    """

    name: str
    role: FeatureRole
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    mean_wobble: float = 0.0
    missing_wobble: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoreReference:
    """Distribution of the probability over the held-out rows, with the events per bin: the table of calibration.

    `edges` are inner edges in log-odds, a subset of `monitoring.profiles.model.SCORE_EDGES`. Each bin has at least
    `MIN_CELL` events and as many other rows. `expected` is the sum of the probabilities by bin. A row without a
    probability counts with the base rate. All members are empty if all rows together have fewer than `MIN_CELL` events
    or other rows.
    """

    edges: tuple[float, ...]
    rows: tuple[int, ...]
    events: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GroupReference:
    """Counts of the held-out rows with one value of a declared attribute.

    `flagged` counts answers in a high-risk band. The four outcomes are true positives, false positives, false negatives
    and true negatives; the true negatives are the other rows. A value is omitted if an outcome has fewer than
    `MIN_CELL` (11) rows. If the omitted rows then have 1 to 10 rows of an outcome, the value with the fewest rows is
    omitted too.
    """

    attribute: str
    value: str
    rows: int
    flagged: int
    true_positives: int
    false_positives: int
    false_negatives: int


@dataclass(frozen=True, slots=True)
class Reference:
    """Content of `reference.json`, about `rows` held-out rows of `subjects` different subjects.

    `features` are in the order of the contract. `bands` has the rows by band, with `unknown` for answers without a
    probability; small bands are counted in the largest one. `start` and `end` are the first and last day of the rows
    (`2021-03-01`); both are None if the rows have no dates.
    """

    rows: int
    subjects: int
    features: tuple[FeatureReference, ...]
    scores: ScoreReference
    bands: Mapping[str, int]
    groups: tuple[GroupReference, ...] = ()
    start: str | None = None
    end: str | None = None
    format: Literal[1] = field(default=1)
