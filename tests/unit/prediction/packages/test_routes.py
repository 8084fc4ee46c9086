"""Tests of `/v1/models`: models, contracts and the OpenAPI description."""

import io
import json
import uuid

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.packages import KEYS, LinearEngines, MemoryCatalogue, MemoryPackages, package, trained
from tests.support.gateway import Context, event
from vigil.prediction.features.service import get_feature_set
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.routes import ModelDetail, router
from vigil.prediction.packages.service import Registry
from vigil.prediction.packages.verification import PackageVerifier
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler


class Api:
    """The router behind its Lambda entry, with a valid model and a broken one."""

    def __init__(self):
        packages, self.catalogue, verifier = MemoryPackages(), MemoryCatalogue(), PackageVerifier(KEYS, LinearEngines())
        publisher = Publisher(packages, self.catalogue, verifier, Clock())
        for name in ("toy", "broken"):
            publisher.publish(package(model=trained(name)))
            publisher.promote(name, 1)
        packages.objects["broken", 1, "model.txt"] += b" "
        self.registry = Registry(packages, self.catalogue, verifier, clock=Clock())
        telemetry = Telemetry(uuid.uuid4().hex, io.StringIO())
        self.app = create_app(
            title="Vigil",
            routers=[router],
            telemetry=telemetry,
            max_body_bytes=4096,
            state={"registry": self.registry, "history_schema": lambda name: get_feature_set(name).schema()},
        )
        self._handler = lambda_handler(self.app, telemetry)

    def __call__(self, path, **kwargs):
        answer = self._handler(event("GET", path, **kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    return Api()


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/toy"])
def test_anonymous_is_refused(api, path):
    assert api(path, tenant=None)[0] == 401


def test_the_list_contains_usable_and_unavailable_models(api):
    _, body = api("/v1/models")
    assert [(m["name"], m["version"], m["label"]["name"]) for m in body["models"]] == [("toy", 1, "missed")]
    assert body["models"][0]["digest"] == api.registry.champion("toy").digest
    assert body["unavailable"] == ["broken"]


def test_a_model_description_contains_ranges_units_and_missing_policy(api):
    _, body = api("/v1/models/toy")
    age, visits, sex, _ = body["features"]
    assert (age["unit"], age["minimum"], age["maximum"], age["missing"]) == ("years", 0, 120, "allow")
    assert (visits["type"], visits["missing"], sex["categories"]) == ("integer", "refuse", ["female", "male"])
    assert [band["name"] for band in body["bands"]] == ["low", "high"]
    assert body["card"].startswith("# Toy")
    assert (body["metrics"], body["training"]["rows"], body["label"]["grace_days"]) == (
        {"auc": 0.7, "calibration_error": 0.05},
        10,
        28,
    )
    assert body["expires_at"] > body["created_at"]


@pytest.mark.parametrize(("name", "status"), [("unknown", 404), ("NO-NAME", 404), ("broken", 503)])
def test_an_unknown_or_broken_model_is_a_problem(api, name, status):
    assert api(f"/v1/models/{name}")[0] == status


def test_the_list_is_a_503_if_the_pointers_are_unavailable(api):
    api.catalogue.away = True
    assert api("/v1/models")[0] == 503


def test_openapi_describes_every_field_of_a_model(api):
    schemas = api.app.openapi()["components"]["schemas"]
    _, body = api("/v1/models/toy")
    assert set(schemas["ModelDetail"]["required"]) == set(ModelDetail.model_fields) == set(body)
    assert set(schemas["FeatureSpec"]["properties"]) == set(body["features"][0])
