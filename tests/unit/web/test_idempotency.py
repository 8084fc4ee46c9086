"""A request repeated with the same Idempotency-Key has one effect, also after errors."""

import io
import json
import uuid
from typing import Annotated

import pytest
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from tests.support.fakes.claims import FakeClaimStore
from tests.support.gateway import Context, event
from vigil.errors import Conflict
from vigil.runtime.telemetry import Telemetry
from vigil.web import idempotency
from vigil.web.app import create_app, lambda_handler
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires

Writer = Annotated[Principal, requires("outcomes:write")]
KEY = {"Idempotency-Key": "k-1"}


class Order(BaseModel):
    item: str
    size: int = 1


class Shop:
    """An app that records its effects."""

    def __init__(self):
        self.claims, self.log, self.made = FakeClaimStore(), io.StringIO(), []
        self.fault = None
        self.app = create_app(
            title="Shop",
            routers=[self.router()],
            telemetry=(telemetry := Telemetry(uuid.uuid4().hex, self.log)),
            max_body_bytes=200_000,
            state={"claims": self.claims},
        )
        self._handler = lambda_handler(self.app, telemetry)

    def router(self):
        router = APIRouter(prefix="/orders", tags=["orders"], route_class=IdempotentRoute)

        @router.post("/{customer}", status_code=201)
        async def order(
            request: Request, response: Response, customer: str, body: Order, caller: Writer, gift: str = ""
        ) -> Order:
            if self.fault:
                raise self.fault
            self.made.append((caller.tenant_id, customer, body.item))
            response.headers["Location"] = f"/orders/{len(self.made)}"
            response.headers["X-Private"] = "not stored"
            return body

        @router.patch("/{customer}")
        async def change(customer: str, body: Order, caller: Writer) -> Order:
            self.made.append((caller.tenant_id, customer, body.item))
            return body

        @router.put("/{customer}/closed")
        async def close(customer: str, caller: Writer) -> str:
            self.made.append((caller.tenant_id, customer, "closed"))
            return "closed"

        @router.get("/{customer}")
        async def orders(customer: str) -> int:
            return len(self.made)

        return router

    def __call__(self, path="/orders/a", body=None, headers=KEY, method="POST", **kwargs):
        body = {"item": "tea"} if body is None and method == "POST" else body
        answer = self._handler(event(method, path, body=body, headers=headers, **kwargs), Context())
        return answer["statusCode"], answer["headers"], answer["body"]


