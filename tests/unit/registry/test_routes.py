"""`/v1/models` shows what each model promises, and its OpenAPI says so."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from tests.fakes.registry import KEYS, Clock, LinearEngines, MemoryCatalogue, MemoryPackages, package, trained
from vigil.errors import NotFound
from vigil.registry.package import Verifier
from vigil.registry.publishing import Publisher
from vigil.registry.routes import ModelDetail, router
from vigil.registry.service import Registry


@pytest.fixture
def app():
    packages, catalogue, verifier = MemoryPackages(), MemoryCatalogue(), Verifier(KEYS, LinearEngines())
    publisher = Publisher(packages, catalogue, verifier, Clock())
    for name in ("toy", "broken"):
        publisher.publish(package(model=trained(name)))
        publisher.promote(name, 1)
    packages.objects["broken", 1, "model.txt"] += b" "
    app = FastAPI()
    app.state.registry = Registry(packages, catalogue, verifier, clock=Clock())
    app.include_router(router)
    return app


def get(app, path):
    async def send():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vigil") as client:
            return await client.get(path)

    return asyncio.run(send())


def test_the_list_names_every_model_and_those_that_cannot_be_used(app):
    body = get(app, "/v1/models").json()
    assert [(m["name"], m["version"], m["label"]["name"]) for m in body["models"]] == [("toy", 1, "missed")]
    assert body["models"][0]["digest"] == app.state.registry.champion("toy").digest
    assert body["unavailable"] == ["broken"]


def test_a_model_shows_its_schema_with_ranges_units_and_missing_policy(app):
    body = get(app, "/v1/models/toy").json()
    age, visits, sex, _ = body["features"]
    assert (age["unit"], age["minimum"], age["maximum"], age["missing"]) == ("years", 0, 120, "allow")
    assert (visits["type"], visits["missing"], sex["categories"]) == ("integer", "refuse", ["female", "male"])
    assert [band["name"] for band in body["bands"]] == ["low", "high"]
    assert body["card"].startswith("# Toy")
    assert (body["metrics"], body["training"]["rows"], body["label"]["grace_days"]) == ({"auc": 0.7}, 10, 28)
    assert body["expires_at"] > body["created_at"]


def test_an_unknown_model_is_left_to_the_error_table(app):
    with pytest.raises(NotFound):
        get(app, "/v1/models/unknown")


def test_openapi_states_every_field_of_the_answer(app):
    schemas = app.openapi()["components"]["schemas"]
    body = get(app, "/v1/models/toy").json()
    assert set(schemas["ModelDetail"]["required"]) == set(ModelDetail.model_fields) == set(body)
    assert set(schemas["FeatureSpec"]["properties"]) == set(body["features"][0])


def test_every_route_is_async_because_a_plain_one_costs_a_thread_per_request():
    from inspect import iscoroutinefunction

    assert all(iscoroutinefunction(route.endpoint) for route in router.routes)
