"""Tests of versions for every tenant, and of promotion and comparison for operators."""

import io
import json
import uuid

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.packages import KEYS, LinearEngines, MemoryCatalogue, MemoryPackages, package, trained
from tests.support.fakes.trials import FakeComparisons, FakeLabels
from tests.support.gateway import Context, event
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.verification import PackageVerifier
from vigil.prediction.trials import service
from vigil.prediction.trials.evidence_model import DecisionLabel
from vigil.prediction.trials.model import Comparison, ModelAnswer, PairedComparison
from vigil.prediction.trials.routes import router
from vigil.prediction.trials.service import TrialOutcomes, TrialService
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler


class Api:
    """The router behind its Lambda entry, with three published versions; the first is the champion."""

    def __init__(self):
        self.packages = MemoryPackages()
        self.publisher = Publisher(self.packages, MemoryCatalogue(), PackageVerifier(KEYS, LinearEngines()), Clock())
        for version in (1, 2, 3):
            self.publisher.publish(package(version, trained(base=version / 10)))
        self.publisher.promote("toy", 1)
        self.comparisons, self.labels = FakeComparisons(), FakeLabels()
        telemetry = Telemetry(uuid.uuid4().hex, io.StringIO())
        app = create_app(
            title="Vigil",
            routers=[router],
            telemetry=telemetry,
            max_body_bytes=4096,
            state={"trials": TrialService(self.publisher, TrialOutcomes(self.comparisons, self.labels, Clock()))},
        )
        self._handler = lambda_handler(app, telemetry)

    def __call__(self, method, path, role="operator", **kwargs):
        answer = self._handler(event(method, f"/v1/models/{path}", role=role, **kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    def promote(self, version, role="operator", **more):
        return self("POST", "toy/promote", role=role, body={"version": version, **more})


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    return Api()


ROUTES = [("GET", "toy/versions"), ("POST", "toy/promote"), ("POST", "toy/withdraw"), ("GET", "toy/comparison")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_anonymous_is_refused(api, method, path):
    assert api(method, path, tenant=None, body={"version": 2} if method == "POST" else None)[0] == 401


@pytest.mark.parametrize(("method", "path"), ROUTES[1:])
def test_promotion_without_the_operator_role_is_forbidden(api, method, path):
    status, problem = api(method, path, role="member", body={"version": 2} if method == "POST" else None)
    assert (status, problem["type"]) == (403, "urn:vigil:problem:forbidden")
    assert api.publisher.pointers("toy")["champion"].version == 1


def test_every_tenant_can_list_versions_with_their_aliases(api):
    assert api.promote(3, alias="challenger", share=50)[0] == 200
    status, body = api("GET", "toy/versions", role="member")
    rows = [(v["version"], v["aliases"], v["share"]) for v in body["versions"]]
    assert (status, rows) == (200, [(1, ["champion"], None), (2, [], None), (3, ["challenger"], 50)])


def test_promotion_moves_the_champion_and_can_be_repeated(api):
    first, second = api.promote(2), api.promote(2)
    assert first == second
    assert (first[0], first[1]["version"], first[1]["alias"]) == (200, 2, "champion")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"version": 0}, 422, "version"),
        ({"version": 2, "share": 1001}, 422, "share"),
        ({"version": 2, "share": 5}, 422, "share"),
        ({"version": 2, "alias": "king"}, 422, "alias"),
        ({"version": 1, "alias": "challenger"}, 422, "version"),
        ({"version": 9}, 404, None),
    ],
)
def test_an_invalid_promotion_is_a_problem_with_the_field(api, body, status, field):
    answered, problem = api("POST", "toy/promote", body=body)
    assert answered == status
    assert not field or [error["field"] for error in problem["errors"]] == [field]


def test_promotion_of_an_older_version_is_refused_with_a_reason(api):
    api.promote(3)
    status, problem = api.promote(2)
    assert (status, problem["errors"][0]["message"]) == (422, "is refused: rolled_back")


def test_an_unknown_model_has_no_versions(api):
    assert api("GET", "nope/versions")[0] == 404


def test_a_comparison_needs_a_champion_and_a_challenger(api):
    assert api("GET", "toy/comparison")[0] == 404
    api.promote(2, alias="challenger")
    api.comparisons.kept["toy", 1, 2] = [
        PairedComparison(Comparison(ModelAnswer(1, 0.5, "wait"), ModelAnswer(2, 0.5 + n / 1000, "wait")), str(n))
        for n in range(41)
    ]
    status, body = api("GET", "toy/comparison")
    assert (status, body["pairs"], body["subjects"]) == (200, 41, 41)
    assert body["difference"]["mean"] == pytest.approx(0.02)
    assert body["difference"]["low"] < 0.02 < body["difference"]["high"]


@pytest.mark.parametrize(("steps", "labelled", "verdict"), [((40, 80, 400), 400, "worse"), ((40, 80), 80, "undecided")])
def test_outcomes_are_weighed_in_steps_until_they_decide(api, monkeypatch, steps, labelled, verdict):
    monkeypatch.setattr(service, "EVIDENCE_STEPS", steps)
    api.promote(2, alias="challenger")
    api.comparisons.kept["toy", 1, 2] = [
        PairedComparison(
            Comparison(ModelAnswer(1, 0.2, "wait"), ModelAnswer(2, 0.5, "wait"), label_due_at="2026-01-01T00:00:00Z"),
            f"s-{n}",
            f"acme#{n}",
        )
        for n in range(500)
    ]
    api.labels.known = {f"acme#{n}": DecisionLabel(n % 4 == 0) for n in range(500)}
    outcomes = api("GET", "toy/comparison")[1]["outcomes"]
    assert (outcomes["labelled"], outcomes["verdict"]) == (labelled, verdict)
