"""A step of `vigil local up` without an answer in time names the remedy and the log."""

import pytest
from botocore.exceptions import ReadTimeoutError
from typer.testing import CliRunner

from cli import local
from cli.main import app
from vigil.errors import Unavailable


@pytest.mark.parametrize(
    "error", [Unavailable("The access table did not answer."), ReadTimeoutError(endpoint_url="http://127.0.0.1:1")]
)
def test_a_failed_step_of_a_busy_machine_names_remedy_and_log(tmp_path, monkeypatch, error):
    def run(_):
        raise error

    monkeypatch.setattr(local, "STATE", tmp_path)
    monkeypatch.setattr(local, "stack_parameters", run)
    result = CliRunner().invoke(app, ["local", "up", "--state-dir", str(tmp_path)])
    assert result.exit_code == 1
    for text in (str(error), "run `make demo` again; finished steps are skipped", str(tmp_path / "ministack.log")):
        assert text in result.stderr
