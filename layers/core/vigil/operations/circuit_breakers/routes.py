"""`/v1/circuit-breakers`: the circuits of vendors and endpoints, and their changes by hand."""

from typing import Annotated

from fastapi import APIRouter, Path

from vigil.operations.circuit_breakers.schemas import ChangeBody, CircuitList, CircuitView
from vigil.operations.circuit_breakers.service import Circuits, CircuitUser
from vigil.outbound.breakers.model import Circuit
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/circuit-breakers", tags=["circuit breakers"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("breakers:read")]
Manager = Annotated[Principal, requires("breakers:manage")]
CircuitName = Annotated[str, Path(max_length=128, description="Name of a circuit, for example `pagerduty`.")]
Service = Annotated[Circuits, from_app("circuits")]


@router.get("", name="list", summary="List circuit breakers", responses=responses(401, 403, 503))
async def list_circuits(caller: Reader, circuits: Service) -> CircuitList:
    """Return the circuits of the deployment, and then your own, as all processes see them.

    Your own circuits are those of your webhook endpoints and of your channels. A circuit exists from its first call.
    The circuit of an endpoint or channel without calls is removed after 30 days.
    """
    user = _user(caller)
    return CircuitList(items=[_view(circuit, user) for circuit in circuits.list_all(user)])


@router.get("/{circuit}", name="get", summary="Fetch a circuit breaker", responses=responses(401, 403, 404, 503))
async def get_circuit(circuit: CircuitName, caller: Reader, circuits: Service) -> CircuitView:
    """Return a circuit of your own endpoints and channels, or of the deployment.

    If both have a circuit of this name, it is your own.
    """
    user = _user(caller)
    return _view(circuits.get(user, circuit), user)


@router.post(
    "/{circuit}/reset",
    name="reset",
    summary="Reset a circuit breaker",
    responses=responses(401, 403, 404, 409, 413, 415, 503),
)
async def reset_circuit(circuit: CircuitName, body: ChangeBody, caller: Manager, circuits: Service) -> CircuitView:
    """Close a circuit, remove its failures, and end a pause of its vendor. All processes apply it within 5 s.

    If you have a circuit of this name, your own is changed, and not that of the deployment. Only operators may change a
    circuit of the deployment. Reason, time and author are stored.
    """
    user = _user(caller)
    return _view(circuits.reset(user, circuit, body.reason), user)


@router.post(
    "/{circuit}/open",
    name="open",
    summary="Open a circuit breaker",
    responses=responses(401, 403, 404, 409, 413, 415, 503),
)
async def open_circuit(circuit: CircuitName, body: ChangeBody, caller: Manager, circuits: Service) -> CircuitView:
    """Refuse all calls of a circuit. It stays open until a person resets it. All processes apply it within 5 s.

    If you have a circuit of this name, your own is changed, and not that of the deployment. Only operators may change a
    circuit of the deployment. Reason, time and author are stored.
    """
    user = _user(caller)
    return _view(circuits.open(user, circuit, body.reason), user)


def _user(caller: Principal) -> CircuitUser:
    return CircuitUser(caller.acting_tenant, caller.actor, caller.role == "operator")


def _view(circuit: Circuit, user: CircuitUser) -> CircuitView:
    return CircuitView.from_circuit(circuit, shows_change=user.is_operator or circuit.id.tenant_id is not None)
