"""Tests over a thousand simulated persons: the way of recording changes neither features nor band."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from models.iit.extracts import IRREGULAR_SHARE
from models.iit.records import history, simulated_date
from models.iit.simulator import simulate
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.contacts import find_contacts
from vigil.prediction.features.model import Visit
from vigil.prediction.features.service import get_feature_set

PERSONS = 1000
FEATURES = get_feature_set("art-visits/2")
COHORT = simulate(seed=31, patients=PERSONS)


@pytest.fixture(scope="module")
def persons():
    """The known history of each person up to 60 days after one of the visits was recorded, and that time."""
    return [known(patient, Random(patient)) for patient in range(PERSONS)]


def known(patient, random):
    record = history(COHORT, patient)
    as_of = random.choice(record.visits).recorded_at + timedelta(days=random.randrange(60))
    return record.known_at(as_of), as_of


def in_order(record, visits):
    return replace(record, visits=tuple(sorted(visits, key=lambda v: v.visited_at)))


def doubled(record, random):
    """Record a visit twice, on two forms with equal facts."""
    copied = random.choice(record.visits)
    later = copied.visited_at + random.randrange(3) * timedelta(minutes=10)
    return in_order(record, [*record.visits, replace(copied, visited_at=later)])


def split(record, random):
    """Record a visit on 1 to 3 forms, of which one has the appointment; their order is random."""
    visit = random.choice(record.visits)
    forms = [Visit(visit.visited_at, visit.recorded_at)] * random.randrange(3)
    forms.append(visit)
    random.shuffle(forms)
    apart = timedelta(minutes=1)
    timed = [replace(form, visited_at=visit.visited_at + n * apart) for n, form in enumerate(forms)]
    return in_order(record, [v for v in record.visits if v is not visit] + timed)


def interrupted(record, random):
    """Add a visit without appointment or dispense between a contact and the expected one, if there is a day."""
    contacts = find_contacts(record.visits, record.dispenses)
    ends = [min(c.expected or c.on, after.on) for c, after in pairwise(contacts)]
    ends.append(contacts[-1].expected or contacts[-1].on)
    rooms = [(c.on, (end - c.on).days) for c, end in zip(contacts, ends, strict=True) if (end - c.on).days > 1]
    if not rooms:
        return record
    on, room = random.choice(rooms)
    zone = record.visits[0].visited_at.tzinfo
    at = datetime.combine(on + timedelta(days=random.randrange(1, room)), time(11), zone)
    return in_order(record, [*record.visits, Visit(at, at, scheduled=False)])


@pytest.mark.parametrize("change", [doubled, split, interrupted])
def test_a_way_of_recording_leaves_every_feature_unchanged(persons, change):
    altered = 0
    for n, (record, as_of) in enumerate(persons):
        other = change(record, Random(n))
        assert FEATURES.extract(other, as_of) == FEATURES.extract(record, as_of)
        altered += other.known_at(as_of).visits != record.visits
    assert altered > PERSONS / 2


def test_ways_of_recording_leave_the_band_unchanged(persons, iit):
    engines = {spec.name: load_engine(spec, iit.files[spec.file], iit.contract) for spec in iit.contract.engines}
    runner, seen = EnsembleRunner(iit.contract, engines), set()

    def band(record, as_of):
        return runner.assess(iit.contract.encode(FEATURES.extract(record, as_of))).band

    for n, (record, as_of) in enumerate(persons):
        random = Random(n)
        before = band(record, as_of)
        assert band(interrupted(split(doubled(record, random), random), random), as_of) == before
        seen.add(before)
    assert seen == {"low", "moderate", "high"}


def test_one_simulated_patient_in_ten_has_irregular_records():
    extracts, patients = COHORT.extracts, COHORT.visits.patient
    irregular = (extracts.forms > 1) | extracts.is_pick_up | (extracts.sick_day >= 0)
    share = len(np.unique(patients[irregular])) / PERSONS
    assert share == pytest.approx(IRREGULAR_SHARE, abs=0.03)
    for kind in (extracts.forms > 1, extracts.is_pick_up, extracts.sick_day >= 0):
        assert len(np.unique(patients[kind])) > 20


def test_a_simulated_sick_visit_is_interim():
    days = COHORT.extracts.sick_day
    for row in np.flatnonzero(days >= 0).tolist():
        record = history(COHORT, int(COHORT.visits.patient[row]))
        found = find_contacts(record.visits, record.dispenses)
        (sick,) = (contact for contact in found if contact.on == simulated_date(days[row]))
        assert sick.is_interim or sick.due is None
