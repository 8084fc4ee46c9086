"""Tests that the simulated cohort has the planted properties and no accidental ones."""

from dataclasses import fields, replace

import numpy as np
import pytest

from models.iit.people import SITES
from models.iit.presets import DRIFT_DAY, KENYA_LIKE, LAST_DAY, PLANTED, REGIONS, SOUTH_AFRICA_LIKE
from models.iit.records import history, recorded_exit, simulated_date
from models.iit.simulator import EXITS, MAX_LAG_DAYS, simulate
from vigil.prediction.features.contacts import expected_course, find_contacts
from vigil.prediction.features.parsing import parse_history
from vigil.prediction.features.schemas import to_json


@pytest.fixture(scope="module")
def large():
    return simulate(seed=11, patients=12_000, preset=SOUTH_AFRICA_LIKE)


def region_of_visits(cohort):
    return cohort.sites.region[cohort.people.site[cohort.visits.patient]]


def mean_risk(cohort, region):
    """Return the mean true probability, and its standard error with patients as the unit."""
    visits = cohort.visits
    rows = region_of_visits(cohort) == REGIONS.index(region)
    _, patient = np.unique(visits.patient[rows], return_inverse=True)
    sums, sizes = np.bincount(patient, visits.probability[rows]), np.bincount(patient)
    mean = sums.sum() / sizes.sum()
    return mean, np.sqrt(((sums - mean * sizes) ** 2).sum()) / sizes.sum()


@pytest.mark.parametrize(("preset", "base"), [(KENYA_LIKE, 0.020), (SOUTH_AFRICA_LIKE, 0.087)])
def test_presets_have_their_base_rates(preset, base):
    assert simulate(1, 6000, preset).visits.probability.mean() == pytest.approx(base, rel=0.15)


def test_only_the_same_seed_gives_the_same_cohort():
    once, again, other = (simulate(seed, 300).visits for seed in (1, 1, 2))
    assert all(np.array_equal(getattr(once, f.name), getattr(again, f.name), equal_nan=True) for f in fields(once))
    assert not np.array_equal(once.day[:300], other.day[:300])


def test_regions_planted_as_equal_have_equal_facilities_and_risk(large):
    effects = large.sites.effect.reshape(len(REGIONS), -1)
    sets = [np.sort(effects[REGIONS.index(name)]) for name in PLANTED.equal_risk]
    assert all(np.allclose(found, sets[0]) for found in sets)
    risks = [mean_risk(large, name) for name in PLANTED.equal_risk]
    for mean, error in risks[1:]:
        assert abs(mean - risks[0][0]) < 3.5 * np.hypot(error, risks[0][1])


def test_the_shifted_region_has_a_higher_risk(large):
    (shifted, error), (usual, _) = mean_risk(large, PLANTED.shifted_base_rate), mean_risk(large, "north")
    assert shifted > usual + 5 * error
    effect = large.sites.effect.reshape(len(REGIONS), -1).mean(axis=1)
    assert effect[REGIONS.index(PLANTED.shifted_base_rate)] - effect[0] == pytest.approx(PLANTED.base_rate_shift)


def test_one_region_has_more_patients_without_a_viral_load(large):
    people = large.people
    planted = large.sites.region[people.site] == REGIONS.index(PLANTED.viral_load_missing)
    assert people.never_viral_load[planted].mean() == pytest.approx(0.40, abs=0.04)
    assert people.never_viral_load[~planted].mean() == pytest.approx(0.10, abs=0.02)
    measured = ~np.isnan(large.visits.viral_load)
    assert not measured[people.never_viral_load[large.visits.patient]].any()


def test_silent_transfers_are_concentrated_in_one_region(large):
    silent = large.visits.exit == EXITS.index("silently_transferred")
    planted = region_of_visits(large) == REGIONS.index(PLANTED.silent_transfers)
    assert silent[planted].mean() == pytest.approx(PLANTED.silent_transfer_rate, rel=0.2)
    assert silent[~planted].mean() < 0.002


def test_a_silent_transfer_leaves_no_record(large):
    ends = large.starts[1:] - 1
    silent = np.flatnonzero(large.visits.exit[ends] == EXITS.index("silently_transferred"))[:20]
    died = np.flatnonzero(large.visits.exit[ends] == EXITS.index("died"))[:20]
    assert len(silent) == len(died) == 20
    assert all(recorded_exit(large, int(patient)) is None for patient in silent)
    assert all(recorded_exit(large, int(patient)).kind == "died" for patient in died)


def test_three_percent_are_of_a_key_population_and_all_sites_are_used(large):
    assert large.people.key_population.mean() == pytest.approx(0.03, abs=0.006)
    assert len(np.unique(large.people.site)) == SITES


def test_dispenses_are_larger_after_the_drift_date(large):
    visits = large.visits
    days = {
        when: visits.supply[rows].mean()
        for when, rows in (("before", visits.day < DRIFT_DAY), ("after", visits.day >= DRIFT_DAY))
    }
    assert days["after"] > 1.2 * days["before"]


def test_no_patient_visits_after_the_last_day_or_after_an_exit(large):
    visits = large.visits
    assert visits.day.max() <= LAST_DAY
    gone = np.flatnonzero(visits.exit > 0)
    assert set(gone) <= set(large.starts[1:] - 1)


def test_back_dating_and_delays_of_viral_loads_are_within_bounds(cohort):
    records = [history(cohort, patient) for patient in range(200)]
    lags = [(v.recorded_at - v.visited_at).days for r in records for v in r.visits]
    assert max(lags) <= MAX_LAG_DAYS
    assert 0.04 < np.mean([lag >= 2 for lag in lags]) < 0.12
    waits = [(o.recorded_at - o.observed_at).days for r in records for o in r.observations if o.code == "viral_load"]
    assert min(waits) >= 9
    assert max(waits) <= 60


def test_every_simulated_history_is_valid_input(cohort):
    for patient in range(150):
        record = history(cohort, patient)
        assert parse_history(to_json(record)) == record


def test_engagement_is_correlated_between_visits():
    steady, fickle = (simulate(4, 3000, replace(SOUTH_AFRICA_LIKE, engagement_memory=memory)) for memory in (0.95, 0.0))

    def persistence(cohort):
        visits = cohort.visits
        same = visits.patient[1:] == visits.patient[:-1]
        return np.corrcoef(np.log(visits.probability[:-1][same]), np.log(visits.probability[1:][same]))[0, 1]

    assert persistence(steady) > persistence(fickle) + 0.3


def test_every_simulated_visit_is_a_contact_that_is_not_interim(cohort):
    for patient in range(200):
        record = history(cohort, patient)
        days = cohort.visits.day[cohort.starts[patient] : cohort.starts[patient + 1]]
        course = expected_course(find_contacts(record.visits, record.dispenses))
        assert {simulated_date(day) for day in days} <= {contact.on for contact in course}
