"""What every route of the API declares, wherever it is served."""

import pytest

from tests.support.templates import routes as served
from vigil.bootstrap.routers import ROUTERS
from vigil.web.idempotency import WRITE_METHODS, IdempotentRoute

OTHERWISE = {
    # What they write is its own idempotency record: one write, without a claim before it that a crash could strand.
    "POST /v1/scores",
    "POST /v1/batches",
    "POST /v1/usage-events",
    # RFC 6749 and RFC 7009 have no such header. A refresh token is good once, and a revocation may be repeated.
    "POST /v1/oauth/token",
    "POST /v1/oauth/revoke",
}


def routes():
    return {
        f"{method} {route.path}": route for router in ROUTERS for route in router.routes for method in route.methods
    }


@pytest.mark.parametrize("operation", sorted(name for name in routes() if name.split()[0] in WRITE_METHODS))
def test_whatever_has_an_effect_honours_an_idempotency_key(operation):
    assert isinstance(routes()[operation], IdempotentRoute) is (operation not in OTHERWISE)


def test_every_documented_path_is_served_and_every_served_path_documented():
    documents = {"/docs", "/docs/{asset}", "/openapi.json", "/health/{probe}", "/health/detailed"}
    assert served().keys() - documents == {name.partition(" ")[2] for name in routes()}
