"""Scoring through the public API: API Gateway, authorizer, function and stores."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from models import recipe
from tests.e2e.clients import http
from tests.support.ledger_rows import unpacked_item
from vigil.access.keys.token import KeyToken
from vigil.web.middleware import SECURITY_HEADERS


@pytest.fixture(scope="module")
def clients(stack, tenants):
    """HTTP clients: one per demo tenant, and one without credentials."""
    with http(stack) as anonymous:
        yield *tenants, anonymous


@pytest.fixture(scope="module")
def ledger(stack, aws):
    """Function that returns all rows of the ledger."""

    def rows():
        pages = aws("dynamodb").get_paginator("scan").paginate(TableName=stack.tables["decisions"], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    return rows


def bodies(name, count):
    samples = recipe.load_recipe(name).samples(seed=1, count=count)
    return [
        {"model": name, **{k: v for k, v in sample.items() if not k.startswith("_")}, "explain": True}
        for sample in samples
    ]


@pytest.mark.parametrize("name", recipe.recipe_names())
def test_every_model_scores_held_out_rows_with_additive_explanations(clients, name):
    for body in bodies(name, 3):
        answer = clients[0].post("/v1/scores", json=body)
        assert answer.status_code == 201, answer.text
        scored = answer.json()
        total = scored["base_value"] + sum(reason["contribution"] for reason in scored["explanation"])
        assert abs(total - scored["raw_score"]) < 1e-9
        assert clients[0].get(f"/v1/scores/{scored['decision_id']}").content == answer.content
        assert answer.headers["location"].endswith(f"/v1/scores/{scored['decision_id']}")


def test_parallel_duplicates_of_one_key_write_one_ledger_row(clients, ledger):
    (body,) = bodies("wdbc", 1)
    body["subject_id"] = "parallel-duplicates"
    with ThreadPoolExecutor(32) as pool:
        send = lambda _: clients[0].post("/v1/scores", json=body, headers={"Idempotency-Key": "parallel"})  # noqa: E731
        answers = list(pool.map(send, range(32)))
    assert sorted(answer.status_code for answer in answers) == [200] * 31 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 31
    rows = [row for row in ledger() if row["subject_id"]["S"] == "parallel-duplicates"]
    assert [unpacked_item(row)["body"]["S"].encode() for row in rows] == [answers[0].content]


def test_a_reused_key_with_another_payload_is_a_422_without_a_row(clients, ledger):
    first, second = bodies("wdbc", 2)
    headers = {"Idempotency-Key": "payloads"}
    assert clients[0].post("/v1/scores", json=first, headers=headers).status_code == 201
    before = len(ledger())
    answer = clients[0].post("/v1/scores", json=second, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:vigil:problem:idempotency-key-reused")
    assert len(ledger()) == before


def test_another_tenants_decision_is_the_same_404_as_an_absent_one(clients):
    (body,) = bodies("wdbc", 1)
    mine = clients[0].post("/v1/scores", json=body).json()["decision_id"]
    theirs = clients[1].get(f"/v1/scores/{mine}")
    absent = clients[1].get("/v1/scores/dec_" + "0" * 32)
    assert theirs.status_code == absent.status_code == 404
    unlike = {"correlation_id"}
    assert {k: v for k, v in theirs.json().items() if k not in unlike} == {
        k: v for k, v in absent.json().items() if k not in unlike
    }
    assert mine not in clients[1].get("/v1/scores").text


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer",
        "Bearer nonsense",
        f"Bearer {KeyToken.new('local')}",
        f"Bearer {KeyToken.new('prod')}",
        "Basic eDp5",
    ],
    ids=["none", "no token", "nonsense", "unknown", "of another stage", "basic"],
)
def test_a_wrong_credential_is_a_401_problem_with_the_security_headers(clients, credential):
    headers = {"Authorization": credential} if credential else {}
    answer = clients[2].get("/v1/models", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:vigil:problem:unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert SECURITY_HEADERS.keys() <= set(answer.headers)
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"]


def test_a_key_with_one_changed_character_is_refused(stack, clients):
    key = stack.tenants[0].api_key
    forged = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert clients[2].get("/v1/models", headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_an_unknown_path_is_a_404_problem(clients):
    answer = clients[0].get("/v1/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:vigil:problem:not-found")


def test_an_unknown_method_is_a_405_with_allow(clients):
    answer = clients[0].delete("/v1/scores")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


def test_a_body_over_256_kb_is_a_413(clients):
    answer = clients[0].post("/v1/scores", json={"model": "wdbc", "subject_id": "p", "features": {"x": "y" * 262_144}})
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:vigil:problem:too-large")


def test_pages_contain_every_decision_of_a_subject_once(clients):
    (body,) = bodies("wdbc", 1)
    body["subject_id"] = "paged"
    ids = {clients[0].post("/v1/scores", json=body).json()["decision_id"] for _ in range(5)}
    subject = clients[0].post("/v1/subjects/lookup", json={"subject_id": "paged"}).json()["subject"]
    seen, cursor = [], None
    while True:
        query = {"subject": subject, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = clients[0].get("/v1/scores", params=query).json()
        seen += [item["decision_id"] for item in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert len(seen) == 5
    assert set(seen) == ids


def test_docs_and_health_are_public_and_health_details_are_not(clients):
    anonymous = clients[2]
    for path in ("/docs", "/docs/swagger-ui.css", "/openapi.json", "/health/liveness", "/health/readiness"):
        assert anonymous.get(path).status_code == 200
    assert anonymous.get("/health/startup").status_code == 200
    assert anonymous.get("/health/detailed").status_code == 401
    assert clients[0].get("/health/detailed").json()["status"] == "up"


def test_a_correlation_id_is_in_the_header_and_the_problem(clients):
    answer = clients[0].get("/v1/models/nope", headers={"X-Correlation-Id": "0000000a-0000-4000-8000-000000000001"})
    assert answer.headers["x-correlation-id"] == "0000000a-0000-4000-8000-000000000001"
    assert json.loads(answer.content)["correlation_id"] == "0000000a-0000-4000-8000-000000000001"
