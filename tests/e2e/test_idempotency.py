"""One effect per idempotency key through the public API, in races and after a killed owner of a claim."""

import json
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.config import Config

from models import recipe
from vigil.errors import InProgress
from vigil.web.idempotency import Claim, IdempotentRequest
from vigil.web.idempotency_store import GRACE_SECONDS, DynamoClaimStore

LEASE_SECONDS = 12
RUN = uuid.uuid4().hex
"""Unique prefix of keys, because a kept stack stores the keys of earlier runs."""
# An outcomes function that kills its own process during the effect.
KILLED = """
import json, os, signal, sys
from tests.support.gateway import Context, event
from vigil.bootstrap import decisions
from vigil.decisions.outcomes.store import DynamoOutcomes

DynamoOutcomes.record = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
context = Context()
context.get_remaining_time_in_millis = lambda: int(sys.argv[1])
request = event("POST", "/v1/outcomes", tenant=sys.argv[2], headers={"Idempotency-Key": sys.argv[3]}, body=sys.argv[4],
    role="admin")
decisions.outcomes_api()(request, context)
"""


@pytest.fixture(scope="module")
def client(tenants):
    return tenants[0]


@pytest.fixture(scope="module")
def decision(client):
    (sample,) = recipe.load_recipe("wdbc").samples(seed=1, count=1)
    body = {"model": "wdbc", **{k: v for k, v in sample.items() if not k.startswith("_")}}
    return client.post("/v1/scores", json=body).json()["decision_id"]


@pytest.fixture(scope="module")
def dynamodb(aws):
    return aws("dynamodb", config=Config(max_pool_connections=32))


@pytest.fixture(scope="module")
def items(stack, dynamodb):
    """Function that returns the items of a table."""

    def scanned(table):
        pages = dynamodb.get_paginator("scan").paginate(TableName=stack.tables[table], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    return scanned


def report(decision):
    return {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}


def reports(items, decision):
    return [i for i in items("outcomes") if i["decision_id"]["S"] == decision and i["sk"]["S"] != "HOLDS"]


def test_parallel_duplicate_outcomes_have_one_effect_and_one_answer(client, decision, items):
    body, headers, before = report(decision), {"Idempotency-Key": f"outcome-race-{RUN}"}, len(reports(items, decision))

    def send(_):
        while (answer := client.post("/v1/outcomes", json=body, headers=headers)).status_code == 409:
            assert answer.json()["type"] == "urn:vigil:problem:in-progress"
            time.sleep(int(answer.headers["retry-after"]))
        return answer

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(send, range(32)))
    # Without the key a second delivery is a 200, so 201 for all callers is the stored answer of the first one.
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 31
    assert len(reports(items, decision)) == before + 1


def test_a_reused_key_with_another_payload_is_a_422_without_effect(client, decision, items):
    headers, body = {"Idempotency-Key": f"outcome-payloads-{RUN}"}, report(decision)
    assert client.post("/v1/outcomes", json=body, headers=headers).status_code == 201
    before = reports(items, decision)
    answer = client.post("/v1/outcomes", json=body | {"status": "excluded"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:vigil:problem:idempotency-key-reused")
    assert reports(items, decision) == before


def test_a_retry_succeeds_after_the_claim_of_a_killed_owner_expires(client, stack, decision, items, tmp_path):

    body, key = report(decision), f"outcome-killed-{RUN}"
    text = json.dumps(body)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(LEASE_SECONDS * 1000), stack.tenants[0].tenant_id, key, text],
        env=os.environ | stack.environment() | {"POWERTOOLS_TRACE_DISABLED": "true"},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    before = len(reports(items, decision))
    first = client.post("/v1/outcomes", json=body, headers={"Idempotency-Key": key})
    assert (first.status_code, first.json()["type"]) == (409, "urn:vigil:problem:in-progress")
    deadline = time.monotonic() + 60
    while (answer := client.post("/v1/outcomes", json=body, headers={"Idempotency-Key": key})).status_code == 409:
        assert time.monotonic() < deadline, "the claim does not expire"
        time.sleep(0.5)
    assert (answer.status_code, len(reports(items, decision))) == (201, before + 1)
    assert "idempotency-replayed" not in answer.headers
    again = client.post("/v1/outcomes", json=body, headers={"Idempotency-Key": key})
    assert (again.headers["idempotency-replayed"], again.content) == ("true", answer.content)


@pytest.mark.parametrize("ended", [False, True])
def test_one_of_32_contenders_gets_a_free_or_expired_claim(dynamodb, stack, ended):
    claims = [DynamoClaimStore(dynamodb, stack.tables["idempotency"], timedelta(hours=24)) for _ in range(32)]

    def contend(own, use):
        try:
            return own.claim(use, 60)
        except InProgress:
            return None

    with ThreadPoolExecutor(32) as pool:
        for _ in range(20):
            use = IdempotentRequest("e2e-tenant", "POST /v1/things", uuid.uuid4().hex, {"n": 1})
            if ended:
                claims[0].claim(use, -GRACE_SECONDS - 1)
            won = [claim for claim in pool.map(contend, claims, [use] * 32) if claim]
            assert len(won) == 1
            assert isinstance(won[0], Claim)


def test_keys_and_answers_are_stored_encrypted(items, decision):
    held = str(items("idempotency"))
    assert "POST /v1/outcomes#" in held
    for clear in ("outcome-race", "outcome-payloads", decision):
        assert clear not in held
