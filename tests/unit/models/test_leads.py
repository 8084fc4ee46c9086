"""Tests of the simulated leads, and of the package trained on them."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.leads import dataset
from models.leads.recipe import samples
from models.leads.schema import SPECS
from models.leads.simulator import LAST_DAY, simulate
from models.leakage import refuse_leaks
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine

PLACES = {spec.name: place for place, spec in enumerate(SPECS)}


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def simulated():
    return simulate(4, 9000)


@pytest.fixture(scope="module")
def parts():
    return dataset.parts(4, 9000)


@pytest.fixture(scope="module")
def runner(leads):
    contract = leads.contract
    return EnsembleRunner(
        contract, {spec.name: load_engine(spec, leads.files[spec.file], contract) for spec in contract.engines}
    )


def test_every_simulated_value_is_within_its_bounds(simulated):
    for row in simulated.rows[:1500].tolist():
        for spec, number in zip(SPECS, row, strict=True):
            encoded = spec.encode(spec.decode(number))
            assert encoded == number or np.isnan(number)


def test_most_features_may_be_unknown(simulated):
    assert len(SPECS) == 22
    unknown = {spec.name for spec in SPECS if np.isnan(simulated.rows[:, PLACES[spec.name]]).any()}
    assert unknown == {spec.name for spec in SPECS if spec.missing == "allow"}


def test_the_label_is_drawn_from_the_oracle(simulated):
    assert simulated.labels.mean() == pytest.approx(simulated.probability.mean(), abs=0.012)
    assert 0.72 < roc_auc_score(simulated.labels, simulated.probability) < 0.86


def test_no_single_feature_reveals_the_label(simulated):
    refuse_leaks(simulated.rows, simulated.labels, SPECS, limit=0.7)


def test_splits_share_no_company_and_test_leads_are_later(simulated, parts):
    companies = [set(part.companies.tolist()) for part in parts.values()]
    assert len(set().union(*companies)) == sum(map(len, companies))
    days = {split: simulated.days[part.numbers] for split, part in parts.items()}
    earlier = np.concatenate([days["train"], days["tune"], days["certify"]])
    assert earlier.max() < dataset.CUTOFF <= days["test"].min()
    assert days["test"].max() < LAST_DAY


def test_the_certification_split_has_one_lead_per_company(parts):
    assert len(set(parts["certify"].companies.tolist())) == len(parts["certify"].companies)


def test_the_model_reaches_its_known_auc_and_stays_below_the_oracle(leads):
    metrics = leads.contract.metrics
    assert 0.65 <= metrics["auc_low"] <= metrics["auc"] <= metrics["auc_high"] <= 0.8
    assert metrics["auc_high"] < metrics["oracle_auc"]


def test_the_card_states_simulated_in_its_first_line(leads):
    assert "simulated" in leads.card.splitlines()[0].lower()
    assert leads.contract.training.simulated


def test_few_leads_ranked_low_would_have_been_accepted(leads):
    abstention = leads.contract.abstention
    assert (abstention.alpha, abstention.harm) == (0.08, "missed")
    assert abstention.accepted_error_bound <= 0.08
    assert leads.contract.metrics["accepted_error"] < 0.1


def test_a_lead_with_a_demonstration_request_is_never_ranked_low(leads, runner):
    for row in leads.golden:
        asked = runner.assess(leads.contract.encode({**row, "demo_requested": True}))
        assert asked.band != "low"


def test_samples_contain_known_facts_and_omit_unknown_ones(leads):
    bodies = list(samples(7, 60))
    assert len({body["subject_id"] for body in bodies}) == 60
    assert {body["_label"] for body in bodies} == {0, 1}
    for body in bodies:
        assert None not in body["features"].values()
        assert len(leads.contract.encode(body["features"])) == len(SPECS)
    assert any("budget_keur" not in body["features"] for body in bodies)
