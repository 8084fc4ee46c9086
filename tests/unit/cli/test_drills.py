"""A drill always removes its fault. The drill fails if no check names the fault, or if a step fails."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from cli import drill_faults, drills
from cli.api import RequestFailed, connect

PATH = "/v1/incidents"
BLANK = {"attempt": 0, "verdict": None, "summary": "", "facts": {}, "effects": [], "by": "", "minutes": 1}
BLANK |= {"status": "waiting", "needs_second_person": False}
FACTS = {"function": "scoring", "function_version": "2"}
FAULT = drill_faults.Fault("circuits", "drill", "closed, 20", "circuit_open", {"circuit": "drill"})
NAMED = {"status": "done", "verdict": "faulty", "facts": {"drill": "closed, 20 of 20 recent calls failed"}}


class Deployment:
    """An API whose runbook has a check, an action with two choices, and a sign-off."""

    def __init__(self):
        uses = [("check", "circuits", []), ("action", "", ["flag_off", "circuit_open"]), ("manual", "", [])]
        self.steps = [
            BLANK | {"number": number, "kind": kind, "title": kind, "uses": use, "choices": choices}
            for number, (kind, use, choices) in enumerate(uses, 1)
        ]
        self.results = {
            "1/run": NAMED,
            "2/run": {"status": "previewed"},
            "2/confirm": {"status": "done"},
            "3/sign": {"status": "done"},
        }
        self.is_removed, self.fault, self.late_alerts = False, FAULT, []
        self.alerts = [{"id": "alr-1", "source": "budgets", "facts": {}}]

    def answer(self, asked):
        if asked.path == "/v1/alerts":
            return 200, {"items": self.alerts, "next_cursor": None}
        if asked.path.startswith(("/v1/alerts/", "/v1/failures/")):
            return 200, {}
        if asked.path == PATH:
            return 201, {"id": "inc-1"}
        act = asked.path.removeprefix(f"{PATH}/inc-1").removeprefix("/steps/")
        if act in self.results:
            self.steps[int(act[0]) - 1] |= self.results[act]
            return 200, self.steps[int(act[0]) - 1]
        return 200, {"id": "inc-1", "steps": self.steps}


@pytest.fixture
def deployment(monkeypatch):
    deployment = Deployment()

    @contextmanager
    def plant(_):
        try:
            yield deployment.fault
        finally:
            deployment.is_removed = True
            deployment.alerts += deployment.late_alerts

    monkeypatch.setattr(drill_faults, "FAULTS", {"high_error_rate": plant})
    monkeypatch.setattr(drills, "FAULTS", {"high_error_rate": plant})
    return deployment


@pytest.fixture
def run(deployment, api):
    """Function that runs the drill, and the requests to the API."""
    with api(deployment.answer) as requests, connect("key") as client:
        yield lambda: drills.drill("high_error_rate", drill_faults.Site(None, client), client), requests


def test_a_drill_takes_the_action_against_its_fault_and_removes_it(deployment, run):
    start, requests = run
    assert start() == "circuits"
    assert deployment.is_removed
    assert [request.path.rpartition("/")[2] for request in requests if request.method == "POST"] == [
        *("incidents", "run", "run", "confirm", "sign", "resolve"),
    ]


@pytest.mark.parametrize(
    "found", [{"verdict": "ok", "facts": {}}, {"facts": {"drill": "open"}}, {"facts": {"other": "x"}}]
)
def test_a_drill_fails_if_the_check_does_not_name_the_fault(deployment, run, found):
    deployment.results["1/run"] = NAMED | found
    with pytest.raises(RequestFailed, match="did not name the planted fault"):
        run[0]()
    assert deployment.is_removed


def test_a_drill_ends_the_alert_and_the_failure_of_its_fault(deployment, run, capsys):
    deployment.fault = replace(FAULT, alert_facts=FACTS)
    deployment.late_alerts = [{"id": "alr-2", "source": "failure.f-1", "facts": FACTS | {"kind": "init"}}]
    deployment.results["2/confirm"] = {"status": "failed"}
    with pytest.raises(RequestFailed, match="did not end"):
        run[0]()
    posted = [request.path for request in run[1] if request.method == "POST"]
    assert posted[-2:] == ["/v1/alerts/alr-2/resolve", "/v1/failures/f-1/resolve"]
    assert "ended its alert alr-2" in capsys.readouterr().out


@pytest.mark.parametrize("facts", [FACTS, {"function": "another"}])
def test_an_alert_from_before_the_drill_stays_open(deployment, run, capsys, facts):
    deployment.fault = replace(FAULT, alert_facts=FACTS, alert_source="dead-letters")
    deployment.alerts += [{"id": "alr-1", "source": "dead-letters", "facts": facts}]
    run[0]()
    assert not [request for request in run[1] if request.path.startswith("/v1/alerts/")]
    assert "alr-1 is older than the drill and stays open" in capsys.readouterr().out


def test_a_drill_fails_at_a_failed_step(deployment, run):
    deployment.results["2/confirm"] = {"status": "failed"}
    with pytest.raises(RequestFailed, match="did not end: action"):
        run[0]()
    assert deployment.is_removed
