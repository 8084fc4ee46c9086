"""`/v1/objectives`: the objectives of the deployment with their budgets and burn rates."""

from typing import Annotated

from fastapi import APIRouter, Path

from vigil.operations.objectives.schemas import ObjectiveList, ObjectiveView
from vigil.operations.objectives.service import Objectives
from vigil.web.app_state import from_app
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/objectives", tags=["objectives"])
Reader = Annotated[Principal, requires("objectives:read")]
Name = Annotated[str, Path(max_length=64, description="Name of an objective, for example `availability`.")]
Service = Annotated[Objectives, from_app("objectives")]


@router.get("", name="list", summary="List objectives", responses=responses(401, 403, 503))
async def list_objectives(_: Reader, objectives: Service) -> ObjectiveList:
    """List the objectives of the deployment, with the error budgets of the last 30 days and the burn rates."""
    return ObjectiveList(items=[ObjectiveView.from_status(status) for status in objectives.list_all()])


@router.get("/{objective}", name="get", summary="Fetch an objective", responses=responses(401, 403, 404, 503))
async def get_objective(objective: Name, _: Reader, objectives: Service) -> ObjectiveView:
    """Return an objective with its error budget and burn rates."""
    return ObjectiveView.from_status(objectives.get(objective))
