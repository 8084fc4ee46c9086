"""`/v1/alerting/policies` and `/v1/alerting/routes`: the receivers of an alert and their order."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vigil.alerting.policies.model import Policy, RouteList
from vigil.alerting.policies.schemas import PolicyBody, PolicyList, PolicyView, RouteListBody, RouteListView
from vigil.alerting.policies.service import AlertingRules
from vigil.web import gateway, versions
from vigil.web.app_state import from_app
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends
from vigil.web.versions import ExpectedVersion, set_etag

PATH = "/v1/alerting/policies"
router = APIRouter(prefix=PATH, tags=["alert policies"], route_class=IdempotentRoute)
routes_router = APIRouter(prefix="/v1/alerting/routes", tags=["alert routes"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Configurer = Annotated[Principal, requires("alerting:configure")]
PolicyId = Annotated[str, Path(max_length=40)]
Service = Annotated[AlertingRules, from_app("alerting_rules")]


@router.get("", name="list", summary="List policies", responses=versions.LISTED)
async def list_policies(rules: Service, caller: Reader) -> PolicyList:
    """Return every policy of the tenant."""
    return PolicyList(items=list(map(PolicyView.from_policy, rules.read(caller.acting_tenant).policies.values())))


@router.post("", name="create", status_code=201, summary="Create a policy", responses=versions.CREATED)
async def create_policy(
    request: Request, response: Response, body: PolicyBody, rules: Service, caller: Configurer
) -> PolicyView:
    """Create a policy. All its targets must exist.

    A step is skipped at once if it has no usable channel and no member on call.
    """
    policy = rules.create_policy(caller.acting_tenant, body.to_policy())
    response.headers["Location"] = f"{gateway.stage_prefix(request)}{PATH}/{policy.policy_id}"
    return _view(policy, response)


@router.get("/{policy_id}", name="get", summary="Fetch a policy", responses=versions.FETCHED)
async def get_policy(policy_id: PolicyId, response: Response, rules: Service, caller: Reader) -> PolicyView:
    """Return a policy."""
    return _view(rules.policy(caller.acting_tenant, policy_id), response)


@router.put("/{policy_id}", name="set", summary="Replace a policy", responses=versions.CHANGED)
async def put_policy(
    policy_id: PolicyId,
    body: PolicyBody,
    response: Response,
    rules: Service,
    caller: Configurer,
    version: ExpectedVersion,
) -> PolicyView:
    """Replace a policy. Open alerts follow the new steps within a minute.

    `If-Match` is optional; with it, the response is 412 if the policy has another version.
    """
    policy = rules.replace_policy(caller.acting_tenant, body.to_policy(policy_id), version)
    return _view(policy, response)


@router.delete("/{policy_id}", name="delete", status_code=204, summary="Delete a policy", responses=versions.DELETED)
async def delete_policy(policy_id: PolicyId, rules: Service, caller: Configurer, version: ExpectedVersion) -> None:
    """Delete a policy.

    The response is 409, with the ids of the routes, if routes select the policy. `If-Match` is optional; with it, the
    response is 412 if the policy has another version.
    """
    rules.delete_policy(caller.acting_tenant, policy_id, version)


@routes_router.get(
    "", name="get", summary="Fetch the routes", responses={200: sends("ETag"), **responses(401, 403, 503)}
)
async def get_routes(response: Response, rules: Service, caller: Reader) -> RouteListView:
    """Return all routes in order of precedence. An alert that no route matches goes to every channel."""
    return _view_routes(rules.read(caller.acting_tenant).routes, response)


@routes_router.put(
    "",
    name="set",
    summary="Replace the routes",
    responses={200: sends("ETag"), **responses(401, 403, 412, 413, 415)},
)
async def put_routes(
    body: RouteListBody, response: Response, rules: Service, caller: Configurer, version: ExpectedVersion
) -> RouteListView:
    """Replace all routes. The first route that matches an alert selects its policy.

    `If-Match` is optional; with it, the response is 412 if the list of routes has another version.
    """
    return _view_routes(rules.replace_routes(caller.acting_tenant, body.to_routes(), version), response)


def _view(policy: Policy, response: Response) -> PolicyView:
    set_etag(response, policy.version)
    return PolicyView.from_policy(policy)


def _view_routes(routes: RouteList, response: Response) -> RouteListView:
    set_etag(response, routes.version)
    return RouteListView.from_routes(routes)
