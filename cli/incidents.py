"""`vigil incident`: opens incidents, walks through their runbooks, and prints their reports, through the API."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from cli.api import Key, connect, request, request_json
from cli.incident_walk import INCIDENTS, Fields, Walk
from cli.strict_commands import parse_pairs
from cli.tables import TableConsole
from cli.terminal import visible, visible_lines

app = typer.Typer(no_args_is_help=True, help="Work with incidents: open, walk through, report. Needs an operator key.")
out = TableConsole()
IncidentId = Annotated[str, typer.Argument(help="Id of the incident; `vigil incident list` shows it")]
_SUBJECTS = ("function", "model", "tenant_id", "key_ids", "circuit", "flag", "queue")
_MARKS = {"ok": "✓", "faulty": "✗", "unknown": "?"}


class _Person:
    """The person at the terminal."""

    def choose(self, step: Fields) -> str:
        out.print(f"{step['number']}. {step['title']}: {', '.join(step['choices'])}", highlight=False)
        return str(typer.prompt("Action", default=step["choices"][0]))

    def confirms(self, step: Fields) -> bool:
        who = "A second person must agree. " if step["needs_second_person"] else ""
        return bool(typer.confirm(f"{who}Make these changes?"))

    def signs(self, step: Fields) -> tuple[str, str] | None:
        out.print(f"{step['number']}. {step['title']}")
        text = "Note of the sign-off (at least 10 characters; empty to stop here)"
        note = str(typer.prompt(text, default="", show_default=False))
        return (str(typer.prompt("Signed by")), note) if note else None

    def skips(self, step: Fields) -> str | None:
        text = f"Note to skip step {step['number']} (empty to stop here)"
        note = typer.prompt(text, default="", show_default=False)
        return str(note) or None

    def sees(self, step: Fields) -> None:
        show_step(step)


@app.command("open")
def open_command(
    incident_type: Annotated[
        str | None,
        typer.Argument(
            metavar="[TYPE]",
            help="service_down, high_error_rate, model_failure, database_issue or security_breach",
        ),
    ] = None,
    alert: Annotated[str | None, typer.Option(help="Open from this alert, which has a runbook")] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(
            help="Subject, such as function=scoring_api; may be repeated, with another name. "
            f"Names: {', '.join(_SUBJECTS)}; key_ids=ID,ID names several keys"
        ),
    ] = None,
    key: Key = None,
) -> None:
    """Open an incident and show its steps."""
    body = {"type": incident_type, "alert": alert, "scope": _scope(about or [])}
    with connect(key) as client:
        given = {name: value for name, value in body.items() if value is not None}
        _show(request_json(client, "POST", INCIDENTS, json=given))


@app.command("list")
def list_command(
    state: Annotated[str, typer.Option(help="open or resolved")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Maximum number of incidents")] = 20,
    key: Key = None,
) -> None:
    """List incidents, latest first."""
    with connect(key) as client:
        found = request_json(client, "GET", INCIDENTS, params={"state": state, "limit": limit})["items"]
    table = Table("id", "type", "state", "opened", "due", "escalated", box=None)
    for each in found:
        texts = [each[name] or "" for name in ("id", "type", "state", "opened_at", "due_at", "escalated_at")]
        table.add_row(*map(visible, texts))
    out.print(table if found else f"There are no incidents in the state {state}.")
    other = "resolved" if state == "open" else "open"
    out.print(f"`vigil incident list --state {other}` shows the {other} ones.", highlight=False)


@app.command("show")
def show_command(incident_id: IncidentId, key: Key = None) -> None:
    """Show an incident with its steps."""
    with connect(key) as client:
        _show(request_json(client, "GET", _path(incident_id)))


@app.command("walk")
def walk_command(
    incident_id: IncidentId,
    second_key: Annotated[
        str | None,
        typer.Option(envvar="VIGIL_SECOND_API_KEY", help="Key of a second operator, who confirms actions of a breach"),
    ] = None,
    key: Key = None,
) -> None:
    """Walk through the runbook of an incident: run each step, confirm actions, sign manual steps, and resolve it.

    The note of a sign-off has at least 10 characters. A walk that was stopped continues at its next step.
    """
    with connect(key) as client, connect(second_key or key) as second:
        after = Walk(client, second, _Person(), out).run(quote(incident_id, safe=""))
        open_steps = [step for step in after["steps"] if step["status"] not in {"done", "skipped"}]
        if not open_steps and after["state"] == "open":
            cause = typer.prompt("Cause (may be empty)", default="", show_default=False)
            after = request_json(client, "POST", f"{_path(incident_id)}/resolve", json={"cause": cause})
    _show(after)
    if after["state"] == "open":
        out.print(f"To continue: vigil incident walk {incident_id}")
        raise typer.Exit(1)


@app.command("report")
def report_command(
    incident_id: IncidentId,
    output: Annotated[Path | None, typer.Option(help="File for the report. Default: the terminal")] = None,
    key: Key = None,
) -> None:
    """Print the report of an incident as Markdown."""
    with connect(key) as client:
        report = request(client, "GET", f"{_path(incident_id)}/report", params={"format": "markdown"}).text
    if output:
        output.write_text(report, encoding="utf-8")
    else:
        typer.echo(visible_lines(report))


@app.command("escalate")
def escalate_command(
    incident_id: IncidentId, note: Annotated[str, typer.Option(help="Reason. Do not name patients")], key: Key = None
) -> None:
    """Escalate an incident: it becomes a CRITICAL alert of the operators."""
    with connect(key) as client:
        _show(request_json(client, "POST", f"{_path(incident_id)}/escalate", json={"note": note}))


def show_step(step: Fields) -> None:
    """Print the result of a step: its verdict or state, its facts and its effects."""
    mark = _MARKS.get(step["verdict"], "·")
    out.print(f"   {mark} {visible(step['summary'] or step['status'])}", highlight=False)
    for effect in step["effects"]:
        out.print(f"     change: {visible(effect)}", highlight=False)
    for name, text in step["facts"].items():
        out.print(f"     {visible(name)}: {visible(text)}", highlight=False)


def _scope(about: list[str]) -> dict[str, str | list[str]]:
    """Return the scope of options such as `function=scoring_api`. Raises BadParameter."""
    pairs = parse_pairs(about, "--about", "function=scoring_api", _SUBJECTS)
    return {name: value.split(",") if name == "key_ids" else value for name, value in pairs.items()}


def _path(incident_id: str) -> str:
    return f"{INCIDENTS}/{quote(incident_id, safe='')}"


def _show(incident: Fields) -> None:
    head = f"{incident['id']}  {incident['title']}  {incident['state']}"
    escalated = f", escalated at {incident['escalated_at']}" if incident["escalated_at"] else ""
    out.print(f"{visible(head)}, due at {incident['due_at']}{escalated}", highlight=False)
    table = Table("step", "kind", "title", "state", "verdict", "result", box=None)
    for step in incident["steps"]:
        texts = (step["kind"], step["title"], step["status"], step["verdict"] or "", step["summary"])
        table.add_row(str(step["number"]), *map(visible, texts))
    out.print(table)
