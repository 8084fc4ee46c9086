"""`vigil subjects`: consents of a person, export and erasure of its data, through the API."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.table import Table

from cli.api import Key, connect, request_json, without_none
from cli.tables import TableConsole
from cli.terminal import visible

app = typer.Typer(no_args_is_help=True, help="Record consents of persons, and export or erase their data.")
out = TableConsole()
_PAGE = 100
"""Declarations per request."""
SubjectId = Annotated[str, typer.Argument(help="Id of the person: the `subject_id` of score requests")]
Purposes = Annotated[list[str] | None, typer.Option(help="scoring, research or contact; may be repeated")]


@app.command("lookup")
def lookup_command(subject_id: SubjectId, key: Key = None) -> None:
    """Print the pseudonym of a person: `subject` in the paths and answers of the API."""
    with connect(key) as client:
        typer.echo(visible(_find_pseudonym(client, subject_id)))


@app.command("consent")
def consent_command(subject_id: SubjectId, key: Key = None) -> None:
    """Show the consents of a person and all of its declarations."""
    with connect(key) as client:
        _show(client, subject_id)


@app.command("declare")
def declare_command(
    subject_id: SubjectId,
    text: Annotated[str, typer.Option(help="Version of the consent text, such as consent-2026-01")],
    give: Purposes = None,
    withdraw: Purposes = None,
    by: Annotated[str, typer.Option(help="Declared by: subject or representative")] = "subject",
    key: Key = None,
) -> None:
    """Record the consents that a person gives or withdraws. Without consent to `scoring`, the person is not scored."""
    if both := ", ".join(sorted({*(give or ())} & {*(withdraw or ())})):
        raise typer.BadParameter(f"{both} is also in --give. Name it in one of the two.", param_hint="--withdraw")
    purposes = dict.fromkeys(give or (), "given") | dict.fromkeys(withdraw or (), "withdrawn")
    body = {"purposes": purposes, "text_version": text, "declared_by": by}
    with connect(key) as client:
        request_json(client, "PUT", f"{_path(client, subject_id)}/consent", json=body)
        _show(client, subject_id)


@app.command("export")
def export_command(
    subject_id: SubjectId,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="JSON file to write; only its owner may read it")],
    key: Key = None,
) -> None:
    """Write all stored data of a person to a file. Needs an admin key."""
    found: dict[str, list[Any]] = {}
    cursor: str | None = None
    with connect(key) as client:
        path = f"{_path(client, subject_id)}/export"
        while not found or cursor:
            page = request_json(client, "GET", path, params=without_none(cursor=cursor))
            for store, entries in page["data"].items():
                found.setdefault(store, []).extend(entries)
            cursor = page["next_cursor"]
    file.touch(mode=0o600)
    file.chmod(0o600)  # an existing file has its own mode
    file.write_text(json.dumps(found, indent=2) + "\n")
    out.print(f"{file}: " + ", ".join(f"{len(entries)} {store}" for store, entries in found.items()), soft_wrap=True)


@app.command("erase")
def erase_command(
    subject_id: SubjectId,
    yes: Annotated[bool, typer.Option("--yes", help="Skip the confirmation")] = False,
    key: Key = None,
) -> None:
    """Erase all stored data of a person. This cannot be undone. Needs an admin key."""
    if not yes:
        typer.confirm(f"All stored data of {subject_id} will be erased. Continue?", abort=True)
    with connect(key) as client:
        request_json(client, "DELETE", _path(client, subject_id))
    out.print(f"The erasure starts within minutes. `vigil subjects erasure {subject_id}` shows its progress.")


@app.command("erasure")
def erasure_command(subject_id: SubjectId, key: Key = None) -> None:
    """Show the progress of an erasure and the certificates of finished ones. Needs an admin key."""
    with connect(key) as client:
        erasure = request_json(client, "GET", f"{_path(client, subject_id)}/erasure")
    if running := erasure["running"]:
        counts = ", ".join(f"{count} {store}" for store, count in running["erased"].items() if count)
        out.print(f"running since {running['requested_at']}, erased so far: {counts or 'nothing'}", soft_wrap=True)
    for certificate in erasure["certificates"]:
        out.print_json(certificate["payload"])
        out.print(f"signed ({certificate['algorithm']}) by {certificate['key_arn']}", soft_wrap=True)


def _path(client: httpx.Client, subject_id: str) -> str:
    """Return the path of a person, which has the pseudonym instead of the id."""
    return f"/v1/subjects/{quote(_find_pseudonym(client, subject_id), safe='')}"


def _find_pseudonym(client: httpx.Client, subject_id: str) -> str:
    found = request_json(client, "POST", "/v1/subjects/lookup", json={"subject_id": subject_id})
    return str(found["subject"])


def _show(client: httpx.Client, subject_id: str) -> None:
    path, query, declarations = f"{_path(client, subject_id)}/consent", dict[str, Any](limit=_PAGE), list[Any]()
    while True:
        consent = request_json(client, "GET", path, params=query)
        declarations += consent["history"]
        query["cursor"] = consent["next_cursor"]
        if query["cursor"] is None:
            break
    out.print(", ".join(f"{purpose} {stance}" for purpose, stance in consent["purposes"].items()) or "no declarations")
    table = Table("declared (UTC)", "purposes", "text", "by", box=None)
    for declaration in declarations:
        purposes = ", ".join(f"{purpose} {stance}" for purpose, stance in declaration["purposes"].items())
        table.add_row(
            declaration["declared_at"][:19], purposes, declaration["text_version"], declaration["declared_by"]
        )
    out.print(table)