@pytest.fixture
def shop(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    return Shop()


def problem(body):
    return json.loads(body)["type"].removeprefix("urn:vigil:problem:")


def test_if_match_is_part_of_the_payload(shop):
    def change(**conditions):
        status, headers, body = shop(method="PATCH", body={"item": "tea"}, headers=KEY | conditions)
        return status, headers.get("idempotency-replayed"), body

    assert change(**{"If-Match": '"3"'})[:2] == (200, None)
    assert change(**{"If-Match": '"3"'})[:2] == (200, "true")
    for conditions in ({}, {"If-Match": '"999999"'}, {"If-None-Match": "*"}):
        status, _, body = change(**conditions)
        assert (status, problem(body)) == (422, "idempotency-key-reused")
    assert len(shop.made) == 1


@pytest.mark.parametrize("size", ["2", "2.0", "0.2e1"])
def test_equal_numbers_replay_under_one_key(shop, size):
    assert shop(body='{"item": "tea", "size": 2}')[0] == 201
    status, headers, _ = shop(body=f'{{"size": {size}, "item": "tea"}}')
    assert (status, headers["idempotency-replayed"]) == (201, "true")


def test_a_repeated_request_has_one_effect_and_the_same_response(shop):
    status, headers, body = shop()
    again, replayed, same = shop()
    assert (status, again, body) == (201, 201, same)
    assert len(shop.made) == 1
    assert "idempotency-replayed" not in headers
    assert replayed["idempotency-replayed"] == "true"
    assert replayed["location"] == headers["location"] == "/orders/1"
    assert replayed["content-type"] == headers["content-type"]
    assert "x-private" not in replayed
    assert replayed["x-correlation-id"] != headers["x-correlation-id"]


def test_equal_json_values_are_equal_payloads(shop):
    shop(body='{"item": "tea", "size": 2}')
    assert shop(body='{ "size":2,"item":"tea" }')[1]["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "other",
    [{"body": {"item": "milk"}}, {"body": {"item": "tea", "size": 1}}, {"path": "/orders/b"}, {"query": {"gift": "1"}}],
)
def test_another_payload_path_or_query_with_the_key_is_422(shop, other):
    shop()
    status, _, body = shop(**other)
    assert (status, problem(body), len(shop.made)) == (422, "idempotency-key-reused", 1)


def test_requests_without_a_key_have_an_effect_each(shop):
    for _ in range(2):
        assert "idempotency-replayed" not in shop(headers={})[1]
    assert len(shop.made) == 2
    assert not shop.claims.records


def test_equal_keys_of_two_tenants_are_independent(shop):
    shop()
    assert shop(tenant="globex")[0] == 201
    assert [tenant for tenant, *_ in shop.made] == ["acme", "globex"]


def test_a_repeated_request_is_409_while_the_first_is_running(shop):
    shop()
    ((place, (claim, payload, _)),) = shop.claims.records.items()
    shop.claims.records[place] = (claim, payload, None)
    status, headers, body = shop()
    assert (status, problem(body), headers["retry-after"]) == (409, "in-progress", "1")


@pytest.mark.parametrize("fault", [Conflict("no"), RuntimeError("a bug")])
def test_an_error_response_releases_the_key(shop, fault):
    shop.fault = fault
    assert shop()[0] in {409, 500}
    assert not shop.claims.records
    shop.fault = None
    assert shop(body={"item": "milk"})[0] == 201


@pytest.mark.parametrize("body", ['{"item": ', {"size": 1}, {"item": "tea", "size": "x"}])
def test_an_invalid_request_claims_no_key(shop, body):
    assert shop(body=body)[0] in {400, 422}
    assert not shop.claims.records


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_malformed_key_is_400(shop, key):
    status, _, body = shop(headers={"Idempotency-Key": key})
    assert (status, problem(body), shop.made) == (400, "malformed-request", [])


def test_an_anonymous_request_claims_no_key(shop):
    assert shop(tenant=None)[0] == 401
    assert not shop.claims.records


def test_a_caller_without_permission_gets_no_stored_response(shop):
    shop()
    status, headers, body = shop(role="viewer")
    assert (status, problem(body)) == (403, "forbidden")
    assert "idempotency-replayed" not in headers


def test_a_key_of_another_role_is_another_payload(shop):
    shop()
    status, headers, body = shop(role="admin")
    assert (status, problem(body), len(shop.made)) == (422, "idempotency-key-reused", 1)
    assert "idempotency-replayed" not in headers


def test_without_the_table_only_requests_with_a_key_fail(shop):
    shop.claims.away = True
    status, _, body = shop()
    assert (status, problem(body), shop.made) == (503, "unavailable", [])
    assert shop(headers={})[0] == 201


def test_a_response_that_cannot_be_stored_is_sent_and_logged(shop, monkeypatch):
    monkeypatch.setattr(shop.claims, "complete", lambda *_: False)
    assert shop()[0] == 201
    assert json.loads(shop.log.getvalue())["not_kept"] is True


def test_a_response_too_long_to_store_is_sent_once(shop, monkeypatch):
    monkeypatch.setattr(idempotency, "MAX_STORED_BODY_BYTES", 10)
    assert shop()[0] == 201
    status, _, body = shop()
    assert (status, problem(body), len(shop.made)) == (409, "conflict", 1)


@pytest.mark.parametrize("body", [None, "", "{}", "no json", "[" * 100_000])
def test_a_repeated_request_to_a_route_without_body_has_one_effect(shop, body):
    sent = [shop("/orders/a/closed", method="PUT", body=body) for _ in range(2)]
    assert [status for status, *_ in sent] == [200, 200]
    assert sent[1][1]["idempotency-replayed"] == "true"
    assert len(shop.made) == 1


def test_a_get_request_claims_no_key(shop):
    assert shop(method="GET")[0] == 200
    assert not shop.claims.records


def test_the_openapi_document_shows_the_header_for_writes_only(shop):
    from vigil.web.examples import Examples
    from vigil.web.openapi import document

    paths = document([shop.app.router], {}, Examples({}, {}))["paths"]["/orders/{customer}"]
    names = [parameter["name"] for parameter in paths["post"]["parameters"]]
    assert names == ["customer", "gift", "Idempotency-Key"]
    assert {"400", "409", "422", "503"} <= paths["post"]["responses"].keys()
    assert "Idempotency-Key" not in json.dumps(paths["get"])
