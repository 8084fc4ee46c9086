"""The label of the `iit` model: interruption in treatment after a contact, and the time at which it is determined.

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
        f"No contact for at least {GRACE_DAYS} days after the expected contact of the index contact. A contact is a "
        "day with a visit or with a pick-up of medicine, which PEPFAR counts as well. Several forms of a day are one "
        "contact. The expected contact is the earliest appointment booked on the day, or without one the end of the "
        "supply dispensed on it. It stands until a contact meets it or replaces it. A contact before it that neither "
        "books nor dispenses is interim and does not count. The label is determined "
        f"{SETTLE_DAYS} days after the grace days; until then it is unresolved. Patients who died or were transferred "
        "are excluded."
    ),
    version=2,
    grace_days=GRACE_DAYS,
    due_feature="next_appointment_days",
    settling_days=SETTLE_DAYS,
)

Outcome: TypeAlias = Literal["interrupted", "retained", "died", "transferred", "unresolved"]


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact after the index contact that meets or replaces the expected one."""

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
    """Return the outcome of an index contact according to an extract of the records at `extracted_at`.

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
