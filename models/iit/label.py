"""The label of the `iit` model: interruption in treatment after a visit, and the time at which it is determined.

The definition is versioned and signed into the model ("label passport"). WHO's smart guidelines for HIV count a patient
as lost after 28 days without contact since the last expected one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

from vigil.prediction.engines.contract import Label

GRACE_DAYS = 28
SETTLE_DAYS = 45
"""Maximum delay in days between a contact and its entry; labels are determined only after this delay."""

LABEL = Label(
    name="interruption_in_treatment",
    definition=(
        f"No clinical contact for at least {GRACE_DAYS} days after the next expected contact of the index visit. "
        f"The label is determined {SETTLE_DAYS} days after that; until then it is unresolved. Patients who died or "
        "were transferred are excluded."
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
    """A recorded end of care at this facility that is not an interruption."""

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
    """Return the outcome of an index visit according to an extract of the records at `extracted_at`.

    `expected` is the next expected contact, None if the records do not contain one. A resolved outcome stays the same
    in later extracts if no entry is more than `SETTLE_DAYS` late.
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
