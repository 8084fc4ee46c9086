"""Tests that a date that is impossible for a patient is refused with the field of the caller."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.errors import InvalidInput
from vigil.prediction.features.model import Observation, PartialDate, PatientHistory, Registration, Visit
from vigil.prediction.features.service import get_feature_set

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
VERSIONS = ("art-visits/1", "art-visits/2")
DAYS = st.dates(date(1900, 1, 1), NOON.date())


def errors(history, version="art-visits/2"):
    feature_set = get_feature_set(version)
    try:
        features = feature_set.extract(history, NOON)
        for spec in feature_set.specs:
            spec.encode(features[spec.name])
    except InvalidInput as refusal:
        return [error.field for error in refusal.errors]
    return []


def person(observations=(), **registration):
    registrations = (Registration(NOON - timedelta(1)), Registration(NOON, "female", **registration))
    return PatientHistory(registrations, (Visit(NOON, NOON, date(2024, 4, 1)),), (), tuple(observations))


def result(on, code="viral_load"):
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    return Observation(code, at, NOON, 20)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("history", "field"),
    [
        (person(birth_date=PartialDate(1900, 1, 1)), "registrations[1].birth_date"),
        (person(birth_date=PartialDate(2024, 3, 2)), "registrations[1].birth_date"),
        (person(art_started_on=date(1900, 1, 1)), "registrations[1].art_started_on"),
        (person([result(date(1900, 1, 1), "cd4"), result(date(1900, 1, 2))]), "observations[1].observed_at"),
    ],
)
def test_an_impossible_date_is_refused_with_its_field(version, history, field):
    assert errors(history, version) == [f"history.{field}"]


@given(st.none() | DAYS, st.none() | DAYS, st.none() | DAYS)
def test_every_error_of_a_history_names_a_field_of_the_history(born, started, measured):
    birth_date = None if born is None else PartialDate(born.year, born.month, born.day)
    observations = [] if measured is None else [result(measured)]
    found = errors(person(observations, birth_date=birth_date, art_started_on=started))
    assert all(field.startswith("history.") for field in found)


def test_the_error_of_a_birth_date_says_the_limit_and_the_remedy():
    with pytest.raises(InvalidInput) as caught:
        get_feature_set("art-visits/2").extract(person(birth_date=PartialDate(1900)), NOON)
    (error,) = caught.value.errors
    assert error.message == "must be at most 100 years before the last contact; leave it out if the date is unknown"
