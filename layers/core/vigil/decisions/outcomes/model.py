"""Values of outcomes: late labels of decisions and their corrections."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

OutcomeStatus = Literal["occurred", "not_occurred", "excluded", "unresolved"]
"""Status of a label. `excluded` has no label by definition (died, transferred). `unresolved` has no label yet; it is
listed apart and never counts as `not_occurred`."""

_ROW = "."
"""Sign before the row in the id of a row of a batch. Ids of decisions and batches do not have it."""
_is_batch_row_id = re.compile(r"(bat_[^.]+)\.([1-9][0-9]{0,7})").fullmatch


@dataclass(frozen=True, slots=True)
class Report:
    """A tenant's report about a subject. The report with the latest `recorded_at` is the current one.

    `treated` is True if the subject was helped because of the score. Such an outcome says little about the model.
    """

    status: OutcomeStatus
    recorded_at: datetime
    happened_at: datetime | None = None
    treated: bool = False


@dataclass(frozen=True, slots=True)
class DecisionWindow:
    """Decisions about a subject by a model with `as_of` from `start` (inclusive) to `end` (exclusive)."""

    subject_id: str
    model: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of a batch with an answer: its number, its model version and its time, ISO 8601 in UTC."""

    batch_id: str
    row: int
    model: str
    model_version: int
    as_of: str

    @property
    def decision_id(self) -> str:
        """Id of the row among decisions."""
        return batch_row_id(self.batch_id, self.row)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report joined to one decision. Times are ISO 8601 in UTC; `received_at` is the time of receipt.

    The `decision_id` of a row of a batch is `<batch_id>.<row>`.
    """

    decision_id: str
    model: str
    model_version: int
    status: OutcomeStatus
    recorded_at: str
    received_at: str
    happened_at: str | None = None
    treated: bool = False

    @property
    def is_resolved(self) -> bool:
        """True if the status is final. Resolved and unresolved outcomes are listed apart."""
        return self.status != "unresolved"

    @property
    def is_of_batch(self) -> bool:
        """True for a row of a batch. Its inputs are not stored in full."""
        return _ROW in self.decision_id

    def is_same_report(self, other: "Outcome") -> bool:
        """Return True if both outcomes come from one report that was delivered twice."""
        mine = self.status, self.recorded_at, self.happened_at, self.treated
        return mine == (other.status, other.recorded_at, other.happened_at, other.treated)


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """A stored outcome. `replayed` is True if an earlier delivery stored it."""

    outcome: Outcome
    replayed: bool


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """One page of outcomes, and the position of the next page."""

    outcomes: tuple[Outcome, ...]
    next: dict[str, str] | None


def batch_row_id(batch_id: str, row: int) -> str:
    """Return the id of a row of a batch among decisions."""
    return f"{batch_id}{_ROW}{row}"


def parse_batch_row_id(decision_id: str) -> tuple[str, int] | None:
    """Return the id of the batch and the row that `batch_row_id` joined; None for every other id."""
    found = _is_batch_row_id(decision_id)
    return (found[1], int(found[2])) if found else None
