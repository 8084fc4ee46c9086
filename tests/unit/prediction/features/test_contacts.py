"""Tests of contacts: facts of a day, and expected contacts that stand until they are met or replaced."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from vigil.prediction.features.contacts import expected_course, find_contacts
from vigil.prediction.features.model import Dispense, Visit

START = datetime(2024, 1, 2, 9, tzinfo=UTC)


def at(days, hour=9):
    return START.replace(hour=hour) + timedelta(days=days)


def day(days):
    return at(days).date()


def visit(on, due=None, hour=9, **fields):
    return Visit(at(on, hour), at(on, hour), None if due is None else day(due), **fields)


def dispense(on, supply=None, hour=10):
    return Dispense(at(on, hour), at(on, hour), supply, "dtg")


def late(*contacts):
    return [contact.days_late for contact in contacts]


def test_the_forms_of_a_day_are_one_contact_with_the_earliest_appointment():
    (contact,) = find_contacts([visit(0), visit(0, 90, 11), visit(0, 30, 12)], [dispense(0, 30), dispense(0, 90)])
    assert (contact.on, contact.expected, contact.supply_days) == (day(0), day(30), 90)


def test_an_appointment_stands_through_a_contact_without_booking():
    contacts = find_contacts([visit(0, 90), visit(20), visit(120, 200)], [])
    assert late(*contacts) == [None, None, 30]
    assert [contact.expected for contact in contacts] == [day(90), day(90), day(200)]
    assert expected_course(contacts) == [contacts[0], contacts[2]]


@pytest.mark.parametrize(("on", "days_late"), [(90, 0), (91, 1), (130, 40)])
def test_a_contact_without_booking_on_the_day_or_later_ends_lateness(on, days_late):
    contacts = find_contacts([visit(0, 90), visit(on), visit(300, 330)], [])
    assert late(*contacts) == [None, days_late, None]
    assert contacts[1].expected is None
    assert not contacts[1].is_interim


def test_an_early_contact_that_books_replaces_the_appointment():
    contacts = find_contacts([visit(0, 90), visit(80, 180), visit(185)], [])
    assert late(*contacts) == [None, 0, 5]


def test_a_pick_up_is_a_contact_and_its_supply_sets_the_next_one():
    contacts = find_contacts([visit(0, 90), visit(210, 300)], [dispense(0, 90), dispense(90, 90), dispense(180, 90)])
    assert late(*contacts) == [None, 0, 0, 0]
    assert contacts[2].expected == day(270)


def test_a_late_pick_up_is_late_by_its_own_days():
    assert late(*find_contacts([visit(0, 90)], [dispense(125, 30)])) == [None, 35]


def test_a_pick_up_without_known_supply_leaves_an_appointment_standing():
    contacts = find_contacts([visit(0, 90), visit(120, 150)], [dispense(30)])
    assert late(*contacts) == [None, None, 30]


def test_an_appointment_precedes_the_supply_of_the_same_day():
    (contact,) = find_contacts([visit(0, 60)], [dispense(0, 90)])
    assert contact.expected == day(60)


def test_a_day_is_that_of_the_written_offset():
    east = timezone(timedelta(hours=3))
    forms = [datetime(2024, 1, 1, 22, tzinfo=UTC), datetime(2024, 1, 2, 8, tzinfo=east)]
    contacts = find_contacts([Visit(moment, moment) for moment in forms], [])
    assert [contact.on for contact in contacts] == [date(2024, 1, 1), date(2024, 1, 2)]


def test_a_day_is_scheduled_if_one_of_its_forms_is():
    def scheduled(*marks):
        (contact,) = find_contacts([visit(0, scheduled=mark) for mark in marks], [])
        return contact.scheduled

    assert [scheduled(None, True, False), scheduled(False, None), scheduled(None)] == [True, False, None]
