"""Tenants that own one resource of each kind, and names of resources that do not exist."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.utilities import dynamo_to_dict

from tests.support.deployments import REGION
from tests.support.fakes.dead_letters import WORK, letter
from tests.support.gateway import Context
from tests.support.isolation.alerting import create_alerting
from tests.support.isolation.door import FrontDoor, Request
from tests.support.ledger_rows import unpacked_item
from tests.support.monitored_worlds import FINDING
from tests.support.tables import OF_THE_DEPLOYMENT, TABLES
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, monitoring, process
from vigil.decisions.batches.store import DynamoBatches
from vigil.kernel.tenants import Role
from vigil.money.usage.model import UsageEntry
from vigil.money.usage.store import DynamoUsage
from vigil.monitoring.drift.state_model import baseline_start
from vigil.monitoring.findings.identity_model import finding_id
from vigil.operations.dead_letters.model import DeadLetterJob, RetryRules
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

VICTIM, ATTACKER, OPERATORS = "victim-clinic", "attacker-clinic", "ops-team"
ROLES: tuple[Role, ...] = ("viewer", "member", "admin")
PLENTY = TenantChange(limits={"per_minute": 60_000, "per_hour": 3_600_000, "predictions_per_month": 1_000_000})
"""Tables without data of tenants."""
Header = tuple[str, str]
Send = Callable[..., dict[str, Any]]
"""Function that sends a request of the tenant's administrator and returns the body of the answer."""
GOOD = {"age": 80, "visits": 3, "urban": True, "stage": "III"}


@dataclass(frozen=True)
class Names:
    """Names of a tenant's resources in the API."""

    tenant_id: str
    key_id: str
    other_key_id: str
    decision_id: str
    subject_id: str
    subject: str
    erased_subject: str
    batch_id: str
    ended_batch_id: str
    job_id: str
    other_job_id: str
    webhook_id: str
    other_webhook_id: str
    delivery_id: str
    alert_id: str
    other_alert_id: str
    member_id: str
    other_member_id: str
    schedule_id: str
    other_schedule_id: str
    policy_id: str
    other_policy_id: str
    silence_id: str
    other_silence_id: str
    channel_id: str
    other_channel_id: str
    circuit: str
    other_circuit: str
    finding_id: str
    other_finding_id: str
    idempotency_key: str
    etag: str
    token: str
    access_token: str
    refresh_token: str
    cursors: Mapping[str, str]
    """One cursor for each list, by its path."""
    hidden: frozenset[str]
    """Names of other resources of the tenant. Requests never contain them."""

    def with_absent_names(self) -> "Names":
        """Return names of the same form for resources that do not exist."""
        texts = {name: _changed_ending(text) for name, text in self._texts().items()}
        tenant_id = self.tenant_id.replace("victim", "absent")
        jobs = {name: texts[name].replace(self.tenant_id, tenant_id) for name in ("job_id", "other_job_id")}
        cursors = {path: _changed_ending(cursor) for path, cursor in self.cursors.items()}
        changed: dict[str, Any] = {**texts, **jobs, "tenant_id": tenant_id, "cursors": cursors}
        return replace(self, **changed)

    def all(self) -> set[str]:
        """Return every name."""
        return {*self._texts().values(), *self.cursors.values()}

    def _texts(self) -> dict[str, str]:
        return {f.name: text for f in fields(self) if isinstance(text := getattr(self, f.name), str)}


def _changed_ending(text: str) -> str:
    """Return the text with its last 9 letters and digits replaced."""
    others = {letter: chr(ord(letter) + 1 if letter not in "9fvFZz" else ord(letter) - 5) for letter in text[-9:]}
    return text[:-9] + "".join(others[letter] if letter.isalnum() else letter for letter in text[-9:])


def begin_signing() -> None:
    """Rotate the signing keys for the first time. Access tokens require it."""
    from functions.tokens_rotation.handler import lambda_handler

    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        secret = os.environ["VIGIL_SIGNING_SECRET_ARN"]
        lambda_handler({"Step": step, "SecretId": secret, "ClientRequestToken": str(UUID(int=1))}, Context())


def tokens_of(tenant_id: str, roles: tuple[Role, ...]) -> dict[Role, str]:
    """Return a new key of a tenant for each role."""
    return {role: str(access.keys().create(tenant_id, role, by="operator").token) for role in roles}


