"""Requests for another tenant's names over HTTP: the answers equal those for absent names."""

import json
import uuid
from dataclasses import replace
from random import choices
from string import ascii_lowercase

import pytest

from models import recipe
from tests.e2e.clients import http
from tests.support.isolation.alerting import configure_alerts, create_channels, send_alert
from tests.support.isolation.swaps import in_headers, in_paths, operations
from tests.support.isolation.world import Names

MODEL = "wdbc"
EACH = 3
"""Number of swaps per route. tests/functions/test_isolation.py makes all swaps in process."""
PLENTY = {"per_minute": 60_000, "per_hour": 3_600_000}


@pytest.fixture(scope="module")
def tenant(stack, operator):
    """Function that creates a tenant and returns its client and the names of its resources."""

    def make():
        tenant_id = f"t-{uuid.uuid4().hex[:12]}"
        assert operator.post("/v1/tenants", json={"tenant_id": tenant_id, "limits": PLENTY}).status_code == 201
        key = operator.post(f"/v1/tenants/{tenant_id}/keys", json={"role": "admin"}).json()["api_key"]
        client = http(stack, key)
        return client, resources_of(client, tenant_id, key)

    return make


def resources_of(client, tenant_id, key):
    (sample,) = recipe.load_recipe(MODEL).samples(seed=1, count=1)
    row = {"subject_id": f"person-{tenant_id}", "features": sample["features"]}
    decision = client.post("/v1/scores", json={"model": MODEL, **row})
    batches = [client.post("/v1/batches", json={"model": MODEL, "rows": [row]}).json()["batch_id"] for _ in range(2)]
    keys = [client.post(f"/v1/tenants/{tenant_id}/keys", json={}).json()["key_id"] for _ in range(2)]
    listed = client.get("/v1/batches", params={"limit": 1}).json()["next_cursor"]
    job = f"{tenant_id}.{uuid.uuid4().hex}"
    subjects = (row["subject_id"], pseudonym(client, row["subject_id"]), pseudonym(client, f"erased-{tenant_id}"))
    hook = {"url": "https://a.example/h", "kinds": ["persons.changed"]}
    hooks = [client.post("/v1/webhooks", json=hook).json()["webhook_id"] for _ in range(2)]
    create = lambda path, body, method="POST": client.request(method, path, json=body).json()  # noqa: E731
    hidden = "".join(choices(ascii_lowercase, k=12))
    alerts = [send_alert(create, f"{hidden}-{word}") for word in ("one", "two")]
    return Names(
        tenant_id,
        *(
            *keys,
            decision.json()["decision_id"],
            *subjects,
            *batches,
            job,
            job,
            *hooks,
            f"msg_{uuid.uuid4().hex}",
            *alerts,
        ),
        **configure_alerts(create, hidden) | create_channels(create, hidden),
        circuit=f"webhook:{hidden}",
        other_circuit=f"webhook:other-{hidden}",
        idempotency_key="once",
        etag='"0"',
        token=key,
        access_token="a.e30.a",
        refresh_token="",
        cursors={"/v1/batches": listed} if listed else {},
        hidden=frozenset(),
    )


def pseudonym(client, subject_id):
    return client.post("/v1/subjects/lookup", json={"subject_id": subject_id}).json()["subject"]


def send(client, request):
    headers = [*request.headers, ("Accept", "application/json")]
    body = None if request.body is None else json.dumps(request.body)
    return client.request(request.method, request.path, params=dict(request.query), headers=headers, content=body)


def observable(answer):
    problem = answer.json() if answer.status_code >= 400 else {}
    return answer.status_code, {name: value for name, value in problem.items() if name != "correlation_id"}


def test_another_tenants_names_get_the_answers_of_absent_names(stack, tenant):
    (attacker, own), (owner, victim) = tenant(), tenant()
    absent = replace(victim.with_absent_names(), tenant_id="t-nobody-at-all")
    theirs = ("/v1/scores", f"/v1/tenants/{victim.tenant_id}/keys", f"/v1/tenants/{victim.tenant_id}")
    before = [owner.get(path).text for path in theirs]
    made = 0
    for operation in operations(attacker.get("/openapi.json").json()):
        named = [*in_paths(operation, own)][:EACH]
        for swap in [*named, *[*in_headers(operation, own)][:1]] if operation.guarded else ():
            answer, other = (send(attacker, swap.of(names)) for names in (victim, absent))
            assert answer.status_code < 500, (operation.name, swap.what)
            assert observable(answer) == observable(other), (operation.name, swap.what)
            made += 1
    assert made > 100
    assert [owner.get(path).text for path in theirs] == before
    assert owner.get(f"/v1/batches/{victim.batch_id}").json()["state"] != "cancelled"
    attacker.close()
    owner.close()
