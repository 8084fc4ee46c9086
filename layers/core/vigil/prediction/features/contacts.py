"""Contacts of a patient with the programme, and the expected contact that is outstanding after each.

A contact is a day with a visit or with a pick-up of medicine. PEPFAR's indicator of interruption counts both.
Several forms of a day are one contact, in whatever order they were entered.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from vigil.prediction.features.model import Dispense, Visit


@dataclass(frozen=True, slots=True)
class Contact:
    """One day on which the patient came, in the zone that the records were written in.

    `due` is the expected contact that was outstanding when the patient came, `expected` the one that is outstanding
    afterwards. Each is None if the records contain none.
    """

    on: date
    recorded_at: datetime
    """Time at which the first record of the day was entered."""
    due: date | None
    expected: date | None
    scheduled: bool | None
    supply_days: int | None
    """Largest supply that was dispensed on the day, in days."""
    is_interim: bool
    """True if the patient came before `due`, and no new contact was booked and no known supply dispensed."""

    @property
    def days_late(self) -> int | None:
        """Days from `due` to the contact, 0 if it was early; None without `due` and for interim contacts."""
        return None if self.due is None or self.is_interim else max((self.on - self.due).days, 0)


@dataclass(slots=True)
class _Day:
    """The records of one day."""

    visits: list[Visit] = field(default_factory=list)
    dispenses: list[Dispense] = field(default_factory=list)

    def recorded_at(self) -> datetime:
        entries = [*(v.recorded_at for v in self.visits), *(d.recorded_at for d in self.dispenses)]
        return min(entries)

    def scheduled(self) -> bool | None:
        marks = {visit.scheduled for visit in self.visits if visit.scheduled is not None}
        return (True in marks) if marks else None

    def supply_days(self) -> int | None:
        return max((d.days_supply for d in self.dispenses if d.days_supply is not None), default=None)

    def next_expected(self, on: date) -> date | None:
        """Return the earliest appointment that was booked on the day; without one, the end of the day's supply."""
        booked = [visit.next_appointment for visit in self.visits if visit.next_appointment is not None]
        supply = self.supply_days()
        return min(booked, default=None if supply is None else on + timedelta(days=supply))


def find_contacts(visits: Iterable[Visit], dispenses: Iterable[Dispense]) -> list[Contact]:
    """Return the contacts in order of days.

    An expected contact stands until a contact replaces it with a new one, or until a contact on its day or later meets
    it. The order of the records does not matter.
    """
    days: defaultdict[date, _Day] = defaultdict(_Day)
    for visit in visits:
        days[visit.visited_at.date()].visits.append(visit)
    for dispense in dispenses:
        days[dispense.dispensed_at.date()].dispenses.append(dispense)
    contacts, due = list[Contact](), None
    for on in sorted(days):
        contacts.append(_contact(on, days[on], due))
        due = contacts[-1].expected
    return contacts


def _contact(on: date, day: _Day, due: date | None) -> Contact:
    replaced_by = day.next_expected(on)
    is_early = due is not None and on < due
    return Contact(
        on=on,
        recorded_at=day.recorded_at(),
        due=due,
        expected=replaced_by or (due if is_early else None),
        scheduled=day.scheduled(),
        supply_days=day.supply_days(),
        is_interim=is_early and replaced_by is None,
    )


def expected_course(contacts: Sequence[Contact]) -> list[Contact]:
    """Return the contacts without the interim ones. The first contact is never interim."""
    return [contact for contact in contacts if not contact.is_interim]
