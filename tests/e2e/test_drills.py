"""Drills: a planted fault is named by its check, the runbook runs to its end, and the fault is removed."""

import re

import pytest

from cli import drill_faults
from tests.e2e.clients import HOME, vigil

SAFE = ("security_breach", "database_issue")
"""Drills beside which other tests may use the stack: one revokes a key of its own, one delays batches for seconds."""
DISRUPTIVE = ("service_down", "high_error_rate", "model_failure")


@pytest.fixture(scope="session")
def cli(stack, tmp_path_factory):
    """Function that runs a `vigil` command on the stack, with packages separate from the checkout's."""
    home = tmp_path_factory.mktemp("home")
    for kept in ("local.json", "keys"):
        (home / kept).symlink_to(HOME / kept)
    return lambda *arguments: vigil(home, *arguments, cwd=home).stdout


def test_every_type_of_incident_has_a_drill():
    assert {*SAFE, *DISRUPTIVE} == drill_faults.FAULTS.keys()


@pytest.mark.parametrize(
    "incident_type", [*SAFE, *(pytest.param(each, marks=pytest.mark.faults) for each in DISRUPTIVE)]
)
def test_a_drill_finds_its_fault_and_ends_its_runbook(cli, operator, incident_type):
    said = " ".join(cli("incident", "drill", incident_type).split())
    assert f"{incident_type}: the check" in said
    assert "named the fault, and the runbook ended" in said
    for alert_id in re.findall(r"ended its alert (\S+)\.", said):
        assert operator.get(f"/v1/alerts/{alert_id}").json()["state"] == "resolved"
    assert "The drill has removed its fault." in said
    assert "opened no alert" not in said
    (latest,) = operator.get("/v1/incidents", params={"state": "resolved", "limit": 1}).json()["items"]
    assert latest["type"] == incident_type


def test_the_fault_is_gone_after_the_drill(cli, operator):
    assert "paused" not in cli("intake", "status")
    names = [circuit["name"] for circuit in operator.get("/v1/circuit-breakers").json()["items"]]
    assert "drill" not in names
    assert operator.get("/health/readiness").status_code == 200
