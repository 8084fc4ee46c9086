"""`vigil circuits`: lists, resets and opens circuit breakers, through the API."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from cli.api import Key, connect, request_json
from cli.tables import TableConsole

CIRCUITS = "/v1/circuit-breakers"
app = typer.Typer(no_args_is_help=True, help="List, reset and open circuit breakers of vendors and endpoints.")
out = TableConsole()
Name = Annotated[str, typer.Argument(help="Name of the circuit; `vigil circuits list` shows it")]
Reason = Annotated[str, typer.Option(help="Reason for people, which is stored. Do not name persons")]


@app.command("list")
def list_command(key: Key = None) -> None:
    """List the circuits of the deployment, and those of your own endpoints and channels."""
    with connect(key) as client:
        circuits = request_json(client, "GET", CIRCUITS)["items"]
    out.print(_table(circuits) if circuits else "There are no circuits. A circuit exists from its first call.")


@app.command("reset")
def reset_command(name: Name, reason: Reason, key: Key = None) -> None:
    """Close a circuit and remove its failures. All processes apply it within 5 s."""
    _change(name, "reset", reason, key)


@app.command("open")
def open_command(name: Name, reason: Reason, key: Key = None) -> None:
    """Refuse all calls of a circuit until its reset."""
    _change(name, "open", reason, key)


def _change(name: str, change: str, reason: str, key: str | None) -> None:
    with connect(key) as client:
        path = f"{CIRCUITS}/{quote(name, safe='')}/{change}"
        out.print(_table([request_json(client, "POST", path, json={"reason": reason})]))


def _table(circuits: list[dict[str, Any]]) -> Table:
    table = Table("name", "scope", "state", "until", "answered", "failed", "refused", box=None)
    for circuit in circuits:
        calls = circuit["all_calls"]
        numbers = (str(calls[name]) for name in ("answered", "failed", "refused"))
        table.add_row(circuit["name"], circuit["scope"], _state(circuit), _until(circuit), *numbers)
    return table


def _state(circuit: dict[str, Any]) -> str:
    return "open by hand" if circuit["forced"] else str(circuit["state"])


def _until(circuit: dict[str, Any]) -> str:
    """Return the time of the next test call, the end of a vendor's pause, or an empty text."""
    return str(circuit["retry_at"] or circuit["throttled_until"] or "")
