"""`/v1/models/{name}/versions`, `/promote` and `/comparison`: promotion and trials of model versions."""

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from vigil.prediction.packages.model import MAX_VERSION
from vigil.prediction.trials.model import TrialReport
from vigil.prediction.trials.service import TrialService
from vigil.runtime import telemetry
from vigil.web.app_state import from_app
from vigil.web.etags import cacheable
from vigil.web.field_types import WholeNumber
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

if TYPE_CHECKING:
    from vigil.prediction.packages.ports import Pointer, VersionListing

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("models:read")]
Promoter = Annotated[Principal, requires("models:promote")]
Name = Annotated[str, Path(max_length=64)]


class VersionView(BaseModel):
    """A published version. `share` is the number of subjects per mille that it decides for as challenger."""

    version: int
    digest: str
    aliases: list[str]
    share: int | None
    created_at: str
    expires_at: str
    key_id: str
    metrics: dict[str, float]


class VersionList(BaseModel):
    """The published versions of a model, oldest first."""

    name: str
    versions: list[VersionView]


class Promotion(BaseModel):
    """Version that an alias should point at."""

    model_config = ConfigDict(extra="forbid")

    version: WholeNumber = Field(ge=1, le=MAX_VERSION)
    alias: Literal["champion", "challenger"] = "champion"
    share: WholeNumber = Field(
        default=0,
        ge=0,
        le=1000,
        description="Subjects per mille that a challenger decides for; 0 is shadow only. Must be 0 for a champion.",
    )


class Withdrawal(BaseModel):
    """Alias that should have no version."""

    model_config = ConfigDict(extra="forbid")

    alias: Literal["champion", "challenger"] = Field(
        description="`challenger` ends a trial. `champion` takes the model out of service until the next promotion."
    )


class PointerView(BaseModel):
    """Current target of an alias; `share` is null if the alias is withdrawn. All instances use it within a minute."""

    name: str
    alias: str
    version: int
    digest: str
    share: int | None


Service = Annotated[TrialService, from_app("trials")]


# Operators read this right after a change: responses may be cached, but are revalidated every time.
@router.get(
    "/{name}/versions",
    name="list_versions",
    summary="List the versions of a model",
    dependencies=[cacheable(0)],
    responses=responses(401, 403, 404, 503),
)
async def versions(name: Name, trials: Service, _: Reader) -> VersionList:
    """Return every published version with its digest, metrics and aliases, oldest first."""
    return VersionList(name=name, versions=[_version(listing) for listing in trials.versions(name)])


@router.post("/{name}/promote", summary="Promote a version", responses=responses(401, 403, 404, 413, 415))
async def promote(name: Name, body: Promotion, trials: Service, _: Promoter) -> PointerView:
    """Point an alias at a version that passes every check. Repeating the request has no effect. For operators."""
    pointer = trials.promote(name, body.version, body.alias, body.share)
    facts = telemetry.current.get()
    facts.model, facts.model_version = name, pointer.version
    return _pointer(pointer)


@router.post("/{name}/withdraw", summary="Withdraw an alias", responses=responses(401, 403, 404, 413, 415))
async def withdraw(name: Name, body: Withdrawal, trials: Service, _: Promoter) -> PointerView:
    """End the trial of the challenger, or the service of the champion. Decisions stay readable. For operators."""
    return _pointer(trials.withdraw(name, body.alias))


@router.get("/{name}/comparison", summary="Compare challenger and champion", responses=responses(401, 403, 404, 503))
async def compare(name: Name, trials: Service, _: Promoter) -> TrialReport:
    """Return the differences between challenger and champion over the newest requests of all tenants. For operators."""
    return trials.compare(name)


def _pointer(pointer: "Pointer") -> PointerView:
    return PointerView(
        name=pointer.name, alias=pointer.alias, version=pointer.version, digest=pointer.digest, share=pointer.share
    )


def _version(listing: "VersionListing") -> VersionView:
    published = listing.published
    return VersionView(
        version=published.version,
        digest=published.digest,
        aliases=list(listing.aliases),
        share=listing.share,
        created_at=published.created_at,
        expires_at=published.expires_at,
        key_id=published.key_id,
        metrics=dict(published.metrics),
    )
