"""Limits, quotas and usage through the public API: exact headers, and no effect on other tenants."""

import json
import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from botocore.config import Config

from models import recipe
from tests.e2e.clients import http
from tests.support.rate_limited_client import RateLimitedClient
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, process

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def services(stack):
    """Configure this process like the deployment, because one command line per tenant takes too long."""
    before = dict(os.environ)
    stack.activate()
    yield
    os.environ.clear()
    os.environ.update(before)
    process.forget()


@pytest.fixture(scope="module")
def tenant(stack, services):
    """Function that creates a tenant with the given limits and returns its HTTP client."""

    def make(tier="FREE", role="member", tenant_id=None, **limits):
        tenant_id = tenant_id or f"limits-{uuid.uuid4().hex[:8]}"
        access.tenants().create(tenant_id, tier, TenantChange(limits=limits))
        token = access.keys().create(tenant_id, role, by="operator").token
        return opened.enter_context(http(stack, token))

    with ExitStack() as opened:
        yield make


def body():
    (sample,) = recipe.load_recipe("wdbc").samples(seed=1, count=1)
    return {"model": "wdbc", "subject_id": "limits", "features": sample["features"]}


def usage_when(client, done):
    """Return the usage as soon as it is as expected, after the stream is counted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done(told := client.get("/v1/usage").json()):
        assert time.monotonic() < deadline, told
        time.sleep(0.5)
    return told


def test_a_quota_is_exact_replays_are_free_and_usage_shows_the_rest(tenant):
    client = tenant(predictions_per_month=5, per_minute=600)
    with ThreadPoolExecutor(8) as pool:
        send = lambda key: client.post("/v1/scores", json=body(), headers={"Idempotency-Key": key})  # noqa: E731
        answers = list(pool.map(send, [f"k-{number}" for number in range(12)]))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 7
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["type"] == "urn:vigil:problem:quota-exceeded"
    assert int(refused.headers["Retry-After"]) > 0
    again = [send(f"k-{number}") for number, answer in enumerate(answers) if answer.status_code == 201]
    assert [answer.status_code for answer in again] == [200] * 5
    assert len(client.get("/v1/scores").json()["items"]) == 5
    told = usage_when(client, lambda told: told["total"]["predictions"] == 5)
    assert (told["quota"]["limit"], told["quota"]["used"], told["quota"]["left"]) == (5, 5, 0)


def test_a_client_that_follows_the_rate_headers_gets_no_429(tenant):
    client, obedient, refusals = tenant(per_minute=10), RateLimitedClient(), 0
    for _ in range(15):
        time.sleep(obedient.wait(time.monotonic()))
        obedient.in_flight += 1
        answer = client.get("/v1/models")
        obedient.in_flight -= 1
        obedient.update(time.monotonic(), answer.headers)
        refusals += answer.status_code == 429
    assert refusals == 0


def test_keys_of_a_tenant_share_its_limit(stack, services):
    tenant_id = f"limits-{uuid.uuid4().hex[:8]}"
    access.tenants().create(tenant_id, "FREE", TenantChange(limits={"tenant_per_minute": 12}))
    keys = [access.keys().create(tenant_id, "member", by="operator").token for _ in range(4)]
    with ExitStack() as opened:
        clients = [opened.enter_context(http(stack, key)) for key in keys]
        started = time.monotonic()
        answers = [clients[number % 4].get("/v1/models") for number in range(40)]
        windows = 2 + (time.monotonic() - started) // 60
    admitted = sum(answer.status_code == 200 for answer in answers)
    assert 12 <= admitted <= 12 * windows
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["violated-policies"] == ["tenant-minute"]
    assert refused.headers["RateLimit"].startswith(f'"tenant-minute";r=0;t={refused.headers["Retry-After"]}, ')


def test_a_client_over_its_limit_gets_a_retry_after(tenant):
    client = tenant(per_minute=3)
    while (answer := client.get("/v1/models")).status_code == 200:
        assert answer.headers["RateLimit-Policy"] == (
            '"minute";q=3;w=60, "hour";q=1000;w=3600, "tenant-minute";q=15;w=60, "tenant-hour";q=5000;w=3600'
        )
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:vigil:problem:rate-limited")
    assert answer.headers["RateLimit"].startswith(f'"minute";r=0;t={answer.headers["Retry-After"]}, "hour";r=')


def test_a_tenant_at_20_times_its_limit_does_not_slow_others(tenant):
    loud, quiet = tenant(per_minute=15), tenant("ENTERPRISE")
    started = time.monotonic()
    with ThreadPoolExecutor(9) as pool:
        noise = [pool.submit(lambda: loud.post("/v1/scores", json=body()).status_code) for _ in range(300)]
        answers = [quiet.post("/v1/scores", json=body()).status_code for _ in range(30)]
        loud_answers = [sent.result() for sent in noise]
    windows = 2 + (time.monotonic() - started) // 60
    assert answers == [201] * 30
    assert set(loud_answers) == {201, 429}
    assert loud_answers.count(201) <= 15 * windows


def test_usage_is_visible_to_its_tenant_only(tenant):
    known = f"limits-{uuid.uuid4().hex[:8]}"
    tenant(tenant_id=known)
    foreign, operator = tenant(), tenant(role="operator")
    refused = foreign.get(f"/v1/tenants/{known}/usage")
    unknown = foreign.get("/v1/tenants/no-such-tenant/usage")
    assert refused.status_code == unknown.status_code == 404
    assert refused.json()["detail"] == unknown.json()["detail"]
    assert operator.get(f"/v1/tenants/{known}/usage").json()["tenant_id"] == known


def batch_of(client, rows):
    """Return an ended batch with `count` rows."""
    batch = client.post("/v1/batches", json={"model": "wdbc", "rows": [body_of_row()] * rows}).raise_for_status().json()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := client.get(f"/v1/batches/{batch['batch_id']}").json())["ended_at"] is None:
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
    return found


def body_of_row():
    return {name: value for name, value in body().items() if name != "model"}


def test_batch_rows_are_charged_counted_and_measured(tenant, run_job):
    client = tenant(predictions_per_month=5, per_minute=600)
    assert batch_of(client, 4)["state"] == "completed"
    refused = batch_of(client, 2)
    assert refused["state"] == "failed"
    assert refused["reason"].startswith("rows: are too many: 2")
    assert client.post("/v1/scores", json=body()).status_code == 201
    told = usage_when(client, lambda told: told["total"]["predictions"] == 5)
    assert (told["quota"]["used"], told["quota"]["left"]) == (5, 0)
    assert told["stored"]["database_bytes"] > 4 * 500
    run_job("gauges")
    told = client.get("/v1/usage").json()
    assert told["stored"]["storage_bytes"] >= 4 * len(json.dumps(body_of_row()))
    if told["total"]["storage_byte_hours"]:  # the previous hour can belong to the previous month
        assert told["total"]["storage_byte_hours"] == told["stored"]["storage_bytes"]


def test_batches_over_a_limit_are_refused_with_a_reason(tenant):
    client, answers = tenant(per_minute=4), []
    known = client.post("/v1/batches", json={"model": "wdbc", "format": "csv"})
    path = f"/v1/batches/{known.json()['batch_id']}"
    while not answers or answers[-1].status_code != 429:
        asked = [("GET", path), ("GET", "/v1/batches"), ("GET", f"{path}/results"), ("POST", f"{path}/cancel")]
        answers.append(client.request(*asked[len(answers) % len(asked)]))
    for answer in (known, *answers):
        assert answer.headers["RateLimit-Policy"].startswith('"minute";q=4;w=60, "hour";q=1000;w=3600, ')
        assert answer.headers["RateLimit"].startswith('"minute";r=')
    assert answers[-1].json()["type"] == "urn:vigil:problem:rate-limited"
    assert answers[-1].headers["RateLimit"].startswith(f'"minute";r=0;t={answers[-1].headers["Retry-After"]},')
    assert {answer.status_code for answer in answers[:-1]} <= {200, 409}


@pytest.fixture(scope="module")
def run_job(stack, aws):
    """Run a job of the usage sweeps as its schedule does, and return its result."""
    client, dynamodb = aws("lambda", config=Config(read_timeout=120)), aws("dynamodb")

    def run(job):
        # The schedule may have run this sweep before the test's tenant existed.
        dynamodb.delete_item(TableName=stack.tables["usage"], Key={"pk": {"S": "ROUNDS"}, "sk": {"S": job}})
        answer = client.invoke(FunctionName=f"{stack.stack_name}-usage-sweeps:live", Payload=json.dumps({"job": job}))
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    return run


def test_every_usage_sweep_runs_with_its_role(run_job):
    for job in ("recount", "gauges"):
        run_job(job)
