"""`vigil models health|findings|acknowledge|rebase`: health of a model and findings about it, through the API."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from cli.api import Key, connect, request, request_items, request_json, without_none
from cli.models import ModelName
from cli.tables import TableConsole, item_table
from cli.terminal import visible

FindingId = Annotated[str, typer.Argument(help="Id of the finding; `vigil models findings NAME` shows it")]
Reason = Annotated[
    str, typer.Option(help="Why the finding needs no more attention, 10 to 500 characters. Do not name patients")
]
_COLUMNS = ("id", "state", "version", "source", "kind", "day", "recommendation")
_FIELDS = ("id", "state", "version", "source", "kind", "since", "day", "text", "next_step")
_DECISION = ("decided_at", "decided_by", "reason")
out = TableConsole()


def health_command(
    name: ModelName,
    version: Annotated[int | None, typer.Option(min=1, help="Version. Default: the champion")] = None,
    source: Annotated[str, typer.Option(help="single (requests) or batch")] = "single",
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day in UTC. Default: yesterday")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="File for the report as a page without scripts")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON")] = False,
    key: Key = None,
) -> None:
    """Show the health of a model for your decisions: state, next steps, and the strongest changes."""
    if html is not None and as_json:
        raise typer.BadParameter("cannot be combined with --json; run the command twice", param_hint="--html")
    day = until.date().isoformat() if until else None
    query = without_none(version=str(version) if version else None, source=source, until=day)
    with connect(key) as client:
        if html is not None:
            page = request(client, "GET", _health(name), params=query, headers={"Accept": "text/html"})
            html.write_bytes(page.content)
            out.print(f"wrote {html}", soft_wrap=True)
            return
        report = request_json(client, "GET", _health(name), params=query)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _show_report(report)


def findings_command(
    name: ModelName,
    state: Annotated[
        str | None, typer.Option(help="Show one state: open, acknowledged or rebased. Default: all")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of findings")] = 50,
    key: Key = None,
) -> None:
    """List the findings about your decisions of a model, the newest day first."""
    with connect(key) as client:
        found = request_items(client, _findings(name), limit, state=state)
    out.print(item_table(found, _COLUMNS) if found else "There are no such findings.")


def acknowledge_command(name: ModelName, finding_id: FindingId, reason: Reason, key: Key = None) -> None:
    """Acknowledge an open finding: its alert ends, and a finding about a group no longer stops promotions."""
    _decide(name, finding_id, "acknowledge", reason, key)


def rebase_command(name: ModelName, finding_id: FindingId, reason: Reason, key: Key = None) -> None:
    """Accept the change of an open finding as the usual state: a new baseline of drift begins."""
    _decide(name, finding_id, "rebase", reason, key)


def _decide(name: str, finding_id: str, decision: str, reason: str, key: str | None) -> None:
    path = f"{_findings(name)}/{quote(finding_id, safe='')}/{decision}"
    with connect(key) as client:
        finding = request_json(client, "POST", path, json={"reason": reason})
    table = Table(show_header=False, box=None)
    for field in (*_FIELDS, *_DECISION):
        table.add_row(field, visible(str(finding[field])))
    out.print(table)


def _health(name: str) -> str:
    return f"/v1/models/{quote(name, safe='')}/health"


def _findings(name: str) -> str:
    return f"{_health(name)}/findings"


def _show_report(report: dict[str, Any]) -> None:
    status, volume, budget = report["status"], report["volume"], report["budget"]
    out.print(f"{report['model']} version {report['version']}, {report['source']}, until {report['until']}")
    out.print(visible(status["headline"]), style="bold")
    for finding in status["findings"]:
        out.print(visible(finding["text"]), soft_wrap=True)
    for step in status["advice"]:
        out.print(f"* {visible(step)}", soft_wrap=True)
    out.print(f"decisions from {volume['start']}: {_count(volume['decisions'])}; counted: {_count(volume['counted'])}")
    by_chance = f"{budget['expected_per_year']:g} a year"
    out.print(f"alarms since {budget['since']}: {budget['used']}; by chance alone: {by_chance}")
    for label in ("estimated", "confirmed"):
        if report[label] and (text := _performance(report[label])):
            out.print(f"{label}: {text}")
    if trial := report["trial"]:
        out.print(f"challenger {trial['challenger']} until {trial['until']}: {_trial(trial)}", soft_wrap=True)
    if changes := [row for row in report["drift"] if row["effect"]][:5]:
        out.print(_changes(changes))


def _performance(performance: dict[str, Any]) -> str:
    """Return the measures that can be shown, such as `auc 0.71 (0.68 to 0.74)`."""
    if performance["is_withdrawn"]:
        return "withdrawn, because the calibration failed"
    measures = ((each["name"], each["estimate"]) for each in performance["measures"])
    return "; ".join(f"{name} {_interval(shown)}" for name, shown in measures if shown["value"] is not None)


def _trial(trial: dict[str, Any]) -> str:
    """Return the verdict on a challenger, with the difference of the Brier scores if it can be shown."""
    text = f"{trial['verdict']} on {_count(trial['rows'])} outcomes"
    if trial["brier_difference"] is None:
        return text
    return f"{text}; Brier score {_interval(trial['brier_difference'])} (below 0 is better)"


def _changes(rows: list[dict[str, Any]]) -> Table:
    table = Table("strongest changes", "aspect", "size", "since", box=None)
    for row in rows:
        size = f"{row['effect']['measure']} {_interval(row['effect'])}"
        table.add_row(visible(row["subject"]), row["aspect"], size, row["since"] or "")
    return table


def _interval(shown: dict[str, Any]) -> str:
    if shown["low"] is None or shown["high"] is None:
        return f"{shown['value']:g}"
    return f"{shown['value']:g} ({shown['low']:g} to {shown['high']:g})"


def _count(rows: int | None) -> str:
    return "fewer than 11" if rows is None else f"{rows:,}"
