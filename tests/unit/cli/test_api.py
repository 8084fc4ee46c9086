"""Tests of the errors that every command prints."""

from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from cli.api import RequestFailed, request
from cli.main import _Group


def test_output_in_absent_folder_names_path_and_remedy(tmp_path: Path) -> None:
    app = typer.Typer(cls=_Group)
    path = tmp_path / "absent" / "report.md"

    @app.command("write")
    def write() -> None:
        path.write_text("x")

    @app.callback()
    def root() -> None:
        """Group of the command."""

    result = CliRunner().invoke(app, ["write"])

    assert result.exit_code == 1
    assert str(path) in result.stderr
    assert "name another path" in result.stderr


@pytest.mark.parametrize(("status", "remedy"), [(401, "VIGIL_API_KEY"), (404, "VIGIL_API_URL"), (502, "vigil doctor")])
def test_refusal_without_remedy_gets_one(status: int, remedy: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    with (
        httpx.Client(transport=transport, base_url="https://api.test") as client,
        pytest.raises(RequestFailed, match=remedy),
    ):
        request(client, "GET", "/v1/x")


def test_conflict_prints_the_sentence_of_the_server() -> None:
    body = {"title": "The request does not fit the state of the resource", "detail": "The incident is resolved."}
    headers = {"Content-Type": "application/problem+json"}
    transport = httpx.MockTransport(lambda _: httpx.Response(409, json=body, headers=headers))
    with (
        httpx.Client(transport=transport, base_url="https://api.test") as client,
        pytest.raises(RequestFailed, match=r"^The incident is resolved\.$"),
    ):
        request(client, "GET", "/v1/x")


def test_absent_server_names_the_start_command() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        httpx.Client(transport=httpx.MockTransport(refuse), base_url="https://api.test") as client,
        pytest.raises(RequestFailed, match="make up"),
    ):
        request(client, "GET", "/v1/x")


def test_each_page_of_operations_is_listed() -> None:
    folder = Path(__file__).parents[3] / "docs/operations"
    listed = (folder / "README.md").read_text()
    assert [
        page.name for page in folder.glob("*.md") if page.name != "README.md" and f"({page.name})" not in listed
    ] == []
