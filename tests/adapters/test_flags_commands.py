"""`vigil flags` on a deployment in process: defined under the API's own rules, never over somebody else's change."""

import pytest
from typer.testing import CliRunner

from cli.main import app
from vigil.access.flags.model import EXPLAIN_HIGH_RISK
from vigil.bootstrap import access, process


@pytest.fixture(autouse=True)
def _deployed(dynamodb, monkeypatch):
    monkeypatch.setenv("VIGIL_STAGE", "local")
    monkeypatch.setenv("VIGIL_FLAGS_TABLE", "flags")
    process.forget()
    yield
    process.forget()


def run(*arguments):
    return CliRunner().invoke(app, ["flags", *arguments])


def held():
    return access.flags().current()


def test_a_flag_is_set_step_by_step_and_shown(dynamodb):
    assert run("set", EXPLAIN_HIGH_RISK, "--stage", "local", "--percentage", "100").exit_code == 0
    first = held().digest()
    assert run("set", EXPLAIN_HIGH_RISK, "--deny", "globex", "--deny", "initech").exit_code == 0
    flag = held().find(EXPLAIN_HIGH_RISK)
    assert (flag.percentage, flag.stages, flag.deny) == (100, ("local",), ("globex", "initech"))
    assert f"{EXPLAIN_HIGH_RISK}: on" in run("show", "acme").output
    assert f"{EXPLAIN_HIGH_RISK}: off" in run("show", "globex").output
    assert "globex" in run("list").output
    assert "globex" not in run("list", "--digest", first).output
    assert run("set", EXPLAIN_HIGH_RISK, "--deny", "").exit_code == 0
    assert held().find(EXPLAIN_HIGH_RISK).deny == ()


def test_a_flag_of_our_own_needs_a_description():
    assert run("set", "beta", "--percentage", "10").exit_code == 1
    assert run("set", "beta", "--percentage", "10", "--description", "A beta.").exit_code == 0
    assert held().find("beta").stages == ()


@pytest.mark.parametrize(
    "arguments",
    [("Beta",), ("beta", "--percentage", "101"), ("beta", "--stage", "moon"), ("beta", "--sticky", "planet")],
)
def test_what_the_api_refuses_the_command_refuses_in_a_sentence(arguments):
    done = run("set", *arguments, "--description", "d")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert held().flags == ()


def test_an_unknown_digest_is_said_to_be_unknown():
    assert run("list", "--digest", "sha256:0").exit_code == 1