def signed(token: str, request: Request) -> Request:
    """Return a request with a credential."""
    return replace(request, headers=(("Authorization", f"Bearer {token}"), *request.headers))


def create_resources(door: FrontDoor, tenant_id: str, lists: list[str]) -> Names:
    """Create a tenant with several resources of each kind, through the API if possible; return their names."""
    access.tenants().create(tenant_id, "BASIC", PLENTY)
    admin = tokens_of(tenant_id, ("admin",))["admin"]
    send = _sender(door, admin)
    subject, key, hidden = (f"{word}-{_letters(tenant_id)}" for word in ("person", "once", "hidden"))
    traced = ("X-Correlation-Id", hidden)
    keys = [("Idempotency-Key", f"{key}-{number}") for number in range(3)]
    decisions = [_decide(send, *each, traced) for each in zip((subject, subject, hidden), keys, strict=True)]
    whose, erased = _name_persons(send, subject, f"erased-{_letters(tenant_id)}")
    begun = _begin_batches(send, tenant_id, hidden, traced)
    used = _use(send, tenant_id)
    made = [send(f"/v1/tenants/{tenant_id}/keys", {"label": hidden})["key_id"] for _ in range(3)]
    access.tenants().change(tenant_id, TenantChange(settings={"contact": f"{hidden}@clinic.test"}))
    jobs = [_dead(tenant_id, f"{hidden}-{n}") for n in range(3)]
    alerting, more_hidden = create_alerting(send, tenant_id, hidden, _letters(tenant_id))
    found = [_find(tenant_id, f"{hidden}-{n}") for n in range(3)]
    return Names(
        tenant_id=tenant_id,
        key_id=made[0],
        other_key_id=made[1],
        decision_id=decisions[0],
        subject_id=subject,
        subject=whose,
        erased_subject=erased,
        batch_id=begun[0],
        ended_batch_id=begun[1],
        job_id=jobs[0],
        other_job_id=jobs[1],
        **alerting,
        finding_id=found[0],
        other_finding_id=found[1],
        idempotency_key=f"{key}-0",
        etag=_etag(door, admin, decisions[0]),
        token=admin,
        **_sign_in(door, admin),
        cursors=_cursors(door, admin, {"tenant_id": tenant_id, "name": "toy", **alerting}, lists),
        hidden=frozenset({hidden, str(used), decisions[2], begun[2], made[2], jobs[2], found[2], *more_hidden}),
    )


def _etag(door: FrontDoor, token: str, decision_id: str) -> str:
    """Return the ETag of a decision."""
    return door.send(signed(token, Request("GET", f"/v1/scores/{decision_id}"))).headers["etag"]


def _sign_in(door: FrontDoor, token: str) -> dict[str, str]:
    """Return an access token and a refresh token for a key."""
    request = Request("POST", "/v1/oauth/token", body={"grant_type": "client_credentials", **client(token)})
    granted = json.loads(door.send(request).body)
    return {name: granted[name] for name in ("access_token", "refresh_token")}


def _sender(door: FrontDoor, token: str) -> Send:
    def send(path: str, body: Any, *headers: Header, method: str = "POST") -> dict[str, Any]:
        answer = door.send(signed(token, Request(method, path, headers=headers, body=body)))
        assert answer.status < 300, (path, answer)
        return dict(json.loads(answer.body))

    return send


def _decide(send: Send, subject_id: str, once: Header, traced: Header) -> str:
    """Return the id of a decision with an outcome."""
    body = {"model": "toy", "subject_id": subject_id, "features": GOOD}
    decision = str(send("/v1/scores", body, once, traced)["decision_id"])
    send("/v1/outcomes", {"decision_id": decision, "status": "occurred", "recorded_at": now()}, traced)
    return decision


def _name_persons(send: Send, subject_id: str, erased_id: str) -> tuple[str, str]:
    """Return the pseudonyms of a person with a consent and of an erased one."""
    subject, erased = (
        str(send("/v1/subjects/lookup", {"subject_id": each})["subject"]) for each in (subject_id, erased_id)
    )
    send(f"/v1/subjects/{subject}/consent", {"purposes": {"scoring": "given"}, "text_version": "1"}, method="PUT")
    send(f"/v1/subjects/{erased}", None, method="DELETE")
    return subject, erased


