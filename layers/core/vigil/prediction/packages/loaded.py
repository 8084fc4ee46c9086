"""A model that was verified and stands in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vigil.prediction.engines.contract import Explanation, ModelContract
from vigil.prediction.engines.ensemble import DegradedEngine, MissingFact, Verdict
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.ports import ExplainableEngine
from vigil.prediction.packages.missing_facts import suggest_missing_fact
from vigil.prediction.packages.model import Manifest


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A verified package: its manifest, digest and card, and the engines built from its bytes."""

    manifest: Manifest
    digest: str
    card: str
    runner: EnsembleRunner

    @property
    def contract(self) -> ModelContract:
        """What the model promises to its callers."""
        return self.manifest.contract

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.contract.name

    @property
    def version(self) -> int:
        """The package's version."""
        return self.manifest.version

    def is_expired(self, now: datetime) -> bool:
        """Say whether the package may no longer be used at `now`."""
        return now >= parse_utc(self.manifest.expires_at)

    def assess(self, row: Sequence[float], without: Collection[DegradedEngine] = ()) -> Verdict:
        """Return the verdict on one encoded row (`contract.encode`); `without` leaves engines out, for a replay."""
        return self.runner.assess(row, without)

    def only_engine(self) -> ExplainableEngine | None:
        """Return the one boosted engine that decides by itself, where the model is no more than that."""
        return self.runner.only_engine

    def explained_engine(self, verdict: Verdict) -> str | None:
        """Return the engine that an explanation of this verdict explains, if any can be."""
        return self.runner.explained_engine(verdict)

    def explain(self, engine: str, row: Sequence[float]) -> Explanation:
        """Return the contributions of an engine's features to its raw score."""
        return self.runner.explain(engine, row)

    def missing_fact(self, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
        """Return the cheapest missing fact that would most likely let the model answer."""
        return suggest_missing_fact(self.runner, row, verdict)


@dataclass(frozen=True, slots=True)
class ChallengerTrial:
    """A challenger in memory, and how many subjects in a thousand it decides for."""

    model: LoadedModel
    share: int


def parse_utc(text: str) -> datetime:
    """Return an ISO 8601 time of a manifest; raise ValueError if it does not name its offset from UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time must name its offset from UTC")
    return moment.astimezone(UTC)
