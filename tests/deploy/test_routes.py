"""Declarations of the API's routes."""

import ast
import re
from inspect import iscoroutinefunction

import pytest

from cli.checkout import ROOT
from tests.support.templates import routes as served
from vigil.bootstrap.routers import ROUTERS
from vigil.web.idempotency import WRITE_METHODS, IdempotentRoute

VIGIL = ROOT / "layers/core/vigil"
ROUTER = re.compile(r"^\w{1,40} = APIRouter\(", re.MULTILINE)
OTHERWISE = {
    # Their write is also the idempotency record: one write, without an earlier claim that a crash could leave behind.
    "POST /v1/scores",
    "POST /v1/batches",
    "POST /v1/usage-events",
    # RFC 6749 and RFC 7009 have no such header. A refresh token works once, and a revocation can be repeated.
    "POST /v1/oauth/token",
    "POST /v1/oauth/revoke",
    # Vendors send no such header; their reports have ids. The action of a link is idempotent.
    "POST /v1/alerting/inbound/pagerduty/{endpoint}",
    "POST /v1/alerting/inbound/slack/{endpoint}",
    "POST /v1/alerting/links/{token}",
    # They change nothing. A body is the place for a subject's id, because URLs are recorded.
    "POST /v1/flags/evaluate",
    "POST /v1/subjects/lookup",
}


def routes():
    return {
        f"{method} {route.path}": route for router in ROUTERS for route in router.routes for method in route.methods
    }


@pytest.mark.parametrize("operation", sorted(name for name in routes() if name.split()[0] in WRITE_METHODS))
def test_routes_with_an_effect_accept_an_idempotency_key(operation):
    assert isinstance(routes()[operation], IdempotentRoute) is (operation not in OTHERWISE)


def test_documented_paths_equal_served_paths():
    documents = {"/docs", "/docs/{asset}", "/openapi.json"}
    probes = {"/health/liveness", "/health/readiness", "/health/startup"}
    documented = {name.partition(" ")[2] for name in routes()}
    assert (served().keys() - documents - {"/health/{probe}"}) | probes == documented


def reads_app_state(path):
    """Return True if a file has an expression such as `request.app.state`."""
    attributes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    return any(node.attr == "state" and ast.unparse(node.value).rpartition(".")[2] == "app" for node in attributes)


def test_routes_take_services_and_the_clock_as_dependencies():
    rooms = [path for path in VIGIL.rglob("*.py") if path.relative_to(VIGIL).parts[0] not in {"web", "bootstrap"}]
    routers = [path for path in VIGIL.rglob("*.py") if ROUTER.search(path.read_text())]
    found = [str(path.relative_to(VIGIL)) for path in {*rooms, *routers} if reads_app_state(path)]
    assert sorted(found) == [], "use from_app and Now of vigil.web.app_state"
    assert reads_app_state(VIGIL / "web" / "app_state.py")


@pytest.mark.parametrize("operation", sorted(routes()))
def test_each_route_runs_without_a_thread(operation):
    assert iscoroutinefunction(routes()[operation].endpoint), "a plain function costs a thread per request"
