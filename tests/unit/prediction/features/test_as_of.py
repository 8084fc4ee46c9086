"""Tests that events and records after `as_of` never change a feature."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.iit.records import history
from models.iit.simulator import simulate
from vigil.prediction.features.art_visits import extract
from vigil.prediction.features.model import Dispense, Observation, PatientHistory, Registration, Visit

COHORT = simulate(seed=3, patients=80)
HISTORIES = [history(COHORT, patient) for patient in range(80)]


@st.composite
def moments(draw):
    """Draw a simulated history, and a time at which at least its first visit was known."""
    record = draw(st.sampled_from(HISTORIES))
    moment = draw(st.sampled_from(record.visits)).recorded_at + draw(st.sampled_from([0, 1, 17, 60])) * DAY
    return record, moment


DAY = timedelta(days=1)


def as_bytes(record, as_of):
    return json.dumps(extract(record, as_of), sort_keys=True).encode()


def replaced(facts, as_of, change):
    """Return the facts, after applying `change` to those recorded after `as_of`."""
    return tuple(change(f) if f.recorded_at > as_of else f for f in facts)


@given(moments())
def test_deleting_every_later_record_leaves_features_identical(moment):
    record, as_of = moment
    kept = [
        tuple(f for f in facts if f.recorded_at <= as_of)
        for facts in (record.registrations, record.visits, record.dispenses, record.observations)
    ]
    assert as_bytes(PatientHistory(*kept), as_of) == as_bytes(record, as_of)


@given(moments(), st.sampled_from(["dtg", "pi"]), st.sampled_from([14, 180]), st.integers(1, 300))
def test_altering_the_future_leaves_features_unchanged(moment, regimen, supply, due):
    record, as_of = moment
    altered = PatientHistory(
        replaced(record.registrations, as_of, lambda r: replace(r, sex="male", has_phone=None)),
        replaced(record.visits, as_of, lambda v: replace(v, next_appointment=v.visited_at.date() + due * DAY)),
        replaced(record.dispenses, as_of, lambda d: replace(d, regimen=regimen, days_supply=supply)),
        replaced(record.observations, as_of, lambda o: replace(o, value=1, recorded_at=o.recorded_at + due * DAY)),
    )
    assert as_bytes(altered, as_of) == as_bytes(record, as_of)


@given(moments(), st.randoms(use_true_random=False))
def test_permuting_the_future_leaves_features_unchanged(moment, random):
    record, as_of = moment

    def permuted(facts):
        later = [f for f in facts if f.recorded_at > as_of]
        random.shuffle(later)
        shuffled = iter(later)
        return tuple(next(shuffled) if f.recorded_at > as_of else f for f in facts)

    future_shuffled = PatientHistory(
        permuted(record.registrations),
        permuted(record.visits),
        permuted(record.dispenses),
        permuted(record.observations),
    )
    assert as_bytes(future_shuffled, as_of) == as_bytes(record, as_of)


@given(moments(), st.integers(1, 400))
def test_records_that_arrive_later_leave_features_unchanged(moment, days):
    record, as_of = moment
    later, past = as_of + days * DAY, as_of - DAY
    swollen = PatientHistory(
        (*record.registrations, Registration(later, "male")),
        (*record.visits, Visit(past, later, past.date() + 9 * DAY), Visit(later, later)),
        (*record.dispenses, Dispense(past, later, 180, "pi"), Dispense(later, later, 180, "pi")),
        (*record.observations, Observation("viral_load", past, later, 1e6), Observation("cd4", later, later, 3)),
    )
    assert as_bytes(swollen, as_of) == as_bytes(record, as_of)


def test_a_known_record_changes_features():
    record = HISTORIES[0]
    as_of = record.visits[-1].recorded_at + DAY
    known = Observation("viral_load", as_of - DAY, as_of, 123_456)
    assert as_bytes(replace(record, observations=(*record.observations, known)), as_of) != as_bytes(record, as_of)
