"""Tests of the simulated networks, and of the package trained on them."""

import json
from collections import Counter
from itertools import islice

import lightgbm
import pytest

from models.leakage import refuse_leaks
from models.netsec import dataset
from models.netsec.presets import BEHAVIOURS, KIND_SHARES, MAX_NEIGHBOURS, MAX_PACKETS
from models.netsec.recipe import samples
from models.netsec.rules import RULES
from models.netsec.simulator import flows, network
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.flows.schemas import MAX_FLOW_US
from vigil.prediction.features.schemas import to_json
from vigil.prediction.features.service import FLOWS

SPLITS = ("train", "tune", "certify", "test")


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def some_flows():
    return [flow for number in range(12) for flow in flows(3, number, 40)]


@pytest.fixture(scope="module")
def runner(netsec):
    contract = netsec.contract
    return EnsembleRunner(
        contract, {spec.name: load_engine(spec, netsec.files[spec.file], contract) for spec in contract.engines}
    )


def test_the_same_seed_gives_the_same_flows():
    once, again, other = (list(flows(seed, 4, 5)) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_different_networks_have_different_flows():
    sites = [network(1, number) for number in range(20)]
    assert len({site.round_trip_us for site in sites}) == len({site.mix for site in sites}) == 20


def test_simulated_flows_stay_within_the_limits_of_a_history(some_flows):
    for flow in some_flows:
        times = [packet.at_us for packet in flow.traffic.packets]
        assert 1 <= len(times) <= MAX_PACKETS
        assert 0 == times[0] <= times[-1] == max(times) <= MAX_FLOW_US
        assert len(flow.traffic.neighbours) <= MAX_NEIGHBOURS


def test_a_simulated_flow_survives_a_round_trip_through_json(some_flows):
    for flow in some_flows[::20]:
        parsed = FLOWS.parse(json.loads(json.dumps(to_json(flow.traffic))))
        assert parsed == flow.traffic
        assert FLOWS.extract(parsed, flow.as_of) == FLOWS.extract(flow.traffic, flow.as_of)


def test_every_packet_of_a_flow_is_known_when_it_is_scored(some_flows):
    for flow in some_flows[::20]:
        assert Counter(flow.traffic.known_at(flow.as_of).packets) == Counter(flow.traffic.packets)


def test_kinds_have_their_shares_and_every_behaviour_occurs(some_flows):
    kinds = [flow.kind for flow in some_flows]
    for kind, share in KIND_SHARES.items():
        assert kinds.count(kind) / len(kinds) == pytest.approx(share, abs=0.06)
    assert sum(KIND_SHARES.values()) == pytest.approx(1)
    for behaviours in BEHAVIOURS.values():
        assert sum(behaviour.share for behaviour in behaviours) == pytest.approx(1)
    names = {behaviour.name for behaviours in BEHAVIOURS.values() for behaviour in behaviours}
    assert {flow.behaviour for flow in flows(0, 1, 1500)} == names


def test_networks_stay_in_one_split_and_certification_is_independent():
    numbers = [number for split in SPLITS for number in dataset.networks(split)]
    assert len(numbers) == len(set(numbers))
    drawn = [flow.network for flow in islice(dataset.simulated_flows(1, "certify"), 50)]
    assert drawn == list(dataset.networks("certify"))[:50]


def test_no_single_feature_reveals_a_threat():
    found = dataset.table(5, "test", quiet)
    for kinds in (("ddos", "malware"), ("ddos",), ("malware",)):
        refuse_leaks(found.rows, found.labels(*kinds), FLOWS.specs)


def test_the_package_has_the_expected_engines_and_is_small(netsec):
    kinds = {spec.name: spec.kind for spec in netsec.contract.engines}
    assert kinds == {
        "ddos_lgbm": "lightgbm",
        "malware_lgbm": "lightgbm",
        "anomaly_iforest": "isolation_forest",
        "rules": "rules",
    }
    assert len(netsec.contract.features) == 120
    assert netsec.contract.history == "flows/1"
    for name in ("ddos_lgbm.txt", "malware_lgbm.txt"):
        assert lightgbm.Booster(model_str=netsec.files[name].decode()).num_trees() <= 100


def test_the_card_states_simulated_in_its_first_line(netsec):
    assert "simulated" in netsec.card.splitlines()[0].lower()
    assert netsec.contract.training.simulated


def test_the_model_is_good_but_within_the_limit_of_its_simulator(netsec):
    metrics = netsec.contract.metrics
    assert 0.8 < metrics["auc_low"] <= metrics["auc"] < 0.95
    assert metrics["ddos_lgbm_auc"] > 0.88
    assert metrics["malware_lgbm_auc"] > 0.8
    assert metrics["anomaly_iforest_auc_low"] > 0.5
    assert 0.7 < metrics["calibration_slope"] < 1.4


def test_most_flows_get_an_answer_with_a_guaranteed_error(netsec):
    abstention = netsec.contract.abstention
    assert (abstention.alpha, abstention.delta) == (0.1, 0.05)
    assert abstention.accepted_error_bound <= 0.1
    assert netsec.contract.metrics["coverage"] > 0.5
    assert netsec.contract.metrics["accepted_error"] < 0.14


def test_a_specialist_without_a_finding_does_not_vote(netsec, runner):
    golden = [netsec.contract.encode(row) for row in netsec.golden]
    unseen = dataset.table(9, "test", quiet, 0.4).rows[:400].tolist()
    votes = [runner.assess(row).votes for row in (*golden, *unseen)]
    for name in ("ddos_lgbm", "malware_lgbm"):
        assert {vote[name].vote for vote in votes} == {"positive", "abstain"}
        assert None not in {vote[name].probability for vote in votes}


def test_one_specialist_is_enough_for_an_answer(netsec, runner):
    """A flood is not malware traffic, but is detected without disagreement."""
    found = dataset.table(9, "test", quiet, 0.4)
    verdicts = [runner.assess(row) for row in found.rows[found.kinds == "ddos"].tolist()]
    alone = [v for v in verdicts if v.votes["malware_lgbm"].probability < 0.5 <= v.votes["ddos_lgbm"].probability]
    assert any(verdict.decision == "stop_for_review" for verdict in alone)


@pytest.mark.parametrize(
    ("feature", "least", "rule"),
    [("packets_per_s", 100_000, "packet_rate"), ("source_unique_destination_ports", 1000, "port_sweep")],
)
def test_a_veto_applies_regardless_of_other_engines(netsec, runner, feature, least, rule):
    for row in netsec.golden:
        calm = runner.assess(netsec.contract.encode({**row, feature: least}))
        loud = runner.assess(netsec.contract.encode({**row, feature: least + 1}))
        assert rule not in {evidence.code for evidence in calm.votes["rules"].evidence}
        assert rule in {evidence.code for evidence in loud.votes["rules"].evidence}
        assert (loud.band, loud.decision) == ("high", "stop_for_review")


def test_every_rule_except_the_rarest_fires_on_simulated_flows(runner):
    found = dataset.table(2, "tune", quiet)
    fired = {e.code for row in found.rows.tolist() for e in runner.assess(row).votes["rules"].evidence}
    assert {rule["name"] for rule in RULES} - fired <= {"packet_rate", "port_sweep"}


def test_samples_contain_histories_and_features_of_all_kinds():
    bodies = list(samples(7, 60))
    assert len({body["subject_id"] for body in bodies}) == 60
    assert {body["_label"] for body in bodies} == {0, 1}
    assert 15 < sum("history" in body for body in bodies) < 45
    for body in bodies:
        assert ("history" in body) != ("features" in body)
        assert len(json.dumps(body)) < 200_000
