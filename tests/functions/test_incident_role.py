"""The worker of incidents with its real checks and actions stays within its role."""

from datetime import timedelta
from functools import partial
from importlib import import_module

import boto3
import pytest

from tests.support.deployments import KEY, model_keys, publish
from tests.support.fakes.functions import FakeLambda
from tests.support.gateway import Context
from tests.support.gateway import event as gateway_event
from tests.support.incident_functions import BEN, IncidentFunctions
from tests.support.persons import FEATURES
from vigil.access.flags.model import Flag
from vigil.access.flags.service import Precondition
from vigil.bootstrap import access, breakers, process, remedies
from vigil.operations.incidents.runbooks_model import RUNBOOKS
from vigil.operations.remedies.functions_store import LambdaFunctions
from vigil.outbound.breakers.model import Circuit, CircuitId, Counts
from vigil.runtime.settings import Settings

STACK = "vigil"
INTAKE = {"batches-split": "batch-splits", "batches-chunk": "batch-chunks", "batches-assembly": "batch-assemblies"}
OTHERS = {"alerts_table", "measurements_table", "monitoring_table", "webhooks_table"}
"""Tables that only functions of alerting, metrics and monitoring have; a test has one environment for all functions."""
NAMES = [name for name in Settings.names() if name not in OTHERS]
SCOPES = {
    "service_down": {"function": "scoring_api"},
    "high_error_rate": {"circuit": "pagerduty"},
    "model_failure": {"model": "toy"},
    "database_issue": {},
    "security_breach": {"tenant_id": "acme"},
}


def call(name, event):
    return import_module(f"functions.{name.replace('-', '_')}.handler").lambda_handler(event, Context())


@pytest.fixture
def functions(published, trained, monkeypatch):
    """The functions of incidents on a deployment with something to do for each action. Lambda is in memory."""
    known = FakeLambda()
    for _ in range(2):
        known.publish(f"{STACK}-scoring-api", "2026-03-01T12:00:00+00:00", VIGIL_MODEL_KEYS=model_keys())
    for function, queue in INTAKE.items():
        known.add_source(f"{STACK}-{function}", f"{STACK}-{queue}")
    known.handlers = {f"{STACK}-{name}": partial(call, name) for name in ("scoring-api", "tokens-rotation")}
    monkeypatch.setattr(Settings, "names", lambda: NAMES)
    functions = IncidentFunctions(monkeypatch, is_real=True)
    monkeypatch.setattr(remedies, "functions", lambda: LambdaFunctions(known, STACK))
    access.tenants().create("acme", "FREE")
    access.flags().define(Flag("beta", "", stages=("local",), percentage=100.0), Precondition(absent=True), "test")
    breakers.circuits().record(Circuit(CircuitId("pagerduty")), 1, Counts(failed=3))
    publish(published, trained, 2)
    published.publish(published.reissue("toy", 1, KEY, timedelta(days=1)))
    body = {"model": "toy", "subject_id": "jane-roe", "features": FEATURES}
    assert call("scoring-api", gateway_event("POST", "/v1/scores", body=body))["statusCode"] == 201
    datum = {"MetricName": "Latency", "Dimensions": [{"Name": "service", "Value": "scoring-api"}], "Value": 1}
    boto3.client("cloudwatch").put_metric_data(Namespace=process.settings().metric_namespace, MetricData=[datum])
    process.forget()
    return functions


def act(functions, incident, number, action):
    """Run an action with its dry run and the confirmation of a second person; return its last step."""
    previewed = functions.run(incident, number, action=action)
    if previewed["status"] == "previewed":
        assert functions.call("POST", f"{incident}/steps/{number}/confirm", **BEN)[0] == 202
        functions.drain()
    return functions.step(incident, number)


@pytest.mark.parametrize("incident_type", RUNBOOKS)
def test_the_steps_of_a_runbook_stay_within_the_role(functions, incident_type):
    scope = dict(SCOPES[incident_type])
    if incident_type == "security_breach":
        scope["key_ids"] = [access.keys().create("acme", by="operator").key.key_id]
    incident = functions.open(type=incident_type, scope=scope)
    ended = {}
    for number, step in enumerate(RUNBOOKS[incident_type].steps, 1):
        if step.kind == "check" and step.repeats == 1:
            ended[number] = functions.run(incident, number)
            assert ended[number]["verdict"] in {"ok", "faulty", "unknown"}
        elif step.kind == "action":
            for action in step.uses if incident_type == "security_breach" else step.uses[:1]:
                ended[number] = act(functions, incident, number, action)
                assert ended[number]["status"] in {"done", "failed"}, ended[number]
        if functions.step(incident, number)["status"] not in {"done", "skipped"}:
            functions.call("POST", f"{incident}/steps/{number}/skip", body={"note": "not part of this test"})
    unknown = {step["uses"] for step in ended.values() if step["verdict"] == "unknown"}
    acted = [step for step in ended.values() if step["kind"] == "action"]
    failed = {step["uses"]: step["summary"] for step in acted if step["status"] == "failed"}
    assert (unknown, failed) == (set(), {})
