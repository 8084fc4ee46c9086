"""Fakes of the scoring ports, with state."""

import math
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vigil.decisions.scoring.model import UNCONDITIONAL, Conditions, LedgerPage, LedgerRow
from vigil.errors import BudgetExhausted, ConsentWithdrawn, NotFound, QuotaExceeded
from vigil.kernel.money import SPEND_COUNTERS, SpendLimit
from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, DegradedEngine, Ensemble, MissingFact, Verdict
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.engines.ports import ExplainableEngine, VotingEngine
from vigil.prediction.engines.votes import Calibration, EngineSpec, EngineVote, Explanation, sigmoid, vote_for
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.missing_facts import suggest_missing_fact
from vigil.prediction.packages.reference_model import Reference

FEATURES = (
    FeatureSpec("age", "number", "age", "years", 0, 100, missing="refuse", other_units={"months": 12}),
    FeatureSpec("visits", "integer", "visits kept", "visits", 0, 50),
    FeatureSpec("urban", "boolean", "urban site"),
    FeatureSpec("stage", "category", "clinical stage", categories=("I", "II", "III")),
)
CONTRACT = ModelContract(
    name="toy",
    features=FEATURES,
    label=Label("trouble", "Trouble within 28 days.", 1, 28),
    engines=(EngineSpec("linear", "lightgbm", "linear.txt", None, Calibration()),),
    ensemble=Ensemble({"linear": 1.0}, positive_from=0.5),
    bands=(Band("low", 0.0, "wait"), Band("high", 0.5, "call")),
    training=TrainingData("made up", simulated=True, rows=10, sha256="0" * 64),
    metrics={"auc": 0.7, "calibration_error": 0.05},
)
GROUPS = (
    GroupAttribute("sex", ("female", "male")),
    GroupAttribute("region", ("east", "west")),
    GroupAttribute("key_population", ("no", "yes"), is_sealed=True),
    GroupAttribute("age_band", ("0-14", "15-24", "25-49", "50+"), source="age", cuts=(15, 25, 50)),
)
"""Group attributes of the toy model, for the tests that need some."""
WEIGHTS = (0.03, -0.2, 0.5, 0.4)


class LinearEngine:
    """A weighted sum, without missing values. Its Shapley values are its terms."""

    def assess(self, row: Sequence[float]) -> EngineVote:
        raw = self.raw_score(row)
        probability = sigmoid(raw)
        return EngineVote(
            vote_for(probability, CONTRACT.ensemble.positive_from), probability, raw=raw, version="linear"
        )

    def raw_score(self, row: Sequence[float]) -> float:
        return math.fsum(self.contributions(row)[0])

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        return tuple(0.0 if math.isnan(x) else w * x for w, x in zip(WEIGHTS, row, strict=True)), 0.0

    def raw_scores(self, rows: Any, count: int) -> Sequence[float]:
        width = len(WEIGHTS)
        return [self.raw_score(rows[i * width : (i + 1) * width]) for i in range(count)]


