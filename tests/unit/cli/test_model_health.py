"""`vigil models health|findings|acknowledge|rebase` call the API and print its answers."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.support.invented_health import invent_facts
from tests.support.monitored_worlds import FINDING
from vigil.monitoring.findings.records_model import FindingDecision, FindingRecord
from vigil.monitoring.findings.schemas import FindingView
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.report.schemas import HealthReportView

REPORT = HealthReportView.from_report(publish(invent_facts())).model_dump()
REASON, AT = "Longer supplies are intended.", "2026-12-02T08:00:00.000000Z"
OPEN = FindingRecord("fnd-0123456789abcdef0123456789abcdef", "iit", FINDING)
DECIDED = OPEN.decide("acknowledged", FindingDecision("admin:k-1", REASON, AT))
HEALTH = "/v1/models/iit/health"


def answer(asked):
    if asked.path == HEALTH:
        return 200, REPORT
    if asked.path == f"{HEALTH}/findings":
        return 200, {"items": [FindingView.from_record(OPEN).model_dump()], "next_cursor": None}
    if asked.path.startswith(f"{HEALTH}/findings/{OPEN.finding_id}"):
        return 200, FindingView.from_record(DECIDED).model_dump()
    return 404, {"title": "No such resource", "detail": "There is no finding with this id."}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API."""
    with api(answer) as requests:
        yield requests


def run(*arguments):
    return CliRunner().invoke(app, ["models", *arguments])


def test_health_prints_the_state_the_steps_and_the_strongest_changes(asked):
    shown = run("health", "iit").output
    for text in ("Alarm: day 13.", "Confirm that the change is intended", "days_supply", "2,880", "auc 0.705"):
        assert text in shown
    trial = "challenger 5 until 2026-11-29: undecided on 4,180 outcomes; Brier score -0.001 (-0.003 to 0.001)"
    for text in (trial, "(below 0 is better)"):
        assert text in shown
    assert asked[0].query == {"source": "single"}


def test_health_asks_for_a_version_a_source_and_a_day(asked):
    run("health", "iit", "--version", "3", "--source", "batch", "--until", "2026-11-29", "--json")
    assert asked[0].query == {"version": "3", "source": "batch", "until": "2026-11-29"}


def test_health_as_json_is_the_whole_report():
    assert json.loads(run("health", "iit", "--json").stdout) == REPORT


def test_health_writes_the_page_that_the_api_returns(tmp_path):
    file = tmp_path / "health.html"
    assert "wrote" in run("health", "iit", "--html", str(file)).output
    assert json.loads(file.read_bytes()) == REPORT


def test_a_page_and_json_at_once_are_refused(tmp_path):
    refused = run("health", "iit", "--json", "--html", str(tmp_path / "x.html"))
    assert (refused.exit_code, "run the command twice" in refused.output) == (2, True)


def test_findings_are_listed(asked):
    shown = run("findings", "iit", "--state", "open").output
    for text in (OPEN.finding_id, "population", "watch", "2026-12-01"):
        assert text in shown
    assert asked[0].query == {"limit": "50", "state": "open"}


@pytest.mark.parametrize("decision", ["acknowledge", "rebase"])
def test_a_decision_sends_its_reason_and_prints_the_finding(asked, decision):
    shown = run(decision, "iit", OPEN.finding_id, "--reason", REASON).output
    assert (asked[0].method, asked[0].body) == ("POST", {"reason": REASON})
    assert asked[0].path.endswith(f"{OPEN.finding_id}/{decision}")
    for text in ("acknowledged", "admin:k-1", REASON, "Watch the model."):
        assert text in shown


def test_a_decision_without_a_reason_is_refused(asked):
    assert run("acknowledge", "iit", OPEN.finding_id).exit_code == 2
    assert list(asked) == []


def test_an_unknown_finding_is_one_sentence():
    failed = run("rebase", "iit", "fnd-x", "--reason", REASON)
    assert (failed.exit_code, failed.output.strip().endswith("There is no finding with this id.")) == (1, True)
