"""`vigil incident` walks through a runbook: it runs, confirms, signs and resolves through the API."""

import pytest
from typer.testing import CliRunner

from cli.main import app
from vigil.operations.incidents.schemas import MIN_SIGN_OFF

ID = "inc-0123456789abcdef0123456789abcdef"
PLACE = f"/v1/incidents/{ID}"
BLANK = {"attempt": 0, "verdict": None, "summary": "", "facts": {}, "effects": [], "by": ""}
BLANK |= {"started_at": None, "ended_at": None, "needs_second_person": False, "minutes": 1}
STEPS = [
    {"number": 1, "kind": "check", "title": "Check keys", "choices": ["scope_of_breach"], "uses": "scope_of_breach"},
    {"number": 2, "kind": "action", "title": "Revoke keys", "choices": ["keys_revoked", "tenant_suspended"],
     "uses": "keys_revoked", "needs_second_person": True},
    {"number": 3, "kind": "manual", "title": "Sign off", "choices": [], "uses": ""},
]  # fmt: skip
FUTURE = "2999-01-01T00:00:00.000000Z"
HEAD = {"id": ID, "type": "security_breach", "title": "A breach", "state": "open", "alert": "", "scope": {}}
HEAD |= {"opened_at": "2026-03-01T12:00:00Z", "due_at": "2026-03-01T14:00:00Z", "escalated_at": None}


class Deployment:
    """An API with one incident. `results` are the states of steps after a run or a confirmation."""

    def __init__(self):
        self.incident = HEAD | {"steps": [BLANK | step | {"status": "waiting"} for step in STEPS]}
        self.results = {
            "1/run": {"status": "done", "verdict": "faulty", "summary": "Two keys were used.", "facts": {"keys": "2"}},
            "2/run": {"status": "previewed", "attempt": 1, "effects": ["key k-1 will be revoked"]},
            "2/confirm": {"status": "done", "effects": ["key k-1 was revoked"]},
            "3/sign": {"status": "done", "summary": "told"},
        }

    def answer(self, asked):
        if asked.path == "/v1/incidents":
            return (201, self.incident) if asked.method == "POST" else (200, {"items": [self.incident]})
        if asked.path == PLACE:
            return 200, self.incident
        if asked.path == f"{PLACE}/resolve":
            self.incident |= {"state": "resolved"}
            return 200, self.incident
        if asked.path == f"{PLACE}/escalate":
            return 200, self.incident | {"escalated_at": "2026-03-01T12:01:00Z"}
        act = asked.path.removeprefix(f"{PLACE}/steps/")
        step = self.incident["steps"][int(act[0]) - 1]
        step |= self.results.get(act, {"status": "skipped"})
        return 200, step


@pytest.fixture
def deployment():
    return Deployment()


@pytest.fixture(autouse=True)
def asked(api, deployment):
    """Requests to the API."""
    with api(deployment.answer) as requests:
        yield requests


def run(*arguments, typed=""):
    return CliRunner().invoke(app, ["incident", *arguments], input=typed)


def acts(asked):
    return [request.path.removeprefix(PLACE) for request in asked if request.method == "POST"]


def test_a_walk_runs_confirms_signs_and_resolves(asked):
    result = run("walk", ID, typed="tenant_suspended\ny\nAll are told\nAda\nA stolen laptop\n")
    assert result.exit_code == 0, result.output
    assert acts(asked) == ["/steps/1/run", "/steps/2/run", "/steps/2/confirm", "/steps/3/sign", "/resolve"]
    bodies = [request.body for request in asked if request.method == "POST"]
    assert bodies[2] == {"attempt": 1}
    assert bodies[1] == {"action": "tenant_suspended"}
    assert bodies[3:] == [{"name": "Ada", "note": "All are told"}, {"cause": "A stolen laptop"}]
    for text in ("✗ Two keys were used.", "keys: 2", "key k-1 will be revoked", "second person", "resolved"):
        assert text in result.output


def test_a_refused_change_is_skipped_with_a_note(asked):
    result = run("walk", ID, typed="\nn\nThe key is needed\n\n")
    assert acts(asked) == ["/steps/1/run", "/steps/2/run", "/steps/2/skip"]
    assert result.exit_code == 1
    assert f"vigil incident walk {ID}" in result.output


def test_a_walk_continues_where_an_earlier_one_ended(asked, deployment):
    deployment.incident["steps"][0] |= {"status": "done"}
    deployment.incident["steps"][1] |= {"status": "previewed", "ended_at": FUTURE}
    run("walk", ID, typed="y\n\n")
    assert acts(asked) == ["/steps/2/confirm"]


def test_a_walk_repeats_a_dry_run_that_has_expired(asked, deployment):
    deployment.incident["steps"][0] |= {"status": "done"}
    deployment.incident["steps"][1] |= {"status": "previewed", "ended_at": "2026-03-01T12:00:00.000000Z"}
    run("walk", ID, typed="keys_revoked\ny\n\n")
    assert acts(asked) == ["/steps/2/run", "/steps/2/confirm"]


def test_a_failed_step_ends_the_walk_without_a_note(asked, deployment):
    deployment.results["1/run"] = {"status": "failed", "verdict": "faulty", "summary": "0 of 3 in a row."}
    result = run("walk", ID, typed="\n")
    assert (acts(asked), result.exit_code) == (["/steps/1/run"], 1)
    assert "0 of 3 in a row." in result.output


def test_an_incident_is_opened_with_its_scope(asked):
    result = run("open", "security_breach", "--about", "tenant_id=acme", "--about", "key_ids=k-1,k-2")
    assert "Revoke keys" in result.output
    (one,) = asked
    assert one.body == {"type": "security_breach", "scope": {"tenant_id": "acme", "key_ids": ["k-1", "k-2"]}}


def test_a_subject_without_a_value_is_refused(asked):
    assert run("open", "service_down", "--about", "function").exit_code == 2
    assert list(asked) == []


def test_the_help_and_the_prompt_state_the_minimum_of_a_note(deployment):
    for step in deployment.incident["steps"][:2]:
        step |= {"status": "done"}
    for shown in (run("walk", "--help"), run("walk", ID, typed="\n")):
        assert f"at least {MIN_SIGN_OFF} characters" in " ".join(shown.output.split())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(["list"], ID), (["show", ID], "Check keys"), (["escalate", ID, "--note", "help"], "escalated at 2026-03-01")],
)
def test_a_command_shows_the_incident(arguments, text):
    assert text in run(*arguments).output
