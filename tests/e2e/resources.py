"""A new tenant with one or two resources of each kind, created over HTTP."""

import uuid
from dataclasses import replace
from random import choices
from string import ascii_lowercase

from models import recipe
from tests.e2e.clients import http
from tests.support.isolation.alerting import configure_alerts, create_channels, send_alert
from tests.support.isolation.swaps import SHARED
from tests.support.isolation.world import Names
from tests.support.monitored_worlds import FINDING
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.store import DynamoFindings

MODEL = "wdbc"
PLENTY = {"per_minute": 60_000, "per_hour": 3_600_000}


def create_tenant(stack, operator, aws):
    """Create a tenant and return its administrator's client and the names of its resources.

    `aws` is the factory of AWS clients: the API has no route that stores findings.
    """
    tenant_id = f"t-{uuid.uuid4().hex[:12]}"
    assert operator.post("/v1/tenants", json={"tenant_id": tenant_id, "limits": PLENTY}).status_code == 201
    key = operator.post(f"/v1/tenants/{tenant_id}/keys", json={"role": "admin"}).json()["api_key"]
    client = http(stack, key)
    findings = DynamoFindings(aws("dynamodb"), stack.tables["monitoring"])
    return client, resources_of(client, tenant_id, key, store_findings(findings, tenant_id))


def store_findings(findings, tenant_id):
    """Store two findings of a tenant about the model of the requests; return their ids by their names in `Names`."""
    made = {name: replace(FINDING, subjects=(f"{name}-{tenant_id}",)) for name in ("finding_id", "other_finding_id")}
    for finding in made.values():
        assert findings.add(tenant_id, SHARED["name"], finding)
    return {name: finding_id(tenant_id, SHARED["name"], finding) for name, finding in made.items()}


def resources_of(client, tenant_id, key, found):
    """Create resources with an administrator's client and return their names with those of its findings.

    `key` is the API key of the client.
    """
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
        *(*keys, decision.json()["decision_id"], *subjects, *batches, job, job),
        *(*hooks, f"msg_{uuid.uuid4().hex}", *alerts),
        **configure_alerts(create, hidden) | create_channels(create, hidden) | found,
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
