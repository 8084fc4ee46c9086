"""`vigil subjects`: a person's consents, all that is kept of one, and its erasure. Over HTTP, with a tenant's key."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from cli.api import Key, call, connect, given

app = typer.Typer(no_args_is_help=True, help="Persons: consents, export, erasure.")
out = Console()
SubjectId = Annotated[str, typer.Argument(help="`subject_id`, as it was sent with the scores")]
Purposes = Annotated[list[str] | None, typer.Option(help="scoring, research or contact; more than once for more")]


@app.command("consent")
def consent_command(subject_id: SubjectId, key: Key = None) -> None:
    """Show what a person has consented to, and every declaration."""
    with connect(key) as client:
        _show(call(client, "GET", f"{_path(subject_id)}/consent"))


@app.command("declare")
def declare_command(
    subject_id: SubjectId,
    text: Annotated[str, typer.Option(help="Which text was shown, as `consent-2026-01`")],
    give: Purposes = None,
    withdraw: Purposes = None,
    by: Annotated[str, typer.Option(help="subject or representative")] = "subject",
    key: Key = None,
) -> None:
    """Record what a person gives or withdraws; who withdraws `scoring` is not scored any more."""
    purposes = dict.fromkeys(give or (), "given") | dict.fromkeys(withdraw or (), "withdrawn")
    body = {"purposes": purposes, "text_version": text, "declared_by": by}
    with connect(key) as client:
        _show(call(client, "PUT", f"{_path(subject_id)}/consent", json=body))


@app.command("export")
def export_command(
    subject_id: SubjectId,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the JSON; only you may read it")],
    key: Key = None,
) -> None:
    """Write all that is kept of a person to a file. Needs an admin's key."""
    found: dict[str, list[Any]] = {}
    cursor: str | None = None
    with connect(key) as client:
        while not found or cursor:
            page = call(client, "GET", f"{_path(subject_id)}/export", params=given(cursor=cursor))
            for store, entries in page["data"].items():
                found.setdefault(store, []).extend(entries)
            cursor = page["next_cursor"]
    file.touch(mode=0o600)
    file.chmod(0o600)  # one that was there keeps its own otherwise
    file.write_text(json.dumps(found, indent=2) + "\n")
    out.print(f"{file}: " + ", ".join(f"{len(entries)} {store}" for store, entries in found.items()), soft_wrap=True)


@app.command("erase")
def erase_command(
    subject_id: SubjectId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    key: Key = None,
) -> None:
    """Have all that is kept of a person erased; there is no way back. Needs an admin's key."""
    if not yes:
        typer.confirm(f"All that is kept of {subject_id} will be erased. Go on?", abort=True)
    with connect(key) as client:
        call(client, "DELETE", _path(subject_id))
    out.print(f"the erasure begins within minutes; `vigil subjects erasure {subject_id}` says when it is done")


@app.command("erasure")
def erasure_command(subject_id: SubjectId, key: Key = None) -> None:
    """Show how far an erasure is, and the certificates of those that are done. Needs an admin's key."""
    with connect(key) as client:
        told = call(client, "GET", f"{_path(subject_id)}/erasure")
    if running := told["running"]:
        counts = ", ".join(f"{count} {store}" for store, count in running["erased"].items() if count)
        out.print(f"under way since {running['requested_at']}, erased so far: {counts or 'nothing'}", soft_wrap=True)
    for certificate in told["certificates"]:
        out.print_json(certificate["payload"])
        out.print(f"signed ({certificate['algorithm']}) by {certificate['key_arn']}", soft_wrap=True)


def _path(subject_id: str) -> str:
    return f"/v1/subjects/{quote(subject_id, safe='')}"


def _show(consent: dict[str, Any]) -> None:
    out.print(", ".join(f"{purpose} {stance}" for purpose, stance in consent["purposes"].items()) or "nothing declared")
    table = Table("declared at", "purposes", "text", "by", box=None)
    for said in consent["history"]:
        purposes = ", ".join(f"{purpose} {stance}" for purpose, stance in said["purposes"].items())
        table.add_row(said["declared_at"][:19], purposes, said["text_version"], said["declared_by"])
    out.print(table)
