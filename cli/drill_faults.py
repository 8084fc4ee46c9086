"""Faults for drills: each is planted on the embedded stack, named by one check, and removed at the end."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from cli import deployment
from cli.api import request_json
from cli.embedded import Embedded
from cli.stack import Stack

_CIRCUIT = "drill"
_MODEL = "wdbc"
_FUNCTION = "scoring_api"
_LIVE = "live"
_HANDLER = "handler.lambda_handler"
_MISSING = "handler.missing"
_JOBS = "/v1/dlq/jobs"
_FAILED_CALLS = 20
_VALID = timedelta(days=365)
_REDRIVES = 5
_SAMPLES = 40
"""Number of samples among which a benign one is sought."""


@dataclass(frozen=True)
class Fault:
    """A planted fault: the scope of its incident, the check and the fact that name it, and the action against it."""

    check: str
    fact: str
    text: str
    """Beginning of the text of the fact."""
    action: str
    scope: Mapping[str, Any] = field(default_factory=dict)
    alert_facts: Mapping[str, str] = field(default_factory=dict)
    """Facts of the alert that stays open after the removal of the fault. Empty: there is no such alert."""
    alert_source: str = ""
    """Source of that alert if other faults share it. An alert of this source that is already open has their facts."""


@dataclass(frozen=True)
class Site:
    """The stack of a drill, and the client of an operator."""

    embedded: Embedded
    operator: httpx.Client

    def aws(self, service: str) -> Any:
        """Return a client of an AWS service on MiniStack. `service` is its name in boto3, such as `lambda`."""
        return Stack(deployment.state_folder()).client(self.embedded.endpoint_url, service)

    def function(self, name: str) -> str:
        """Return the name of a function in Lambda."""
        return f"{self.embedded.stack_name}-{name.replace('_', '-')}"


Plant = Callable[[Site], AbstractContextManager[Fault]]


@contextmanager
def bad_deployment(site: Site) -> Iterator[Fault]:
    """Make a version of the scoring API live whose handler does not exist."""
    client, name = site.aws("lambda"), site.function(_FUNCTION)
    _, good = _versions(client, name)
    try:
        client.update_function_configuration(FunctionName=name, Handler=_MISSING)
        version = client.publish_version(FunctionName=name)["Version"]
        client.update_alias(FunctionName=name, Name=_LIVE, FunctionVersion=version)
        scope, facts = {"function": _FUNCTION}, {"function": name, "function_version": version}
        yield Fault("last_deployment", _FUNCTION, f"version {version} ", "function_back_one_version", scope, facts)
    finally:
        client.update_function_configuration(FunctionName=name, Handler=_HANDLER)
        client.update_alias(FunctionName=name, Name=_LIVE, FunctionVersion=good[-1])
        bad, _ = _versions(client, name)
        for version in bad:
            client.delete_function(FunctionName=name, Qualifier=version)


@contextmanager
def failing_vendor(site: Site) -> Iterator[Fault]:
    """Record the failed calls of a vendor that does not exist."""
    from vigil.bootstrap import breakers, process
    from vigil.outbound.breakers.model import Circuit, CircuitId, Counts, bucket_of

    try:
        counts = Counts(failed=_FAILED_CALLS)
        breakers.circuits().record(Circuit(CircuitId(_CIRCUIT)), bucket_of(process.now()), counts)
        text = f"closed, {_FAILED_CALLS} of {_FAILED_CALLS} recent calls failed"
        yield Fault("circuits", _CIRCUIT, text, "circuit_open", {"circuit": _CIRCUIT})
    finally:
        # The reset ends the alert of the opening.
        request_json(site.operator, "POST", f"/v1/circuit-breakers/{_CIRCUIT}/reset", json={"reason": "end of a drill"})
        key = {"pk": {"S": "CIRCUITS"}, "sk": {"S": _CIRCUIT}}
        site.aws("dynamodb").delete_item(TableName=site.embedded.tables["limits"], Key=key)


@contextmanager
def corrupt_package(site: Site) -> Iterator[Fault]:
    """Promote a copy of a champion, and change one byte of its golden rows. Sign the original again beside it.

    The score before gives the runbook a decision to replay.
    """
    from cli.lifecycle import sign_again
    from cli.models import promote, publisher

    _score(site)
    good = publisher().pointers(_MODEL)["champion"].version
    bad = sign_again(_MODEL, good, _VALID)
    promote(_MODEL, bad)
    s3 = site.aws("s3")
    place = {"Bucket": site.embedded.buckets["packages"], "Key": f"{_MODEL}/{bad:08d}/golden.json"}
    content = s3.get_object(**place)["Body"].read()
    try:
        s3.put_object(**place, Body=content[:-1] + b" ")
        sign_again(_MODEL, good, _VALID)
        text = f"version {bad}: digest_mismatch"
        yield Fault("package_and_golden_rows", _MODEL, text, "champion_to_last_good", {"model": _MODEL})
    finally:
        s3.put_object(**place, Body=content)


@contextmanager
def dead_letter(site: Site) -> Iterator[Fault]:
    """Put an unreadable message into a dead-letter queue. MiniStack ignores the recovery of tables in templates."""
    from vigil.bootstrap import remedies

    _enable_recovery(site)
    url = f"{site.embedded.queues['batch_chunks']}-dead"
    sent = site.aws("sqs").send_message(QueueUrl=url, MessageBody=f"drill {uuid.uuid4()}")["MessageId"]
    try:
        facts = {"queue": "batch-chunks", "reason": "unreadable"}
        check, queue = "queues_and_dead_letters", "batch-chunks"
        yield Fault(check, queue, "", "intake_paused", alert_facts=facts, alert_source="dead-letters")
    finally:
        remedies.intake().resume()
        _resolve(site, sent)


@contextmanager
def leaked_key(site: Site) -> Iterator[Fault]:
    """Create a key of a demo tenant that the incident calls leaked."""
    from vigil.bootstrap import access

    tenant_id = site.embedded.tenants[0].tenant_id
    key_id = access.keys().create(tenant_id, "viewer", "drill", by="operator").key.key_id
    try:
        scope = {"tenant_id": tenant_id, "key_ids": [key_id]}
        yield Fault("scope_of_breach", key_id, "valid, role viewer", "keys_revoked", scope)
    finally:
        access.keys().revoke(tenant_id, key_id, by="operator")


FAULTS: Mapping[str, Plant] = {
    "service_down": bad_deployment,
    "high_error_rate": failing_vendor,
    "model_failure": corrupt_package,
    "database_issue": dead_letter,
    "security_breach": leaked_key,
}
"""Fault of each type of incident."""


def _versions(client: Any, name: str) -> tuple[list[str], list[str]]:
    """Return the published versions without a handler, also those of killed drills, and all others, oldest first."""
    found = client.list_versions_by_function(FunctionName=name)["Versions"]
    published = [each for each in found if each["Version"] != "$LATEST"]
    bad = [each["Version"] for each in published if each["Handler"] == _MISSING]
    return bad, [each["Version"] for each in published if each["Handler"] != _MISSING]


def _enable_recovery(site: Site) -> None:
    client = site.aws("dynamodb")
    for page in client.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            if table.startswith(f"{site.embedded.stack_name}-"):
                recovery = {"PointInTimeRecoveryEnabled": True}
                client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)


def _score(site: Site) -> None:
    """Score one benign sample of the model."""
    from models import recipe

    sample = next(each for each in recipe.load_recipe(_MODEL).samples(1, _SAMPLES) if each["_label"] == 0)
    body = {name: value for name, value in sample.items() if not name.startswith("_")}
    request_json(site.operator, "POST", "/v1/scores", json={"model": _MODEL, **body})


def _resolve(site: Site, message_id: str) -> None:
    """Resolve the job of the message. The redriver makes it from the message, at once or at its next run."""
    event = json.dumps({"id": str(uuid.uuid4())})
    for _ in range(_REDRIVES):
        site.aws("lambda").invoke(FunctionName=site.function("dead_letters_redrive"), Payload=event)
        jobs = request_json(site.operator, "GET", _JOBS, params={"queue": "batch-chunks", "limit": 100})["items"]
        for job in jobs:
            if job["message_id"] == message_id:
                request_json(site.operator, "POST", f"{_JOBS}/{job['id']}/resolve")
                return
