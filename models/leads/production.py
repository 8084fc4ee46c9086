"""Production of `leads`: leads of companies that no model was trained on."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from models.leads.schema import SOURCES, SPECS
from models.leads.simulator import simulate
from models.production import ProductionPlan, SimulatedRequest, lose

DRIFTS: Mapping[str, str] = {
    "tracking": "visits of the website are no longer recorded",
    "cold_lists": "half of the leads come from bought lists",
}
_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
_SEED = 1_000_003
"""Added to the seed, so that no lead is one that a model was trained on."""
_TRACKING = frozenset({"page_views_30d", "pricing_views_30d"})
_SOURCE = [spec.name for spec in SPECS].index("source")
_COLD = float(SOURCES.index("cold_list"))
_SURPLUS = 2
"""Simulated leads per request; more than one, so that a change of their sources can leave out some of them."""


def requests(plan: ProductionPlan) -> Iterable[SimulatedRequest]:
    """Return leads in the order of their times: exactly `plan.rows_per_day` each day, at even times.

    A lead can come more than once.
    """
    leads = simulate(_SEED + plan.seed, _SURPLUS * plan.days * plan.rows_per_day)
    cold = leads.rows[:, _SOURCE] == _COLD
    rng = np.random.default_rng([_SEED, plan.seed])
    step, found = timedelta(days=1) / plan.rows_per_day, list[SimulatedRequest]()
    for day in range(1, plan.days + 1):
        weights = np.where(cold, 0.5 / cold.sum(), 0.5 / (~cold).sum()) if plan.has_drift("cold_lists", day) else None
        for number, place in enumerate(rng.choice(len(cold), plan.rows_per_day, p=weights).tolist()):
            row = tuple(leads.rows[place].tolist())
            found.append(
                SimulatedRequest(
                    subject=f"lead-{place:06d}",
                    at=_EPOCH + timedelta(days=day - 1) + number * step,
                    row=lose(row, SPECS, _TRACKING) if plan.has_drift("tracking", day) else row,
                    label="occurred" if leads.labels[place] else "not_occurred",
                )
            )
    return found
