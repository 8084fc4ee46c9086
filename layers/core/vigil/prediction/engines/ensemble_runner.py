"""Runs all engines of a package and combines their votes into one verdict."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import DegradedEngine, Verdict, decide
from vigil.prediction.engines.ports import ExplainableEngine, TrainedEngine, VotingEngine
from vigil.prediction.engines.row_encoder import RowEncoder
from vigil.prediction.engines.votes import EngineKind, EngineVote, Explanation, logit


@dataclass(frozen=True, slots=True)
class _LoadedEngine:
    name: str
    kind: EngineKind
    engine: VotingEngine
    columns: Callable[[Sequence[float]], Sequence[float]]

    def vote(self, row: Sequence[float]) -> EngineVote | None:
        """Return the engine's vote, or None if the engine fails; other engines must still vote.

        The verdict then lists the engine as degraded.
        """
        try:
            vote = self.engine.assess(self.columns(row))
        except Exception:
            return None
        valid = vote.probability is None or 0 <= vote.probability <= 1
        return vote if valid else None


class EnsembleRunner:
    """Loaded engines of one contract; safe to share between threads.

    Engines of the contract without an entry in `engines` are missing. `unsigned` names the missing engines with a file
    that is not the signed one.
    """

    def __init__(
        self, contract: ModelContract, engines: Mapping[str, VotingEngine], unsigned: Collection[str] = frozenset()
    ) -> None:
        self.contract = contract
        self.encoder = RowEncoder(contract.features)
        self._engines = [
            _LoadedEngine(spec.name, spec.kind, engines[spec.name], _columns(contract, spec.features))
            for spec in contract.engines
            if spec.name in engines
        ]
        self._missing = {
            spec.name: DegradedEngine(spec.name, "unsigned" if spec.name in unsigned else "unavailable")
            for spec in contract.engines
            if spec.name not in engines
        }
        self._essential = [i for i, spec in enumerate(contract.features) if spec.missing == "abstain"]
        unseen = {name for s in self._engines if isinstance(s.engine, TrainedEngine) for name in s.engine.never_missing}
        self.never_missing = tuple(
            place for place, spec in enumerate(contract.features) if spec.missing != "refuse" and spec.name in unseen
        )
        """Positions of the features that may be missing in a row, although they never were in training."""
        self._explainers = {s.name: s.engine for s in self._engines if isinstance(s.engine, ExplainableEngine)}

    @property
    def engine_names(self) -> frozenset[str]:
        """Names of the loaded engines."""
        return frozenset(loaded.name for loaded in self._engines)

    @property
    def is_complete(self) -> bool:
        """True if every engine of the contract is loaded."""
        return not self._missing

    @property
    def explainers(self) -> Mapping[str, ExplainableEngine]:
        """Engines with explainable scores, by name."""
        return self._explainers

    @property
    def only_engine(self) -> ExplainableEngine | None:
        """The only engine of the package if it is calibrated, explainable and receives the whole row; else None."""
        specs = self.contract.engines
        alone = self.is_complete and len(specs) == 1 and specs[0].calibration is not None and specs[0].features is None
        return self._explainers.get(specs[0].name) if alone else None

    def assess(self, row: Sequence[float], without: Collection[DegradedEngine] = ()) -> Verdict:
        """Return the verdict on one encoded row; a pure function. `without` excludes engines, for a replay."""
        lacking = {**self._missing, **{lack.engine: lack for lack in without}} if without else self._missing
        votes = {
            loaded.name: vote
            for loaded in self._engines
            if loaded.name not in lacking and (vote := loaded.vote(row)) is not None
        }
        contract = self.contract
        degraded: tuple[DegradedEngine, ...] = ()
        if len(votes) < len(contract.engines):
            names = [spec.name for spec in contract.engines if spec.name not in votes]
            degraded = tuple(lacking.get(name, DegradedEngine(name, "failed")) for name in names)
        facts = any(math.isnan(row[i]) for i in self._essential)
        return decide(contract.bands, contract.ensemble, contract.abstention, votes, degraded, lacks_facts=facts)

    def explained_engine(self, verdict: Verdict) -> str | None:
        """Return the explainable engine with the largest push towards the answer; the first one of a tie."""
        ensemble = self.contract.ensemble
        positive = (verdict.probability or 0.0) >= ensemble.positive_from
        best, lead = -math.inf, None
        for name in self._explainers:
            if (vote := verdict.votes.get(name)) is None or vote.probability is None:
                continue
            push = ensemble.weights.get(name, 0.0) * logit(vote.probability) * (1 if positive else -1)
            if push > best:
                best, lead = push, name
        return lead

    def explain(self, engine: str, row: Sequence[float]) -> Explanation:
        """Return the contributions of an explainable engine's features for one encoded row."""
        spec = next(spec for spec in self.contract.engines if spec.name == engine)
        seen = tuple(_columns(self.contract, spec.features)(row))
        contributions, base = self._explainers[engine].contributions(seen)
        return Explanation(engine, self.contract.engine_features(spec), seen, contributions, base)


def _columns(contract: ModelContract, features: tuple[str, ...] | None) -> Callable[[Sequence[float]], Sequence[float]]:
    names = [f.name for f in contract.features]
    if features is None or list(features) == names:
        return lambda row: row
    places = [names.index(name) for name in features]
    if len(places) == 1:
        return lambda row: (row[places[0]],)
    return itemgetter(*places)
