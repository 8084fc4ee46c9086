"""`vigil batch`: many subjects scored at once, from a file. Over HTTP, with a tenant's key."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from cli.api import Key, Refused, call, connect

BATCHES = "/v1/batches"
AT_AN_END = {"completed", "completed_with_errors", "failed", "cancelled"}
_STEP = 1 << 20
app = typer.Typer(no_args_is_help=True, help="Batches: many subjects scored at once.")
out = Console()
BatchId = Annotated[str, typer.Argument(help="`batch_id` of the list")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header, or NDJSON; may be gzip")]


@app.command("submit")
def submit_command(
    file: File,
    model: Annotated[str, typer.Option(help="Which model scores it")],
    form: Annotated[str | None, typer.Option("--format", help="csv or ndjson; default: by the file's name")] = None,
    wait: Annotated[bool, typer.Option(help="Stay, and show how far it is")] = False,
    key: Key = None,
) -> None:
    """Upload a file and have its rows scored. Ctrl-C leaves the batch running."""
    with connect(key) as client:
        batch = submit(client, file, model, form or _format(file))
        out.print(f"{batch['batch_id']}: {file.name} is there", highlight=False)
        if wait:
            follow(client, batch["batch_id"])


@app.command("show")
def show_command(batch_id: BatchId, key: Key = None) -> None:
    """Show how far a batch is."""
    with connect(key) as client:
        _show(call(client, "GET", f"{BATCHES}/{batch_id}"))


@app.command("wait")
def wait_command(batch_id: BatchId, key: Key = None) -> None:
    """Show how far a batch is until it ends. Ctrl-C leaves it running."""
    with connect(key) as client:
        follow(client, batch_id)


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most")] = 20, key: Key = None
) -> None:
    """List batches, newest first."""
    with connect(key) as client:
        page = call(client, "GET", BATCHES, params={"limit": limit})
    table = Table(Column("batch", no_wrap=True), "model", "format", "state", "created at", box=None)
    for batch in page["items"]:
        table.add_row(
            batch["batch_id"], batch["model"]["name"], batch["format"], batch["state"], batch["created_at"][:19]
        )
    out.print(table if page["items"] else "nothing")


@app.command("cancel")
def cancel_command(batch_id: BatchId, key: Key = None) -> None:
    """End a batch; what is scored already is not undone, but there are no results."""
    with connect(key) as client:
        _show(call(client, "POST", f"{BATCHES}/{batch_id}/cancel", json={}))


@app.command("results")
def results_command(
    batch_id: BatchId,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write; default: <batch>-results.<format>")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only the rows without an answer")] = False,
    key: Key = None,
) -> None:
    """Download the results of a batch."""
    output: Literal["results", "errors"] = "errors" if errors else "results"
    with connect(key) as client:
        target = fetch(client, batch_id, output, to)
    out.print(f"{target}: {target.stat().st_size} bytes", highlight=False)


def submit(client: httpx.Client, file: Path, model: str, form: str) -> dict[str, Any]:
    """Order a batch, upload its file and return the batch as it was ordered."""
    batch: dict[str, Any] = call(client, "POST", BATCHES, json={"model": model, "format": form})
    _upload(file, batch["upload"]["url"])
    return batch


def fetch(client: httpx.Client, batch_id: str, output: Literal["results", "errors"], to: Path | None) -> Path:
    """Download an output of a batch and return the file that it was written to."""
    found = call(client, "GET", f"{BATCHES}/{batch_id}/{output}")
    target = to or Path(f"{batch_id}-{output}.{found['format']}")
    with httpx.stream("GET", found["url"], trust_env=False, timeout=60) as answer, target.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_bytes(_STEP):
            file.write(piece)
    return target


def _format(file: Path) -> str:
    name = file.name.removesuffix(".gz")
    if name.endswith(".csv"):
        return "csv"
    if name.endswith((".ndjson", ".jsonl")):
        return "ndjson"
    raise typer.BadParameter("say --format csv or --format ndjson: the file's name does not tell")


def _upload(file: Path, url: str) -> None:
    size = file.stat().st_size
    with _bar("bytes") as bar:
        task = bar.add_task("upload", total=size)
        content = _pieces(file, lambda count: bar.advance(task, count))
        answer = httpx.put(url, content=content, headers={"Content-Length": str(size)}, timeout=60, trust_env=False)
    if not answer.is_success:
        raise Refused(f"the upload was answered {answer.status_code}")


def _pieces(file: Path, told: Any) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(_STEP):
            yield piece
            told(len(piece))


def follow(client: httpx.Client, batch_id: str) -> None:
    """Show a bar until the batch ends; exit code 1 unless it completed."""
    try:
        with _bar("rows") as bar:
            task = bar.add_task("waiting", total=None)
            while (batch := call(client, "GET", f"{BATCHES}/{batch_id}"))["state"] not in AT_AN_END:
                rows = batch["rows"]
                bar.update(task, description=batch["state"], completed=rows["done"], total=rows["total"])
                time.sleep(0.5)
    except KeyboardInterrupt:
        out.print(f"\nThe batch goes on without you: vigil batch wait {batch_id}", highlight=False)
        raise typer.Exit(130) from None
    _show(batch)
    if not batch["state"].startswith("completed"):
        raise typer.Exit(1)


def _bar(unit: str) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn(),
        console=out, transient=True,
    )  # fmt: skip


def _show(batch: dict[str, Any]) -> None:
    rows, model = batch["rows"], batch["model"]
    table = Table(show_header=False, box=None)
    table.add_row("batch", batch["batch_id"])
    table.add_row("model", model["name"] + (f" version {model['version']}" if model["version"] else ""))
    table.add_row("state", batch["state"] + (f": {batch['reason']}" if batch["reason"] else ""))
    if rows["total"] is not None:
        table.add_row("rows", f"{rows['done']} of {rows['total']}, {rows['failed']} without an answer")
    if batch["rate"]:
        table.add_row("rate", f"{batch['rate']} rows a second")
    if batch["seconds_left"] is not None:
        table.add_row("left", f"{batch['seconds_left']:.0f} s")
    for first, last in batch["lost_rows"]:
        table.add_row("lost", f"rows {first} to {last}: their part of the file was given up")
    out.print(table)
