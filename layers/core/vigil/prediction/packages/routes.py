"""`/v1/models`: the models that can score now, and the contract of each."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vigil.errors import Unavailable
from vigil.prediction.engines.contract import Label, TrainingData
from vigil.prediction.engines.ensemble import Abstention, Band, Ensemble
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.engines.votes import EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.service import Registry
from vigil.web.app_state import from_app
from vigil.web.etags import cacheable
from vigil.web.principal import requires
from vigil.web.schemas import responses

router = APIRouter(
    prefix="/v1/models",
    tags=["models"],
    dependencies=[requires("models:read"), cacheable(60)],
    responses=responses(401, 403, 503),
)


class ModelSummary(BaseModel):
    """A model that decides now."""

    name: str
    version: int
    digest: str = Field(description="SHA-256 of the signed manifest; included in every decision")
    label: Label
    created_at: str = Field(description="ISO 8601 time in UTC", json_schema_extra={"format": "date-time"})


class ModelList(BaseModel):
    """All models that can be used now; `unavailable` lists the others by name."""

    models: list[ModelSummary]
    unavailable: list[str]


class ModelDetail(ModelSummary):
    """Complete description of a model."""

    expires_at: str = Field(description="ISO 8601 time in UTC", json_schema_extra={"format": "date-time"})
    features: list[FeatureSpec] = Field(description="Input features, in the order in which the model receives them")
    history: str | None = Field(
        description="Feature set that computes the features from a `history`, null if there is none"
    )
    history_schema: dict[str, Any] | None = Field(
        description="JSON schema of the `history`, null if the model accepts none"
    )
    groups: list[GroupAttribute] = Field(
        description="Attributes for the `groups` of a request, by which fairness is measured. An attribute with a "
        "`source` is derived from that feature and cannot be sent. A sealed one is stored encrypted."
    )
    bands: list[Band]
    engines: list[EngineSpec] = Field(description="Engines that vote, and the calibration of each")
    ensemble: Ensemble = Field(description="Combination of votes into one probability, and the policy on disagreement")
    abstention: Abstention | None = Field(description="Certified abstention threshold, null if there is none")
    metrics: dict[str, float]
    training: TrainingData
    never_missing_in_training: list[str] = Field(
        description="Features that may be missing although they never were in training; "
        "an answer without one has the warning `never_missing_in_training`"
    )
    card: str = Field(description="Model card in Markdown")
    warnings: list[str] = Field(description="Reasons for which a newer version may not be in use")


RegistryParameter = Annotated[Registry, from_app("registry")]
HistorySchemas = Annotated[Callable[[str], dict[str, Any]], from_app("history_schema")]


@router.get("", name="list", summary="List the models")
async def list_models(registry: RegistryParameter) -> ModelList:
    """Return every model that decides now, by name. Models that cannot be used now are listed in `unavailable`."""
    models, unavailable = [], []
    for name in registry.model_names():
        try:
            models.append(ModelSummary(**_summary(registry.champion(name))))
        except Unavailable:
            unavailable.append(name)
    return ModelList(models=models, unavailable=unavailable)


@router.get(
    "/{name}",
    name="get",
    summary="Describe a model",
    responses=responses(404),
)
async def describe_model(name: str, registry: RegistryParameter, schema_of: HistorySchemas) -> ModelDetail:
    """Return a model's feature schema, label, bands, calibration, metrics, training data and card."""
    model = registry.champion(name)
    contract = model.contract
    return ModelDetail(
        **_summary(model),
        expires_at=model.manifest.expires_at,
        features=list(contract.features),
        history=contract.history,
        history_schema=schema_of(contract.history) if contract.history else None,
        groups=list(contract.groups),
        bands=list(contract.bands),
        engines=list(contract.engines),
        ensemble=contract.ensemble,
        abstention=contract.abstention,
        metrics=dict(contract.metrics),
        training=contract.training,
        never_missing_in_training=list(model.never_missing_names),
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
