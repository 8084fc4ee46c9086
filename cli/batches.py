"""`vigil batch`: scores the rows of a file through the API."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from cli.api import Key, connect, open_download, request_json, upload
from cli.tables import TableConsole

BATCHES = "/v1/batches"
FINAL_STATES = {"completed", "completed_with_errors", "failed", "cancelled"}
_BLOCK_BYTES = 1 << 20
app = typer.Typer(no_args_is_help=True, help="Score the rows of a file as one batch.")
out = TableConsole()
BatchId = Annotated[str, typer.Argument(help="Id of the batch (bat_...); `vigil batch list` shows it")]
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="CSV file with a header, or NDJSON file; gzip is allowed")
]


@app.command("submit")
def submit_command(
    file: File,
    model: Annotated[str, typer.Option(help="Name of the model")],
    form: Annotated[str | None, typer.Option("--format", help="csv or ndjson. Default: by the file name")] = None,
    wait: Annotated[bool, typer.Option(help="Show the progress until the batch ends")] = False,
    ignore_unknown_columns: Annotated[
        bool, typer.Option("--ignore-unknown-columns", help="Leave out CSV columns that the model does not have")
    ] = False,
    key: Key = None,
) -> None:
    """Upload a file and start a batch that scores its rows. Ctrl-C does not stop the batch."""
    with connect(key) as client:
        batch = submit(client, file, model, form or _format(file), ignore_unknown_columns=ignore_unknown_columns)
        out.print(f"{batch['batch_id']}: {file.name} is uploaded", highlight=False)
        if wait:
            follow(client, batch["batch_id"])


@app.command("show")
def show_command(batch_id: BatchId, key: Key = None) -> None:
    """Show the state and the progress of a batch."""
    with connect(key) as client:
        _show(request_json(client, "GET", f"{BATCHES}/{batch_id}"))


@app.command("wait")
def wait_command(batch_id: BatchId, key: Key = None) -> None:
    """Show the progress of a batch until it ends. Ctrl-C does not stop the batch."""
    with connect(key) as client:
        follow(client, batch_id)


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, max=100, help="Maximum number of batches")] = 20, key: Key = None
) -> None:
    """List batches, newest first, with their states."""
    with connect(key) as client:
        page = request_json(client, "GET", BATCHES, params={"limit": limit})
    table = Table(Column("batch", no_wrap=True), "model", "format", "state", "created (UTC)", box=None)
    for batch in page["items"]:
        table.add_row(
            batch["batch_id"], batch["model"]["name"], batch["format"], batch["state"], batch["created_at"][:19]
        )
    out.print(table if page["items"] else "There are no batches. `vigil batch submit FILE --model NAME` starts one.")


@app.command("cancel")
def cancel_command(batch_id: BatchId, key: Key = None) -> None:
    """Cancel a batch. Scored rows are still counted, but there are no results."""
    with connect(key) as client:
        _show(request_json(client, "POST", f"{BATCHES}/{batch_id}/cancel", json={}))


@app.command("results")
def results_command(
    batch_id: BatchId,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write. Default: BATCH_ID-results.csv or .ndjson")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Download the failed rows instead of the results")] = False,
    key: Key = None,
) -> None:
    """Download the results of a batch, or its failed rows."""
    output: Literal["results", "errors"] = "errors" if errors else "results"
    with connect(key) as client:
        target = download(client, batch_id, output, to)
    out.print(f"{target}: {target.stat().st_size} bytes", highlight=False)


def submit(
    client: httpx.Client, file: Path, model: str, form: str, *, ignore_unknown_columns: bool = False
) -> dict[str, Any]:
    """Create a batch, upload its file and return the created batch."""
    order: dict[str, Any] = {"model": model, "format": form}
    if ignore_unknown_columns:
        order["ignore_unknown_columns"] = True
    batch: dict[str, Any] = request_json(client, "POST", BATCHES, json=order)
    _upload(file, batch["upload"]["url"])
    return batch


def download(client: httpx.Client, batch_id: str, output: Literal["results", "errors"], to: Path | None) -> Path:
    """Download an output of a batch and return the path of the written file."""
    found = request_json(client, "GET", f"{BATCHES}/{batch_id}/{output}")
    target = to or Path(f"{batch_id}-{output}.{found['format']}")
    with open_download(found["url"]) as response, target.open("wb") as file:
        for block in response.iter_bytes(_BLOCK_BYTES):
            file.write(block)
    return target


def _format(file: Path) -> str:
    name = file.name.removesuffix(".gz")
    if name.endswith(".csv"):
        return "csv"
    if name.endswith((".ndjson", ".jsonl")):
        return "ndjson"
    raise typer.BadParameter(f"the format of {file.name} is unknown: add --format csv or --format ndjson")


def _upload(file: Path, url: str) -> None:
    size = file.stat().st_size
    with _bar("bytes") as bar:
        task = bar.add_task("upload", total=size)
        upload(url, _blocks(file, lambda count: bar.advance(task, count)), size)


def _blocks(file: Path, advance: Callable[[int], None]) -> Iterator[bytes]:
    with file.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            yield block
            advance(len(block))


def follow(client: httpx.Client, batch_id: str) -> None:
    """Show a progress bar until the batch ends; exit with code 1 unless it completed."""
    try:
        with _bar("rows") as bar:
            task = bar.add_task("waiting", total=None)
            while (batch := request_json(client, "GET", f"{BATCHES}/{batch_id}"))["state"] not in FINAL_STATES:
                rows = batch["rows"]
                bar.update(task, description=batch["state"], completed=rows["done"], total=rows["total"])
                time.sleep(0.5)
    except KeyboardInterrupt:
        out.print(f"\nThe batch continues. To see its progress again: vigil batch wait {batch_id}", highlight=False)
        raise typer.Exit(130) from None
    _show(batch)
    if not batch["state"].startswith("completed"):
        raise typer.Exit(1)


def _bar(unit: str) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TimeRemainingColumn(), console=out, transient=True,
    )  # fmt: skip


def _show(batch: dict[str, Any]) -> None:
    rows, model = batch["rows"], batch["model"]
    table = Table(show_header=False, box=None)
    table.add_row("batch", batch["batch_id"])
    table.add_row("model", model["name"] + (f" version {model['version']}" if model["version"] else ""))
    table.add_row("state", batch["state"] + (f": {batch['reason']}" if batch["reason"] else ""))
    if rows["total"] is not None:
        table.add_row("rows", f"{rows['done']} of {rows['total']}, {rows['failed']} failed")
    if batch["rate"]:
        table.add_row("rate", f"{batch['rate']} rows per second")
    if batch["seconds_left"] is not None:
        table.add_row("time left", f"{batch['seconds_left']:.0f} s")
    if batch["ignored_columns"]:
        table.add_row("ignored columns", ", ".join(batch["ignored_columns"]))
    for first, last in batch["lost_rows"]:
        table.add_row("lost", f"rows {first} to {last}: their part of the file was given up")
    out.print(table)
