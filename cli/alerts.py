"""`vigil alerts`: lists, acknowledges, resolves and silences alerts, and names the members on call, through the API."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import typer
from rich.table import Table

from cli.api import Key, connect, request_items, request_json, without_none
from cli.strict_commands import parse_pairs
from cli.tables import TableConsole, item_table

ALERTS, ALERTING = "/v1/alerts", "/v1/alerting"
_DURATION = re.compile(r"[1-9][0-9]{0,3}[mhd]", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_COLUMNS = ("id", "state", "severity", "type", "source", "count", "started_at", "title")
_SILENCE_COLUMNS = ("id", "silenced", "state", "starts_at", "ends_at", "holds_critical", "created_by", "reason")
_ON_CALL_COLUMNS = ("schedule", "name", "member", "address", "until", "local_until")
app = typer.Typer(no_args_is_help=True, help="List, acknowledge, resolve and silence alerts; show the member on call.")
out = TableConsole()
AlertId = Annotated[str, typer.Argument(help="Id of the alert; `vigil alerts list` shows it")]


@app.command("list")
def list_command(
    state: Annotated[
        str | None, typer.Option(help="Show one state: firing, acknowledged or resolved. Default: the first two")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Show one severity: INFO, WARNING, ERROR or CRITICAL")] = None,
    alert_type: Annotated[str | None, typer.Option("--type", help="Show one type, such as system_down")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of alerts")] = 50,
    key: Key = None,
) -> None:
    """List alerts, newest first."""
    with connect(key) as client:
        alerts = request_items(client, ALERTS, limit, state=state, severity=severity, type=alert_type)
    out.print(item_table(alerts, _COLUMNS) if alerts else "There are no such alerts.")


@app.command("show")
def show_command(alert_id: AlertId, key: Key = None) -> None:
    """Show an alert with its notices."""
    with connect(key) as client:
        _show(request_json(client, "GET", _alert(alert_id)))


@app.command("acknowledge")
def acknowledge_command(alert_id: AlertId, key: Key = None) -> None:
    """Acknowledge an alert, which stops its escalation."""
    with connect(key) as client:
        _show(request_json(client, "POST", f"{_alert(alert_id)}/acknowledge"))


@app.command("resolve")
def resolve_command(alert_id: AlertId, key: Key = None) -> None:
    """Resolve an alert by hand."""
    with connect(key) as client:
        _show(request_json(client, "POST", f"{_alert(alert_id)}/resolve"))


@app.command("test")
def send_test_command(
    severity: Annotated[str, typer.Option(help="INFO, WARNING, ERROR or CRITICAL; it decides the route")] = "INFO",
    key: Key = None,
) -> None:
    """Send a test alert through routes, policies and channels."""
    with connect(key) as client:
        accepted = request_json(client, "POST", f"{ALERTING}/test", json={"severity": severity})
    alert_id = accepted["alert_id"]
    out.print(f"sent the alert {alert_id}; `vigil alerts show {alert_id}` shows the answers of its channels")


@app.command("silence")
def silence_command(
    reason: Annotated[str, typer.Argument(help="Reason, for other people")],
    duration: Annotated[str, typer.Option("--for", help="Duration, such as 30m, 2h or 7d; at most 30 days")] = "1h",
    alert_type: Annotated[list[str] | None, typer.Option("--type", help="Silence this type; may be repeated")] = None,
    source: Annotated[str, typer.Option(help="Silence sources that begin with this text, such as queue.")] = "",
    label: Annotated[list[str] | None, typer.Option(help="Silence this label, name=value; may be repeated")] = None,
    critical: Annotated[bool, typer.Option("--critical", help="Hold CRITICAL alerts too, for at most 4 hours")] = False,
    key: Key = None,
) -> None:
    """Silence matching alerts for a time from now on. Alerts that still fire at its end are notified then."""
    from vigil.bootstrap import process

    if not (alert_type or source or label):
        raise typer.BadParameter("name the alerts with --type, --source or --label; the API can silence all alerts")
    matcher = {"types": alert_type or [], "source": source, "labels": parse_pairs(label or (), "--label", "region=eu")}
    ends_at = (process.now() + _time_span(duration)).isoformat()
    body = {"matcher": matcher, "ends_at": ends_at, "reason": reason, "holds_critical": critical}
    with connect(key) as client:
        silence = request_json(client, "POST", f"{ALERTING}/silences", json=body)
    out.print(f"{silence['id']} until {silence['ends_at']}; `vigil alerts unsilence {silence['id']}` ends it.")


@app.command("silences")
def silences_command(key: Key = None) -> None:
    """List silences, ended ones included."""
    with connect(key) as client:
        items = request_json(client, "GET", f"{ALERTING}/silences")["items"]
    rows = [item | {"silenced": _matched(item["matcher"])} for item in items]
    out.print(item_table(rows, _SILENCE_COLUMNS) if rows else "There are no silences.")


@app.command("unsilence")
def unsilence_command(
    silence_id: Annotated[str, typer.Argument(help="Id of the silence; `vigil alerts silences` shows it")],
    key: Key = None,
) -> None:
    """End a silence now."""
    with connect(key) as client:
        request_json(client, "DELETE", f"{ALERTING}/silences/{quote(silence_id, safe='')}")
    out.print(f"ended the silence {silence_id}")


@app.command("on-call")
def on_call_command(
    schedule_id: Annotated[str | None, typer.Argument(help="Id of a schedule. Default: all schedules")] = None,
    at: Annotated[str | None, typer.Option(help="Time with UTC offset, such as 2026-12-24T18:00:00+01:00")] = None,
    key: Key = None,
) -> None:
    """Show the member on call of each schedule, and the end of the shift in UTC and in the zone of the schedule."""
    with connect(key) as client:
        path = f"{ALERTING}/schedules"
        if schedule_id:
            schedules = [request_json(client, "GET", f"{path}/{quote(schedule_id, safe='')}")]
        else:
            schedules = request_json(client, "GET", path)["items"]
        rows = [_on_call_row(client, schedule, at) for schedule in schedules]
    out.print(item_table(rows, _ON_CALL_COLUMNS) if rows else "There are no schedules.")


def _on_call_row(client: httpx.Client, schedule: dict[str, Any], at: str | None) -> dict[str, Any]:
    path = f"{ALERTING}/schedules/{schedule['id']}/on-call"
    found = request_json(client, "GET", path, params=without_none(at=at))
    member = found["member"] or {"name": "no member"}
    until = found["until"]
    local = f"{_wall_time(until, schedule['zone'])} {schedule['zone']}" if until else None
    fields = {"member": member["name"], "address": member.get("address"), "until": until, "local_until": local}
    return {"schedule": schedule["id"], "name": schedule["name"], **fields}


def _wall_time(timestamp: str, zone: str) -> str:
    """Return a timestamp as local time in whole minutes, such as `2026-11-23 09:00`."""
    return f"{datetime.fromisoformat(timestamp).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _alert(alert_id: str) -> str:
    return f"{ALERTS}/{quote(alert_id, safe='')}"


def _time_span(text: str) -> timedelta:
    from vigil.alerting.policies.model import MAX_SILENCE

    span = timedelta(**{_UNITS[text[-1]]: int(text[:-1])}) if _DURATION.fullmatch(text) else None
    if span is None or span > MAX_SILENCE:
        form = f"must be a number and m, h or d, such as 30m, 2h or 7d, and at most {MAX_SILENCE.days}d."
        raise typer.BadParameter(form, param_hint="--for")
    return span


def _show(alert: dict[str, Any]) -> None:
    """Print the fields of an alert, one a line, and its notices."""
    table = Table(show_header=False, box=None)
    for name, value in alert.items():
        if name != "notices" and value not in (None, "", {}):
            pairs = value.items() if isinstance(value, dict) else ()
            table.add_row(name, ", ".join(f"{part}={text}" for part, text in pairs) or str(value))
    for notice in alert.get("notices") or ():
        parts = (notice.get("action"), notice.get("channel"), notice.get("state"), notice.get("reason"))
        table.add_row(str(notice.get("created_at", "")), " · ".join(str(part) for part in parts if part))
    out.print(table)


def _matched(matcher: Mapping[str, Any]) -> str:
    """Return the condition of a matcher in the words of the options of `silence`."""
    types = [f"type {name}" for name in matcher["types"]]
    labels = [f"label {name}={value}" for name, value in matcher["labels"].items()]
    given = [f"{name} {matcher[name]}" for name in ("severity", "source") if matcher[name]]
    return ", ".join([" or ".join(types), *given, *labels]).strip(", ") or "all alerts"
