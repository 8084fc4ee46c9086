"""`/v1/models`: what can be scored, by which model, and what each model promises."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from vigil.errors import Unavailable
from vigil.platform.principal import Caller
from vigil.platform.schemas import responses
from vigil.registry.loaded import LoadedModel
from vigil.registry.model import Band, Calibration, FeatureSpec, Label, TrainingData
from vigil.registry.service import Registry

router = APIRouter(prefix="/v1/models", tags=["models"])


class ModelSummary(BaseModel):
    """A model that decides now."""

    name: str
    version: int
    digest: str = Field(description="SHA-256 of the signed manifest; every decision names it")
    label: Label
    created_at: str = Field(description="ISO 8601, UTC", json_schema_extra={"format": "date-time"})


class ModelList(BaseModel):
    """All models; `unavailable` names those that exist and cannot be used now."""

    models: list[ModelSummary]
    unavailable: list[str]


class ModelDetail(ModelSummary):
    """All that a model promises."""

    expires_at: str = Field(description="ISO 8601, UTC", json_schema_extra={"format": "date-time"})
    features: list[FeatureSpec] = Field(description="in the order in which the model sees them")
    history: str | None = Field(description="the feature set that turns a `history` into features, if there is one")
    bands: list[Band]
    calibration: Calibration
    metrics: dict[str, float]
    training: TrainingData
    card: str = Field(description="the model card, Markdown")
    warnings: list[str] = Field(description="why a newer version may not be in use")


@router.get("", responses=responses(401, 503))
async def list_models(request: Request, _: Caller) -> ModelList:
    """Return every model with a champion, by name."""
    registry: Registry = request.app.state.registry
    models, unavailable = [], []
    for name in registry.names():
        try:
            models.append(ModelSummary(**_summary(registry.champion(name))))
        except Unavailable:
            unavailable.append(name)
    return ModelList(models=models, unavailable=unavailable)


@router.get("/{name}", responses=responses(401, 404, 503))
async def describe_model(request: Request, name: str, _: Caller) -> ModelDetail:
    """Return a model's feature schema, label, bands, calibration, metrics, training data and card."""
    registry: Registry = request.app.state.registry
    model = registry.champion(name)
    contract = model.contract
    return ModelDetail(
        **_summary(model),
        expires_at=model.manifest.expires_at,
        features=list(contract.features),
        history=contract.history,
        bands=list(contract.bands),
        calibration=contract.calibration,
        metrics=dict(contract.metrics),
        training=contract.training,
        card=model.card,
        warnings=list(registry.warnings(name)),
    )


def _summary(model: LoadedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "label": model.contract.label,
        "created_at": model.manifest.created_at,
    }
