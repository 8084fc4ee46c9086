"""Recipe of `netsec`: threats among network flows, by two LightGBM specialists, an isolation forest and rules."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import parts
from models.assembly import DecisionPlan, ModelFrame, Sample, assemble
from models.certification import Guarantee
from models.evaluation import STANDARD_MEASURES, Bootstrap, Estimate, JudgedRows, auc, judge
from models.finishing import finish_model
from models.leakage import refuse_leaks
from models.netsec import dataset
from models.netsec.card_text import CARD_TEXT
from models.netsec.dataset import Table, table
from models.netsec.presets import BEHAVIOURS, Kind
from models.netsec.rules import RULES
from models.netsec.simulator import Flow
from models.recipe import Progress
from models.reference import DatedRows, HeldOutRows, make_reference
from models.training import TreeShape, data_digest, fit_booster
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.contract import Label, TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.features.schemas import to_json
from vigil.prediction.features.service import FLOWS
from vigil.prediction.packages.model import TrainedModel

LABEL = Label(
    name="attack",
    definition="The flow belongs to a denial of service or to the traffic of malware.",
    version=1,
)
SHAPE = TreeShape(trees=80, leaves=8, rows_per_leaf=20, learning_rate=0.08)
BANDS = (Band("low", 0.0, "let_pass"), Band("moderate", 0.2, "watch"), Band("high", 0.5, "stop_for_review"))
PLAN = DecisionPlan(bands=lambda _chance: BANDS, positive="high", guarantee=Guarantee(alpha=0.1, delta=0.05))
GROUPS = (GroupAttribute("source_activity", ("quiet", "usual", "busy"), source="source_flows", cuts=(20.0, 100.0)),)
"""Hosts by their flows within an hour: a busy server must not be flagged more often only because it is busy."""
FOREST_FEATURES = (
    "length_entropy", "iat_entropy", "iat_variation", "small_packet_share", "large_packet_share", "fwd_payload_share",
    "turn_share", "bare_ack_share", "source_destination_entropy", "source_destination_port_entropy",
    "source_unanswered_share", "source_flows", "source_flows_10s", "pair_flows", "pair_gap_variation",
    "pair_bytes_variation", "destination_source_entropy", "destination_source_port_entropy",
    "destination_unanswered_share", "destination_flows_10s", "destination_unique_sources",
)  # fmt: skip
"""Features of the isolation forest.

