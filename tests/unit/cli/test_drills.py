"""A drill always removes its fault. The drill fails if no check names the fault, or if a step fails."""

from contextlib import contextmanager

import pytest

from cli import drill_faults, drills
from cli.api import RequestFailed, connect

PATH = "/v1/incidents"
BLANK = {"attempt": 0, "verdict": None, "summary": "", "facts": {}, "effects": [], "by": "", "minutes": 1}
BLANK |= {"status": "waiting", "needs_second_person": False}
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
        self.is_removed = False

    def answer(self, asked):
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
            yield FAULT
        finally:
            deployment.is_removed = True

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


def test_a_drill_fails_at_a_failed_step(deployment, run):
    deployment.results["2/confirm"] = {"status": "failed"}
    with pytest.raises(RequestFailed, match="did not end: action"):
        run[0]()
    assert deployment.is_removed
