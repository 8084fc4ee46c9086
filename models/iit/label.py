"""The label of the `iit` model: interruption in treatment after a visit, and when it can be told.

The definition is versioned and signed into the model ("label passport"): WHO's smart guidelines for HIV count a
patient as lost after 28 days without contact from the last expected one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

from vigil.prediction.engines.contract import Label

GRACE_DAYS = 28
SETTLE_DAYS = 45
"""Contacts are entered up to this many days after they happened; no label is told before that has passed."""

LABEL = Label(
    name="interruption_in_treatment",
    definition=(
        f"No clinical contact for at least {GRACE_DAYS} days after the next expected contact of the index visit. "
        f"Told {SETTLE_DAYS} days after that; unresolved until then. Died and transferred are excluded."
    ),
    version=1,
    grace_days=GRACE_DAYS,
)

Outcome: TypeAlias = Literal["interrupted", "retained", "died", "transferred", "unresolved"]


@dataclass(frozen=True, slots=True)
class Contact:
    """A clinical contact after the index visit."""

    on: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Exit:
    """A recorded end of care at this facility that is no interruption."""

    kind: Literal["died", "transferred"]
    on: date
    recorded_at: datetime


def outcome(
    expected: date | None,
    contacts: Iterable[Contact],
    left: Exit | None,
    extracted_at: datetime,
    grace_days: int = GRACE_DAYS,
) -> Outcome:
    """Return what an extract of the records taken at `extracted_at` says happened after an index visit.

    `expected` is the next expected contact, None if the records do not tell. Once resolved, a later extract says the
    same as long as nothing is recorded more than `SETTLE_DAYS` late.
    """
    if expected is None:
        return "unresolved"
    lost_on = expected + timedelta(days=grace_days)
    if extracted_at.date() < lost_on + timedelta(days=SETTLE_DAYS):
        return "unresolved"
    if any(c.on < lost_on and c.recorded_at <= extracted_at for c in contacts):
        return "retained"
    if left is not None and left.on < lost_on and left.recorded_at <= extracted_at:
        return left.kind
    return "interrupted"
