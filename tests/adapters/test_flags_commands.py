"""`vigil flags` on a deployment in process, with the rules of the API."""

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


def current_set():
    return access.flags().current()


def test_set_changes_only_the_given_options_and_show_evaluates(dynamodb):
    assert run("set", EXPLAIN_HIGH_RISK, "--stage", "local", "--percentage", "100").exit_code == 0
    first = current_set().digest()
    assert run("set", EXPLAIN_HIGH_RISK, "--deny", "globex", "--deny", "initech").exit_code == 0
    flag = current_set().find(EXPLAIN_HIGH_RISK)
    assert (flag.percentage, flag.stages, flag.deny) == (100, ("local",), ("globex", "initech"))
    assert f"{EXPLAIN_HIGH_RISK}: on" in run("show", "acme").output
    assert f"{EXPLAIN_HIGH_RISK}: off" in run("show", "globex").output
    assert "globex" in run("list").output
    assert "globex" not in run("list", "--digest", first).output
    assert run("set", EXPLAIN_HIGH_RISK, "--deny", "").exit_code == 0
    assert current_set().find(EXPLAIN_HIGH_RISK).deny == ()


def test_a_new_flag_without_a_description_is_rejected():
    assert run("set", "beta", "--percentage", "10").exit_code == 1
    assert run("set", "beta", "--percentage", "10", "--description", "A beta.").exit_code == 0
    assert current_set().find("beta").stages == ()


@pytest.mark.parametrize(
    "arguments",
    [("Beta",), ("beta", "--percentage", "101"), ("beta", "--stage", "moon"), ("beta", "--sticky", "planet")],
)
def test_a_value_that_the_api_rejects_fails_with_one_sentence(arguments):
    done = run("set", *arguments, "--description", "d")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert current_set().flags == ()


def test_an_unknown_digest_fails():
    assert run("list", "--digest", "sha256:0").exit_code == 1
