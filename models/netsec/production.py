"""Production of `netsec`: flows of networks that no model was trained on, drawn with repetition from a pool."""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain

import numpy as np

from models.netsec.dataset import encode
from models.netsec.presets import KIND_SHARES, Kind
from models.netsec.simulator import EPOCH, flows
from models.production import ProductionPlan, SimulatedRequest, lose
from vigil.prediction.features.service import FLOWS

DRIFTS: Mapping[str, str] = {
    "malware": "malware is three times as frequent",
    "records": "the records of other flows no longer arrive",
}
FLOWS_PER_NETWORK = 36
MAX_NETWORKS = 24
"""Maximum networks of the pool; 864 flows."""
MIN_NETWORKS_PER_PROCESS = 12
_SEED = 1_000_003
"""Added to the seed, so that no network is one that a model was trained on."""
_RECORDS = frozenset(
    spec.name
    for spec in FLOWS.specs
    if spec.name.startswith(("source_", "destination_", "pair_")) and spec.missing == "allow"
)
_MALWARE = 3.0


def requests(plan: ProductionPlan) -> Iterable[SimulatedRequest]:
    """Return flows in the order of their times: exactly `plan.rows_per_day` each day, at even times."""
    rows, kinds = _pool(plan)
    rng = np.random.default_rng([_SEED, plan.seed])
    return list(_draw(plan, rng, rows, kinds))


def _draw(
    plan: ProductionPlan, rng: np.random.Generator, rows: list[tuple[float, ...]], kinds: list[Kind]
) -> Iterator[SimulatedRequest]:
    step = timedelta(days=1) / plan.rows_per_day
    for day in range(1, plan.days + 1):
        weights = _weights(kinds, _MALWARE if plan.has_drift("malware", day) else 1.0)
        has_lost = plan.has_drift("records", day)
        for number, place in enumerate(rng.choice(len(rows), plan.rows_per_day, p=weights).tolist()):
            yield SimulatedRequest(
                subject=f"flow-{day:04d}-{number:05d}",
                at=EPOCH + timedelta(days=day - 1) + number * step,
                row=lose(rows[place], FLOWS.specs, _RECORDS) if has_lost else rows[place],
                label="not_occurred" if kinds[place] == "benign" else "occurred",
            )


def _weights(kinds: list[Kind], malware: float) -> list[float]:
    """Return the chance of each flow of the pool, so that kinds have their usual shares but for malware."""
    shares = {
        kind: share * (malware if kind == "malware" else 1.0) / max(kinds.count(kind), 1)
        for kind, share in KIND_SHARES.items()
    }
    total = sum(shares[kind] for kind in kinds)
    return [shares[kind] / total for kind in kinds]


def _pool(plan: ProductionPlan) -> tuple[list[tuple[float, ...]], list[Kind]]:
    networks = min(MAX_NETWORKS, -(-plan.days * plan.rows_per_day // FLOWS_PER_NETWORK))
    parts = np.array_split(np.arange(networks), min(os.cpu_count() or 1, 1 + networks // MIN_NETWORKS_PER_PROCESS))
    found = partial(_flows, _SEED + plan.seed)
    if len(parts) == 1:
        pairs = found(parts[0].tolist())
    else:
        with ProcessPoolExecutor(len(parts)) as pool:
            pairs = list(chain.from_iterable(pool.map(found, [part.tolist() for part in parts])))
    return [row for row, _ in pairs], [kind for _, kind in pairs]


def _flows(seed: int, networks: list[int]) -> list[tuple[tuple[float, ...], Kind]]:
    return [
        (tuple(encode(flow)), flow.kind) for network in networks for flow in flows(seed, network, FLOWS_PER_NETWORK)
    ]