It draws splits evenly over a range, and would waste them on byte counts.
"""
OBTAINABLE_PREFIXES = ("source_", "destination_", "pair_", "fwd_ttl_", "bwd_ttl_", "fwd_initial_", "bwd_initial_")
"""Prefixes of the features that a better capture could add; a UDP flow, for example, can never have a handshake."""
MAX_HISTORY_RECORDS = 600
"""Maximum packets and neighbours of a sample sent as history; larger ones are sent as features (256 KB body limit)."""


def train(seed: int, progress: Progress) -> TrainedModel:
    """Simulate, train, calibrate, certify and evaluate; the same seed gives the same bytes.

    Raises LeakageError if a single feature reveals the label.
    """
    return build(seed, 1.0, progress)


def build(seed: int, scale: float, progress: Progress) -> TrainedModel:
    """Train on a share of the simulated networks."""
    fitted = table(seed, "train", lambda done: progress("flows for training", 0.35 * done), scale)
    refuse_leaks(fitted.rows, fitted.labels("ddos", "malware"), FLOWS.specs)
    tune = table(seed, "tune", lambda done: progress("flows for tuning", 0.35 + 0.15 * done), scale)
    certified = table(seed, "certify", lambda done: progress("flows for certification", 0.5 + 0.2 * done), scale)
    progress("training", 0.7)
    assembled = assemble(_frame(fitted), _parts(fitted, seed), PLAN, _sample(tune), _sample(certified))
    test = table(seed, "test", lambda done: progress("flows for testing", 0.75 + 0.15 * done), scale)
    progress("judging", 0.9)
    judged = judge(assembled.runner, test.rows, _sample(test).labels)
    progress("evaluating", 0.95)
    estimates = _estimates(test, judged, seed)
    held_out = HeldOutRows.join(_sample(tune), _sample(certified), _sample(test))
    reference = make_reference(assembled.runner, DatedRows(fitted.rows), held_out)
    model = finish_model(assembled, _sample(test), judged, estimates, _behaviours(test), CARD_TEXT, reference)
    progress("done", 1.0)
    return model


def _estimates(test: Table, judged: JudgedRows, seed: int) -> dict[str, Estimate]:
    """Return the measures of the whole model, and of each engine alone for its purpose."""
    bootstrap = Bootstrap(test.networks, seed, repeats=100)
    found = bootstrap.estimates(_sample(test).labels, judged.chance, *STANDARD_MEASURES)
    alone: dict[str, tuple[Kind, ...]] = {
        "ddos_lgbm": ("ddos",),
        "malware_lgbm": ("malware",),
        "anomaly_iforest": ("ddos", "malware"),
    }
    for name, kinds in alone.items():
        raw = np.array([verdict.votes[name].raw for verdict in judged.verdicts])
        found[f"{name}_auc"] = bootstrap.estimates(test.labels(*kinds), raw, auc)["auc"]
    return found


def _behaviours(test: Table) -> dict[str, NDArray[np.bool_]]:
    """Return masks of the flows of each simulated behaviour, harmless ones first."""
    return {
        f"{kind} {behaviour.name}": test.behaviours == behaviour.name
        for kind, behaviours in BEHAVIOURS.items()
        for behaviour in behaviours
    }


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return held-out flows; every second one as packets and flow records in a `history`, unless that is too long."""
    flows = dataset.simulated_flows(seed, "test")
    return [_body(flow, number) for number, flow in enumerate(islice(flows, count))]


def _body(flow: Flow, number: int) -> dict[str, Any]:
    traffic = flow.traffic
    subject = {"subject_id": f"flow-{flow.network}-{number:04d}", "_label": int(flow.kind != "benign")}
    if number % 2 == 0 and len(traffic.packets) + len(traffic.neighbours) <= MAX_HISTORY_RECORDS:
        return {**subject, "history": to_json(traffic), "as_of": format_timestamp(flow.as_of)}
    return {**subject, "features": FLOWS.extract(traffic, flow.as_of)}


def _sample(found: Table) -> Sample:
    return Sample(found.rows, found.labels("ddos", "malware"))


def _parts(fitted: Table, seed: int) -> list[parts.EnginePart]:
    """Return the engines.

    Each specialist learns its own kind against all other flows. The forest learns harmless flows.
    """
    return [
        parts.boosted(
            "ddos_lgbm", fit_booster(fitted.rows, fitted.labels("ddos"), FLOWS.specs, SHAPE, seed), specialist=True
        ),
        parts.boosted(
            "malware_lgbm",
            fit_booster(fitted.rows, fitted.labels("malware"), FLOWS.specs, SHAPE, seed),
            specialist=True,
        ),
        parts.forest(
            "anomaly_iforest", fitted.rows[fitted.kinds == "benign"], FLOWS.specs, seed, features=FOREST_FEATURES
        ),
        parts.rules("rules", RULES),
    ]


def _frame(fitted: Table) -> ModelFrame:
    training = TrainingData(
        description="Simulated flows of simulated networks.",
        simulated=True,
        rows=len(fitted.rows),
        sha256=data_digest(fitted.rows, fitted.labels("ddos", "malware"), FLOWS.specs),
    )
    typical = parts.typical_values(fitted.rows, FLOWS.specs)
    askable = {name: values for name, values in typical.items() if name.startswith(OBTAINABLE_PREFIXES)}
    return ModelFrame("netsec", FLOWS.specs, LABEL, training, askable, FLOWS.name, GROUPS)