def _begin_batches(send: Send, tenant_id: str, hidden: str, traced: Header) -> list[str]:
    """Return the ids of three batches. The second has ended."""
    rows = [{"subject_id": hidden, "features": GOOD}]
    begun = [str(send("/v1/batches", {"model": "toy", "rows": rows}, traced)["batch_id"]) for _ in range(3)]
    books = DynamoBatches(boto3.client("dynamodb"), "batches")
    ended = books.get(tenant_id, begun[1])
    assert ended is not None
    books.end(ended, "completed")
    boto3.client("s3").put_object(Bucket="files", Key=ended.output_key("results"), Body=hidden.encode())
    return begun


def _use(send: Send, tenant_id: str) -> int:
    """Count usage and set a budget; return the amount of both, a number that occurs only here."""
    used = int(_hex(tenant_id), 16) % 10**9 + 10**9
    entry = UsageEntry(tenant_id, "hidden", f"{process.now():%Y-%m-%dT%H}", {"predictions": used, "emails": used})
    DynamoUsage(boto3.client("dynamodb"), "usage").add([entry])
    for micros in (int(_hex(tenant_id), 16), used):
        send("/v1/budgets/total/month", {"limit_micros": micros}, method="PUT")
    return used


def _cursors(door: FrontDoor, token: str, names: Mapping[str, str], lists: list[str]) -> dict[str, str]:
    places = {path: path for path in lists}
    for name, text in names.items():
        places = {path: place.replace(f"{{{name}}}", text) for path, place in places.items()}
    found = {path: _cursor(door, token, place) for path, place in places.items()}
    return {path: cursor for path, cursor in found.items() if cursor}


def stored_texts(tenant_id: str, *others: str) -> list[str]:
    """Return as text all items and objects that name a tenant and do not name the others."""
    items = [item for table in sorted(set(TABLES.values()) - OF_THE_DEPLOYMENT) for item in _stored_items(table)]
    objects = boto3.client("s3").list_object_versions(Bucket="files").get("Versions", [])
    files = [[entry["Key"], entry["VersionId"], entry["ETag"]] for entry in objects]
    texts = (json.dumps(entry, sort_keys=True, default=sorted) for entry in [*items, *files])
    return sorted(text for text in texts if tenant_id in text and not any(other in text for other in others))


def _stored_items(table: str) -> list[dict[str, Any]]:
    """Return the items of a table as moto stores them. A scan by a client would take ten times as long."""
    stored = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[table].all_items()
    return [unpacked_item(dynamo_to_dict(item.attrs)) for item in stored]


def _letters(text: str) -> str:
    """Return the name part of a tenant's resources. It has no digits, which an alert would refuse as personal."""
    return _hex(text).translate(str.maketrans("0123456789", "ghijklmnop"))


def _hex(text: str) -> str:
    return text.encode().hex()[:12]


def client(token: str) -> dict[str, str]:
    """Return the OAuth client credentials of a key."""
    return {"client_id": token.split("_")[2], "client_secret": token}


def _cursor(door: FrontDoor, token: str, path: str) -> str | None:
    answer = door.send(signed(token, Request("GET", path, {"limit": "1"})))
    return json.loads(answer.body)["next_cursor"] if answer.status == 200 else None


def _dead(tenant_id: str, name: str) -> str:
    work = replace(WORK, tenant_id=tenant_id, id=name, correlation_id=name, body=json.dumps({"key": name}))
    job = DeadLetterJob.create(
        "batch-chunks", letter(work, refusal="not-found"), RetryRules(), process.now(), Random(1)
    )
    DynamoDeadLetterJobs(boto3.client("dynamodb"), "dead_letters").write(tenant_id, job)
    return job.job_id


def _find(tenant_id: str, feature: str) -> str:
    """Store a finding about a feature of the model `toy`, and a state of drift; return the id of the finding."""
    finding = replace(FINDING, version=1, subjects=(feature,), text=feature)
    state = baseline_start(0, after=date.fromisoformat(finding.day).toordinal())
    monitoring.drift_states().save(tenant_id, "toy", 1, "single", state, [finding])
    return finding_id(tenant_id, "toy", finding)


def now() -> str:
    """Return the current time in the format of requests."""
    return process.now().isoformat()
