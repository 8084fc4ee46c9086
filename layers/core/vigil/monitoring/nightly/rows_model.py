"""Decisions of the ledger as profiles and cohorts count them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from vigil.decisions.scoring.model import LedgerRow
from vigil.monitoring.performance.cohorts_model import DueDecision, Label
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter, group_names
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.engines.row_encoder import RowEncoder
from vigil.prediction.trials.evidence_model import DecisionLabel


@dataclass(frozen=True)
class CountedVersion:
    """A model version with the parts that count its decisions."""

    version: MonitoredVersion

    @cached_property
    def _encoder(self) -> RowEncoder:
        return RowEncoder(self.version.contract.features)

    @cached_property
    def _combinations(self) -> Sequence[Sequence[str]]:
        contract = self.version.contract
        return [*((attribute.name,) for attribute in contract.groups), *contract.intersections]

    def counter(self) -> ProfileCounter:
        """Return an empty counter of profiles of this version."""
        contract = self.version.contract
        cells = [FeatureCells(feature.edges, len(feature.counts)) for feature in self.version.layout.features]
        pairs = [(first, second) for first, second in contract.intersections]
        return ProfileCounter(cells, [attribute.name for attribute in contract.groups], pairs)

    def counted(self, row: LedgerRow, groups: Mapping[str, str]) -> CountedDecision:
        """Return a decision of the ledger as a profile counts it.

        `groups` has the value of each known attribute by its name.
        """
        answer = json.loads(row.body)
        return CountedDecision(
            decision_id=row.decision_id,
            subject=row.subject,
            created_at=row.created_at,
            row=self._encoder.encode(json.loads(row.inputs)),
            probability=answer["probability"],
            band=answer["band"],
            decision=answer["decision"],
            is_flagged=row.high_risk,
            abstention_reasons=tuple((answer.get("abstention") or {}).get("reasons", ())),
            degraded_engines=tuple(each["engine"] for each in answer.get("degraded", ())),
            groups=groups,
        )

    def due_at(self, row: LedgerRow) -> datetime | None:
        """Return the time, with its zone, at which the label of a decision is final.

        The result is None without a probability, and for a label without a horizon.
        """
        answer: Mapping[str, Any] = json.loads(row.body)
        if answer["probability"] is None:
            return None
        return self.version.contract.label.due_at(datetime.fromisoformat(answer["as_of"]), json.loads(row.inputs))

    def due(
        self, row: LedgerRow, due_at: datetime, label: DecisionLabel | None, groups: Mapping[str, str]
    ) -> DueDecision:
        """Return a decision of the ledger as a cohort counts it.

        The decision must have a probability. The label of the decision is final at `due_at`, a time with its zone.
        `label` is None without a resolved outcome. `groups` has the value of each known attribute by its name.
        """
        return DueDecision(
            probability=json.loads(row.body)["probability"],
            flagged=row.high_risk,
            due_at=due_at,
            label=label_of(label),
            treated=label is not None and label.treated,
            groups=tuple(group_names(groups, self._combinations)),
        )


def label_of(found: DecisionLabel | None) -> Label:
    """Return the label of a due decision from its stored outcome; `overdue` for None, without a resolved outcome."""
    if found is None:
        return "overdue"
    if found.occurred is None:
        return "excluded"
    return "occurred" if found.occurred else "not_occurred"
