"""Tests of the features of `art-visits/2` on histories that are small enough to check by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from vigil.errors import InvalidInput
from vigil.prediction.features.art_visits import extract
from vigil.prediction.features.model import Dispense, Observation, PartialDate, PatientHistory, Registration, Visit
from vigil.prediction.features.service import get_feature_set

START = datetime(2023, 1, 2, 9, tzinfo=UTC)
SPECS = get_feature_set("art-visits/2").specs


def at(days):
    return START + timedelta(days=days)


def visit(on, due=None, **fields):
    return Visit(at(on), at(on), at(due).date() if due else None, **fields)


def features(visits, dispenses=(), observations=(), registration=None, as_of=None):
    registrations = (registration or Registration(START, "female"),)
    history = PatientHistory(registrations, tuple(visits), tuple(dispenses), tuple(observations))
    return extract(history, as_of or visits[-1].recorded_at)


def test_every_spec_is_extracted_and_encodes():
    found = features([visit(0, 30)])
    assert list(found.keys() ^ {spec.name for spec in SPECS}) == []
    assert len([spec.encode(found[spec.name]) for spec in SPECS]) == len(SPECS)


def test_the_first_visit_has_no_lateness():
    found = features([visit(0, 30)])
    assert found["last_days_late"] is found["late_mean_3"] is found["late14_count_10"] is None
    assert found["cascade_status"] == "never"
    assert found["visit_count"] == 1


def test_lateness_counts_from_the_appointment_and_is_never_negative():
    found = features([visit(0, 30), visit(25, 60), visit(75, 100), visit(130, 160)])
    assert found["last_days_late"] == 30
    assert found["late_mean_3"] == pytest.approx((0 + 15 + 30) / 3)
    assert (found["late14_count_10"], found["late28_count_10"], found["early_late28_count"]) == (2, 1, 1)


def test_an_interim_visit_leaves_the_last_lateness_unchanged():
    visits = [visit(0, 30), visit(45, 135), visit(60)]
    assert features(visits) == features(visits[:2], as_of=visits[-1].recorded_at)
    assert features(visits)["last_days_late"] == 15


def test_a_pick_up_is_the_index_contact_and_its_supply_the_next_one():
    found = features([visit(0, 30)], [Dispense(at(32), at(32), 90, "dtg")], as_of=at(32))
    assert (found["last_days_late"], found["days_supply"], found["next_appointment_days"]) == (2, 90, 90)


def test_the_number_of_contacts_is_capped():
    dispenses = [Dispense(at(n), at(n), 1) for n in range(700)]
    assert features([visit(0, 30)], dispenses, as_of=at(800))["visit_count"] == 600


def test_lateness_is_capped_at_100_days():
    assert features([visit(0, 30), visit(400, 430)])["last_days_late"] == 100


def test_without_an_appointment_the_end_of_the_supply_is_used():
    found = features([visit(0), visit(37, 60)], [Dispense(at(0), at(0), 30, "dtg")])
    assert found["last_days_late"] == 7


def test_without_appointment_and_supply_lateness_is_unknown():
    assert features([visit(0), visit(37, 60)])["last_days_late"] is None


@pytest.mark.parametrize(("late", "status"), [(27, "never"), (28, "restarted_recently"), (29, "restarted_recently")])
def test_a_restart_is_a_return_28_or_more_days_late(late, status):
    assert features([visit(0, 30), visit(30 + late, 90)])["cascade_status"] == status


def test_a_restart_over_half_a_year_ago_is_an_earlier_restart():
    assert features([visit(0, 30), visit(60, 240), visit(244, 274)])["cascade_status"] == "restarted_earlier"


def test_supply_gap_and_appointment_come_from_the_last_dispense():
    given = [Dispense(at(0), at(0), 30, "efv"), Dispense(at(40), at(40), 90, "dtg")]
    found = features([visit(0, 28), visit(40, 124)], given)
    assert (found["days_supply"], found["supply_gap_days"], found["next_appointment_days"]) == (90, 10, 84)
    assert (found["regimen"], found["regimen_switched_365d"]) == ("dtg", True)
    assert (found["appointment_weekday"], found["appointment_month"]) == ("saturday", "may")


def test_a_dispense_before_the_index_visit_is_not_its_supply():
    assert features([visit(0, 28), visit(40, 124)], [Dispense(at(0), at(0), 30, "efv")])["days_supply"] is None


@pytest.mark.parametrize(
    ("born", "age"), [(PartialDate(1993), 29.51), (PartialDate(1993, 1), 29.97), (PartialDate(1993, 1, 2), 30.0)]
)
def test_the_age_of_a_partial_birth_date_counts_from_its_middle(born, age):
    registration = Registration(START, "male", born, date(2022, 1, 2))
    found = features([visit(0, 30)], registration=registration)
    assert found["age_years"] == pytest.approx(age, abs=0.01)
    assert found["months_on_art"] == pytest.approx(12, abs=0.02)


@pytest.mark.parametrize(("copies", "status"), [(0, "suppressed"), (999, "suppressed"), (1000, "unsuppressed")])
def test_a_viral_load_below_1000_is_suppressed(copies, status):
    found = features([visit(0, 30)], observations=[Observation("viral_load", at(0), at(0), copies)])
    assert (found["vl_status"], found["viral_load"]) == (status, copies)


def test_a_viral_load_over_a_year_old_or_before_a_restart_is_ignored():
    old = [Observation("viral_load", at(0), at(0), 20)]
    assert features([visit(0, 360), visit(365, 400)], observations=old)["vl_status"] == "suppressed"
    assert features([visit(0, 360), visit(366, 400)], observations=old)["vl_status"] == "none"
    assert features([visit(0, 30), visit(60, 90)], observations=old)["vl_status"] == "none"


def test_the_bmi_of_a_child_needs_a_recent_height():
    measured = [Observation("height", at(0), at(0), 160), Observation("weight", at(300), at(300), 64)]
    visits = [visit(0, 300), visit(300, 330)]
    adult, child = (Registration(START, "female", PartialDate(year)) for year in (1990, 2010))
    assert features(visits, observations=measured, registration=adult)["bmi"] == pytest.approx(25)
    assert features(visits, observations=measured, registration=child)["bmi"] is None


def test_the_latest_known_registration_is_used():
    registrations = (Registration(at(0), "female", has_phone=False), Registration(at(9), "female", has_phone=True))
    history = PatientHistory(registrations, (visit(0, 30),))
    assert extract(history, at(8))["has_phone"] is False
    assert extract(history, at(9))["has_phone"] is True


def test_the_unscheduled_share_counts_only_marked_visits():
    visits = [visit(0, 30, scheduled=True), visit(9, 30, scheduled=False), visit(30, 60)]
    assert features(visits)["unscheduled_rate_10"] == 0.5


def test_as_of_before_the_first_visit_was_recorded_is_refused():
    backdated = Visit(at(0), at(5), at(30).date())
    with pytest.raises(InvalidInput) as caught:
        features([backdated], as_of=at(4))
    assert [e.field for e in caught.value.errors] == ["as_of"]
