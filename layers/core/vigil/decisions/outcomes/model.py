"""What became of a decision's subject: late labels, their corrections, and what is not known yet. Pure values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

OutcomeStatus = Literal["occurred", "not_occurred", "excluded", "unresolved"]
"""Whether the label came true. `excluded` has no label by its definition (died, transferred); `unresolved` has none
yet: it is kept apart and never counts as `not_occurred`."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a tenant says of a subject. `recorded_at` orders corrections: the report recorded last is what holds."""

    status: OutcomeStatus
    recorded_at: datetime
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DecisionWindow:
    """Decisions about a subject by a model, as of a moment from `start` up to, not including, `end`."""

    subject_id: str
    model: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report joined to one decision. Times are ISO 8601 in UTC; `received_at` is when it reached us."""

    decision_id: str
    model: str
    model_version: int
    status: OutcomeStatus
    recorded_at: str
    received_at: str
    happened_at: str | None = None

    @property
    def is_resolved(self) -> bool:
        """Whether anything final is known: such outcomes and the others are listed apart."""
        return self.status != "unresolved"

    def is_same_report(self, other: "Outcome") -> bool:
        """Say whether both come from one report, delivered twice."""
        return (self.status, self.recorded_at, self.happened_at) == (other.status, other.recorded_at, other.happened_at)


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """An outcome that is in the books, and whether an earlier delivery had brought it there."""

    outcome: Outcome
    replayed: bool


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """One page of outcomes, last received first, and the position after it."""

    outcomes: tuple[Outcome, ...]
    next: dict[str, str] | None