@dataclass
class ToyModel:
    name: str = "toy"
    version: int = 1
    digest: str = "sha256:" + "a" * 64
    contract: ModelContract = CONTRACT
    engines: Mapping[str, VotingEngine] = field(default_factory=lambda: {"linear": LinearEngine()})
    never_missing: tuple[int, ...] = ()
    reference: Reference | None = None

    def encode(self, features: Mapping[str, object]) -> tuple[float, ...]:
        return self.contract.encode(features)

    def assess(self, row: Sequence[float], without: Collection[DegradedEngine] = ()) -> Verdict:
        return self._runner.assess(row, without)

    def only_engine(self) -> ExplainableEngine | None:
        return self._runner.only_engine

    def explained_engine(self, verdict: Verdict) -> str | None:
        return self._runner.explained_engine(verdict)

    def explain(self, engine: str, row: Sequence[float]) -> Explanation:
        return self._runner.explain(engine, row)

    def missing_fact(self, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
        return suggest_missing_fact(self._runner, row, verdict)

    @property
    def _runner(self) -> EnsembleRunner:
        return EnsembleRunner(self.contract, self.engines)


@dataclass
class FakeTrial:
    model: ToyModel
    share: int = 0


@dataclass
class FakeModels:
    champions: dict[str, ToyModel] = field(default_factory=lambda: {"toy": ToyModel()})
    history: dict[tuple[str, int], ToyModel] = field(default_factory=dict)
    failure: Exception | None = None
    said: tuple[str, ...] = ()
    on_trial: FakeTrial | None = None

    def champion(self, name: str) -> ToyModel:
        if self.failure:
            raise self.failure
        if name not in self.champions:
            raise NotFound("There is no such model.")
        model = self.champions[name]
        self.history[name, model.version] = model
        return model

    def trial(self, name: str) -> FakeTrial | None:
        if self.on_trial:
            self.history[name, self.on_trial.model.version] = self.on_trial.model
        return self.on_trial

    def archived(self, name: str, version: int) -> ToyModel:
        return self.history[name, version]

    def warnings(self, name: str) -> Sequence[str]:
        return self.said

    def promote(self, **changes: Any) -> None:
        self.champions["toy"] = replace(self.champions["toy"], **changes)


class VisitCount:
    """A feature set that counts the visits of a history."""

    def __init__(self, name: str) -> None:
        self.name = name

    def parse(self, history: Any) -> int:
        return len(history["visits"])

    def extract(self, visits: int, as_of: datetime) -> Mapping[str, Any]:
        return {"age": 30, "visits": visits}


class FakeLedger:
    """The ledger in memory, as atomic as a conditional put."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], LedgerRow] = {}
        self.used: Counter[tuple[str, str]] = Counter()
        self.spent: Counter[tuple[str, str, str]] = Counter()
        self.withdrawn: set[tuple[str, str]] = set()
        self.calls = 0
        self._lock = threading.Lock()

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        self.calls += 1
        month = (row.tenant_id, row.created_at[:7])
        with self._lock:
            if (existing := self.rows.get((row.tenant_id, row.decision_id))) is not None:
                return existing
            if conditions.consents and (row.tenant_id, row.subject) in self.withdrawn:
                raise ConsentWithdrawn("The subject has withdrawn the consent to scoring.")
            quota = conditions.quota
            if quota is not None and self.used[month] >= quota:
                raise QuotaExceeded(quota, 0, 1)
            if conditions.hard_stop:
                self._set_aside(row, conditions.hard_stop)
            if quota is not None:
                self.used[month] += 1
            self.rows[row.tenant_id, row.decision_id] = row
        return None

    def _set_aside(self, row: LedgerRow, stop: SpendLimit) -> None:
        counters = {
            name: (row.tenant_id, name, row.created_at[: 10 if name.endswith("day") else 7]) for name in SPEND_COUNTERS
        }
        for name, limit in stop.limits():
            if (left := limit - self.spent[counters[name]]) < stop.price_micros:
                raise BudgetExhausted(name.replace("_", "/"), left, stop.price_micros, 1)
        self.spent.update(dict.fromkeys(counters.values(), stop.price_micros))

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        self.calls += 1
        return self.rows.get((tenant_id, decision_id))

    def page(self, tenant_id: str, subject: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        self.calls += 1
        mine = [row for row in self.rows.values() if row.tenant_id == tenant_id and subject in {None, row.subject}]
        ordered = sorted(mine, key=_time_sk, reverse=True)
        rest = [row for row in ordered if after is None or _time_sk(row) < after["time_sk"]]
        last = rest[limit - 1] if len(rest) > limit else None
        position = {"pk": f"{tenant_id}#{last.decision_id}", "time_sk": _time_sk(last)} if last else None
        return LedgerPage(tuple(row.summary for row in rest[:limit]), position)


def _time_sk(row: LedgerRow) -> str:
    return f"{row.created_at}#{row.decision_id}"
