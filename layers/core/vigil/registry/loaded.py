"""A model that was verified and stands in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vigil.registry.model import Band, Manifest, ModelContract
from vigil.registry.ports import Engine


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a model says of one row: log-odds, calibrated probability, and the band it falls into."""

    raw: float
    probability: float
    band: Band


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A verified package: its manifest, digest and card, and the engine built from its bytes."""

    manifest: Manifest
    digest: str
    card: str
    engine: Engine

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

    def assess(self, row: Sequence[float]) -> Assessment:
        """Score one encoded row (`contract.encode`)."""
        raw = self.engine.raw(row)
        probability = self.contract.calibration.probability(raw)
        return Assessment(raw, probability, self.contract.band(probability))


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
