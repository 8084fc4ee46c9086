"""A verified model in memory, and a challenger on trial."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import DegradedEngine, MissingFact, Verdict
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.ports import ExplainableEngine
from vigil.prediction.engines.votes import Explanation
from vigil.prediction.packages.missing_facts import suggest_missing_fact
from vigil.prediction.packages.model import Manifest
from vigil.prediction.packages.reference_model import Reference


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A verified package: its manifest, digest, card, and the engines built from its files.

    `reference` is None for a package of format 2.
    """

    manifest: Manifest
    digest: str
    card: str
    runner: EnsembleRunner
    reference: Reference | None = None

    @property
    def contract(self) -> ModelContract:
        """Contract of the model."""
        return self.manifest.contract

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.manifest.contract.name

    @property
    def version(self) -> int:
        """Version of the package."""
        return self.manifest.version

    @property
    def never_missing(self) -> tuple[int, ...]:
        """Positions of the features that may be missing in a row, although they never were in training."""
        return self.runner.never_missing

    @property
    def never_missing_names(self) -> tuple[str, ...]:
        """Names of the features at `never_missing`."""
        return tuple(self.contract.features[place].name for place in self.never_missing)

    def is_expired(self, now: datetime) -> bool:
        """True if the package must no longer be used at `now`."""
        return now >= parse_utc(self.manifest.expires_at)

    def encode(self, features: Mapping[str, object]) -> tuple[float, ...]:
        """Return named values as the vector that engines receive. Raises InvalidInput with every invalid field."""
        return self.runner.encoder.encode(features)

    def assess(self, row: Sequence[float], without: Collection[DegradedEngine] = ()) -> Verdict:
        """Return the verdict on one encoded row (`contract.encode`); `without` excludes engines, for a replay."""
        return self.runner.assess(row, without)

    def only_engine(self) -> ExplainableEngine | None:
        """Return the only engine if the model consists of one boosted engine; otherwise None."""
        return self.runner.only_engine

    def explained_engine(self, verdict: Verdict) -> str | None:
        """Return the name of the engine that explains this verdict, or None if no engine can explain it."""
        return self.runner.explained_engine(verdict)

    def explain(self, engine: str, row: Sequence[float]) -> Explanation:
        """Return the contributions of an engine's features to its raw score."""
        return self.runner.explain(engine, row)

    def missing_fact(self, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
        """Return the missing fact with the best chance of an answer per unit of cost, or None."""
        return suggest_missing_fact(self.runner, row, verdict)


@dataclass(frozen=True, slots=True)
class ChallengerTrial:
    """A challenger in memory, and the share of subjects per mille that it decides for."""

    model: LoadedModel
    share: int


def parse_utc(text: str) -> datetime:
    """Return a time of a manifest (ISO 8601) in UTC; raise ValueError if it has no UTC offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time must have a UTC offset")
    return moment.astimezone(UTC)
