"""`vigil failures`: lists, shows, resolves, ignores and reopens groups of errors, through the API."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from cli.api import Key, connect, request_json
from cli.tables import TableConsole

FAILURES = "/v1/failures"
_COLUMNS = ("id", "kind", "count", "generation", "last_seen", "title")
_OCCURRENCE = ("at", "function", "function_version", "request_id", "tenant_id", "route", "problem")
app = typer.Typer(
    no_args_is_help=True, help="List, resolve and ignore errors of the deployment, grouped by their cause."
)
out = TableConsole()
FailureId = Annotated[str, typer.Argument(help="Id of the failure; `vigil failures list` shows it")]


@app.command("list")
def list_command(
    state: Annotated[str, typer.Option(help="Show one state: open, resolved or ignored")] = "open",
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of failures")] = 50,
    key: Key = None,
) -> None:
    """List groups of failures, latest failure first."""
    query: dict[str, Any] = {"state": state, "limit": min(limit, 100)}
    failures: list[dict[str, Any]] = []
    with connect(key) as client:
        more = True
        while more and len(failures) < limit:
            page = request_json(client, "GET", FAILURES, params=query)
            failures += page["items"]
            query["cursor"] = page["next_cursor"]
            more = page["next_cursor"] is not None
    out.print(_table(failures[:limit], _COLUMNS) if failures else "There are no such failures.")


@app.command("show")
def show_command(failure_id: FailureId, key: Key = None) -> None:
    """Show a group with its frames and its latest failures."""
    with connect(key) as client:
        _show(request_json(client, "GET", _failure(failure_id)))


@app.command("resolve")
def resolve_command(failure_id: FailureId, key: Key = None) -> None:
    """Resolve a group. A failure of a later version is a regression and alerts."""
    _change(failure_id, "resolve", key)


@app.command("ignore")
def ignore_command(failure_id: FailureId, key: Key = None) -> None:
    """Ignore a group: its failures are counted without alerts."""
    _change(failure_id, "ignore", key)


@app.command("reopen")
def reopen_command(failure_id: FailureId, key: Key = None) -> None:
    """Open a resolved or ignored group again."""
    _change(failure_id, "reopen", key)


def _change(failure_id: str, change: str, key: str | None) -> None:
    with connect(key) as client:
        _show(request_json(client, "POST", f"{_failure(failure_id)}/{change}"))


def _failure(failure_id: str) -> str:
    return f"{FAILURES}/{quote(failure_id, safe='')}"


def _table(items: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    table = Table(*columns, box=None)
    for item in items:
        table.add_row(*("" if item.get(column) is None else str(item[column]) for column in columns))
    return table


def _show(failure: dict[str, Any]) -> None:
    """Print the fields of a group, one a line, and its latest failures."""
    table = Table(show_header=False, box=None)
    for name, value in failure.items():
        if name != "occurrences" and value not in (None, "", {}, []):
            table.add_row(name, _text(value))
    out.print(table)
    out.print(_table(failure["occurrences"], _OCCURRENCE))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={text}" for name, text in value.items())
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
