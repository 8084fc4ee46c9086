"""`netsec`: whether a network flow is a threat, by two LightGBM specialists, an isolation forest and rules."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import card, parts
from models.assembly import Assembled, Frame, Plan, Sample, assemble
from models.certification import Promise
from models.evaluation import (
    Bootstrap,
    Estimate,
    Judged,
    auc,
    brier,
    by_band,
    by_group,
    calibration,
    calibration_error,
    judge,
    metrics,
    precision,
)
from models.golden import golden
from models.leakage import refuse_leaks
from models.netsec import dataset
from models.netsec.dataset import Table, table
from models.netsec.presets import BEHAVIOURS, Kind
from models.netsec.prose import PROSE
from models.netsec.rules import RULES
from models.netsec.simulator import Flow
from models.recipe import Progress
from models.training import Shape, digest, fit
from vigil.prediction.engines.contract import Label, TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.features.schemas import to_json
from vigil.prediction.features.service import FLOWS
from vigil.prediction.packages.model import TrainedModel

LABEL = Label(
    name="attack",
    definition="The flow belongs to a denial of service or to the traffic of malware.",
    version=1,
)
SHAPE = Shape(trees=80, leaves=8, rows_per_leaf=20, learning_rate=0.08)
BANDS = (Band("low", 0.0, "let_pass"), Band("moderate", 0.2, "watch"), Band("high", 0.5, "stop_for_review"))
PLAN = Plan(bands=lambda _chance: BANDS, positive="high", promise=Promise(alpha=0.1, delta=0.05))
UNUSUAL = (
    "length_entropy", "iat_entropy", "iat_variation", "small_packet_share", "large_packet_share", "fwd_payload_share",
    "turn_share", "bare_ack_share", "source_destination_entropy", "source_destination_port_entropy",
    "source_unanswered_share", "source_flows", "source_flows_10s", "pair_flows", "pair_gap_variation",
    "pair_bytes_variation", "destination_source_entropy", "destination_source_port_entropy",
    "destination_unanswered_share", "destination_flows_10s", "destination_unique_sources",
)  # fmt: skip
"""What the isolation forest sees: it draws splits evenly over a range, and would waste them on amounts of bytes."""
ASKABLE = ("source_", "destination_", "pair_", "fwd_ttl_", "bwd_ttl_", "fwd_initial_", "bwd_initial_")
"""Facts that a better capture could add; that a UDP flow has no handshake is not one of them."""
MOST_RECORDS = 600
"""A sample with more packets and neighbours than this is sent as features: a body may have 256 KB."""


def train(seed: int, progress: Progress) -> TrainedModel:
    """Simulate, train, calibrate, certify and evaluate; the same seed gives the same bytes.

    Raises LeakageError if a single feature tells the label.
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
    model = _evaluated(assembled, test, judged, seed)
    progress("done", 1.0)
    return model


def _evaluated(assembled: Assembled, test: Table, judged: Judged, seed: int) -> TrainedModel:
    labels = _sample(test).labels
    estimates = _estimates(test, judged, seed)
    groups = by_band(assembled.contract, labels, judged) + by_group(_behaviours(test), labels, judged)
    contract = replace(assembled.contract, metrics=metrics(estimates, labels, judged, groups))
    return TrainedModel(
        contract,
        assembled.files,
        golden(contract, test.rows, judged.verdicts),
        card.render(contract, PROSE, estimates, groups),
    )


def _estimates(test: Table, judged: Judged, seed: int) -> dict[str, Estimate]:
    """Return how good the whole is, and each engine alone at what it is there for."""
    bootstrap = Bootstrap(test.networks, seed, repeats=100)
    found = bootstrap.estimates(
        _sample(test).labels, judged.chance, auc, precision, brier, calibration, calibration_error
    )
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
    """Return the flows of each simulated behaviour, harmless ones first."""
    return {
        f"{kind} {behaviour.name}": test.behaviours == behaviour.name
        for kind, behaviours in BEHAVIOURS.items()
        for behaviour in behaviours
    }


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return held-out flows, every second one as packet and flow records in a `history` where that is not too long."""
    flows = dataset.drawn(seed, "test")
    return [_body(flow, number) for number, flow in enumerate(islice(flows, count))]


def _body(flow: Flow, number: int) -> dict[str, Any]:
    traffic = flow.traffic
    subject = {"subject_id": f"flow-{flow.network}-{number:04d}", "_label": int(flow.kind != "benign")}
    if number % 2 == 0 and len(traffic.packets) + len(traffic.neighbours) <= MOST_RECORDS:
        return {**subject, "history": to_json(traffic), "as_of": flow.as_of.isoformat()}
    return {**subject, "features": FLOWS.extract(traffic, flow.as_of)}


def _sample(found: Table) -> Sample:
    return Sample(found.rows, found.labels("ddos", "malware"))


def _parts(fitted: Table, seed: int) -> list[parts.Part]:
    """Return the engines: each specialist learns its own kind against all else, the forest what harmless flows are."""
    return [
        parts.boosted("ddos_lgbm", fit(fitted.rows, fitted.labels("ddos"), FLOWS.specs, SHAPE, seed), specialist=True),
        parts.boosted(
            "malware_lgbm", fit(fitted.rows, fitted.labels("malware"), FLOWS.specs, SHAPE, seed), specialist=True
        ),
        parts.forest("anomaly_iforest", fitted.rows[fitted.kinds == "benign"], FLOWS.specs, seed, features=UNUSUAL),
        parts.rules("rules", RULES),
    ]


def _frame(fitted: Table) -> Frame:
    training = TrainingData(
        description="Simulated flows of simulated networks.",
        simulated=True,
        rows=len(fitted.rows),
        sha256=digest(fitted.rows, fitted.labels("ddos", "malware"), FLOWS.specs),
    )
    typical = parts.typical(fitted.rows, FLOWS.specs)
    askable = {name: values for name, values in typical.items() if name.startswith(ASKABLE)}
    return Frame("netsec", FLOWS.specs, LABEL, training, askable, FLOWS.name)
