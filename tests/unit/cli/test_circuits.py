"""`vigil circuits` calls the API and prints its answers."""

import pytest
from typer.testing import CliRunner

from cli.main import app

CALLS = {"answered": 41, "failed": 7, "slow": 0, "refused": 12}
OPEN = {
    "name": "opsgenie:eu",
    "scope": "deployment",
    "state": "open",
    "forced": False,
    "retry_at": "2026-03-01T12:00:10.000000Z",
    "throttled_until": None,
    "all_calls": CALLS,
}
FORCED = OPEN | {"forced": True, "retry_at": None}


def answer(asked):
    if asked.path == "/v1/circuit-breakers":
        return 200, {"items": [OPEN]}
    if asked.path.endswith(("/reset", "/open")):
        return 200, FORCED if asked.path.endswith("/open") else OPEN | {"state": "closed", "retry_at": None}
    return 404, {"title": "No such resource", "detail": "There is no such circuit."}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API."""
    with api(answer) as requests:
        yield requests


def run(*arguments):
    return CliRunner().invoke(app, ["circuits", *arguments])


def test_a_list_shows_state_next_test_and_calls():
    shown = run("list").output
    for text in ("opsgenie:eu", "deployment", "open", "2026-03-01T12:00:10.000000Z", "41", "7", "12"):
        assert text in shown


@pytest.mark.parametrize(("command", "state"), [("reset", "closed"), ("open", "open by hand")])
def test_a_change_sends_its_reason_and_shows_the_circuit(asked, command, state):
    assert state in run(command, "opsgenie:eu", "--reason", "planned").output
    (one,) = asked
    assert (one.method, one.path.replace("%3A", ":")) == ("POST", f"/v1/circuit-breakers/opsgenie:eu/{command}")
    assert one.body == {"reason": "planned"}


def test_a_change_without_reason_is_refused(asked):
    assert run("reset", "opsgenie:eu").exit_code == 2
    assert list(asked) == []
