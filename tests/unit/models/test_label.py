"""Tests of the label: it is determined after a delay and then never changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.iit.label import GRACE_DAYS, LABEL, SETTLE_DAYS, Contact, Exit, outcome
from models.iit.simulator import MAX_LAG_DAYS

EXPECTED = date(2023, 3, 1)
NOON = datetime(2023, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=400)


def contact(days_late, lag=0):
    return Contact(EXPECTED + timedelta(days=days_late), NOON + timedelta(days=days_late + lag))


@pytest.mark.parametrize(
    ("days_late", "result"),
    [
        (-10, "retained"),
        (0, "retained"),
        (27, "retained"),
        (28, "interrupted"),
        (29, "interrupted"),
        (30, "interrupted"),
        (31, "interrupted"),
    ],
)
def test_28_days_without_contact_are_an_interruption(days_late, result):
    assert outcome(EXPECTED, [contact(days_late)], None, LATER) == result


@pytest.mark.parametrize(
    ("days_late", "result"),
    [(27, "retained"), (28, "retained"), (29, "retained"), (30, "interrupted"), (31, "interrupted")],
)
def test_grace_days_are_a_parameter(days_late, result):
    assert outcome(EXPECTED, [contact(days_late)], None, LATER, grace_days=30) == result


def test_the_label_contains_its_parameters():
    assert (LABEL.grace_days, LABEL.version) == (GRACE_DAYS, 2) == (28, 2)


def test_the_label_passport_states_that_pick_ups_are_contacts():
    assert "a visit or with a pick-up of medicine, which PEPFAR counts as well" in LABEL.definition
    assert "interim and does not count" in LABEL.definition


@pytest.mark.parametrize(("days", "result"), [(-1, "unresolved"), (0, "interrupted")])
def test_a_visit_with_short_follow_up_is_unresolved(days, result):
    extracted = NOON + timedelta(days=GRACE_DAYS + SETTLE_DAYS + days)
    assert outcome(EXPECTED, [], None, extracted) == result


def test_a_return_is_not_resolved_earlier_than_an_absence():
    early = NOON + timedelta(days=GRACE_DAYS + SETTLE_DAYS - 1)
    assert outcome(EXPECTED, [contact(0)], None, early) == "unresolved"


def test_a_visit_without_expected_contact_is_unresolved():
    assert outcome(None, [], None, LATER) == "unresolved"


@pytest.mark.parametrize("kind", ["died", "transferred"])
def test_only_an_exit_before_the_loss_is_excluded(kind):
    def left(days):
        return Exit(kind, EXPECTED + timedelta(days=days), NOON + timedelta(days=days))

    assert outcome(EXPECTED, [], left(27), LATER) == kind
    assert outcome(EXPECTED, [], left(28), LATER) == "interrupted"
    assert outcome(EXPECTED, [contact(3)], left(10), LATER) == "retained"


def test_simulated_records_are_entered_within_the_labels_delay():
    assert MAX_LAG_DAYS <= SETTLE_DAYS


@given(
    late=st.none() | st.integers(-30, 200),
    lag=st.integers(0, SETTLE_DAYS),
    exit_day=st.none() | st.integers(-30, 60),
    exit_lag=st.integers(0, SETTLE_DAYS),
    extracts=st.tuples(st.integers(0, 600), st.integers(0, 600)),
)
def test_a_resolved_label_is_the_same_in_every_later_extract(late, lag, exit_day, exit_lag, extracts):
    contacts = [] if late is None else [contact(late, lag)]
    left = None
    if exit_day is not None:
        left = Exit("died", EXPECTED + exit_day * DAY, NOON + (exit_day + exit_lag) * DAY)
    first, second = (outcome(EXPECTED, contacts, left, NOON + days * DAY) for days in sorted(extracts))
    assert first in {"unresolved", second}


DAY = timedelta(days=1)
