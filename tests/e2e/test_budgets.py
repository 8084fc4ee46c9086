"""Budgets through the public API: an exact hard stop under 32 clients, and one alert."""

import json
import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from models import recipe
from tests.e2e.clients import http
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, money, process
from vigil.money.budgets.model import Budget

PATIENCE_SECONDS = 60
CLIENTS = 32
LIMIT = 40


@pytest.fixture(scope="module")
def tenant(stack):
    """Factory of clients for a tenant whose hard stop exists before its first request."""
    before = dict(os.environ)
    stack.activate()
    name = f"thrifty-{uuid.uuid4().hex[:8]}"
    access.tenants().create(name, "ENTERPRISE", TenantChange(limits={"per_minute": 6_000, "per_hour": 60_000}))
    stop = Budget("inference", "month", LIMIT * 1_000 + 999, hard_stop=True)
    money.budgets().put(name, stop, by="e2e")
    yield lambda role="member": http(stack, str(access.keys().create(name, role, by="operator").token))
    os.environ.clear()
    os.environ.update(before)
    process.forget()


@pytest.fixture
def run_checks(stack, aws):
    """Function that runs the spend checks and returns their result."""
    client = aws("lambda")

    def run():
        answer = client.invoke(FunctionName=f"{stack.stack_name}-costs-checks:live", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    return run


def test_parallel_clients_spend_exactly_the_hard_stop(tenant, run_checks):
    (sample,) = recipe.load_recipe("wdbc").samples(seed=1, count=1)
    body = {"model": "wdbc", "subject_id": "spent-on", "features": sample["features"]}
    with tenant("admin") as admin, tenant() as client:
        send = lambda key: client.post("/v1/scores", json=body, headers={"Idempotency-Key": key})  # noqa: E731
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = dict(zip(keys := [f"k-{n}" for n in range(60)], pool.map(send, keys), strict=True))
        statuses = [answer.status_code for answer in answers.values()]
        assert (statuses.count(201), statuses.count(402)) == (LIMIT, 60 - LIMIT)
        refused = next(answer for answer in answers.values() if answer.status_code == 402).json()
        assert refused["type"] == "urn:vigil:problem:budget-exhausted"
        assert refused["violated-policies"] == ["inference/month"]
        taken = [key for key, answer in answers.items() if answer.status_code == 201]
        assert {send(key).status_code for key in taken[:5]} == {200}
        assert admin.get("/v1/budgets/inference/month").json()["left_micros"] == 999
        counted(admin)
        assert run_checks()["failed"] == 0
        told = admin.get("/v1/budgets/inference/month").json()
        assert (told["spent_micros"], told["left_micros"]) == (LIMIT * 1_000, 999)
        assert [(alert["threshold"], alert["state"]) for alert in told["alerts"]] == [(80, "sent")]
        assert admin.get("/v1/usage").json()["total"]["api_calls"] >= 65  # calls of the current hour, with both keys
        raised = admin.put("/v1/budgets/inference/month", json={"limit_micros": 10**9, "hard_stop": True})
        assert (raised.status_code, raised.json()["left_micros"]) == (200, 10**9 - LIMIT * 1_000)


def counted(admin):
    """Return the budget after all entries of the stream are counted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (told := admin.get("/v1/budgets/inference/month").json())["spent_micros"] < LIMIT * 1_000:
        assert time.monotonic() < deadline, told
        time.sleep(0.5)
    return told
