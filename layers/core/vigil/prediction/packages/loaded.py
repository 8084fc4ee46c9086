"""A model that was verified and stands in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vigil.prediction.engines.contract import Explanation, ModelContract
from vigil.prediction.engines.ensemble import Degraded, MissingFact, Verdict
from vigil.prediction.engines.ensemble_runner import Panel
from vigil.prediction.engines.ports import Explainer
from vigil.prediction.packages.model import Manifest
from vigil.prediction.packages.resolving import cheapest


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A verified package: its manifest, digest and card, and the engines built from its bytes."""

    manifest: Manifest
    digest: str
    card: str
    panel: Panel

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

    def expired(self, now: datetime) -> bool:
        """Say whether the package may no longer be used at `now`."""
        return now >= instant(self.manifest.expires_at)

    def assess(self, row: Sequence[float], without: Collection[Degraded] = ()) -> Verdict:
        """Return the verdict on one encoded row (`contract.encode`); `without` leaves engines out, for a replay."""
        return self.panel.assess(row, without)

    def only_engine(self) -> Explainer | None:
        """Return the one boosted engine that decides by itself, where the model is no more than that."""
        return self.panel.lone

    def explained_engine(self, verdict: Verdict) -> str | None:
        """Return the engine that an explanation of this verdict explains, if any can be."""
        return self.panel.lead(verdict)

    def explain(self, engine: str, row: Sequence[float]) -> Explanation:
        """Return the contributions of an engine's features to its raw score."""
        return self.panel.explain(engine, row)

    def missing_fact(self, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
        """Return the cheapest missing fact that would most likely let the model answer."""
        return cheapest(self.panel, row, verdict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A challenger in memory, and how many subjects in a thousand it decides for."""

    model: LoadedModel
    share: int


def instant(text: str) -> datetime:
    """Return an ISO 8601 time of a manifest; raise ValueError if it does not name its offset from UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time must name its offset from UTC")
    return moment.astimezone(UTC)
