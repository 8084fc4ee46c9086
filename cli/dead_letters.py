"""`vigil dlq`: lists, retries and resolves dead-letter jobs, through the API."""

from typing import Annotated, Any

import typer
from rich.table import Table

from cli.api import Key, connect, request_items, request_json
from cli.tables import TableConsole, item_table

JOBS = "/v1/dlq/jobs"
_COLUMNS = ("id", "queue", "kind", "state", "reason", "attempts", "died_at")
app = typer.Typer(no_args_is_help=True, help="List, retry and resolve dead letters: jobs that failed on a queue.")
out = TableConsole()
JobId = Annotated[str, typer.Argument(help="Id of the job; `vigil dlq list` shows it")]


@app.command("list")
def list_command(
    state: Annotated[
        str | None,
        typer.Option(help="Show one state: waiting, retrying, parked or resolved. Default: all except resolved"),
    ] = None,
    queue: Annotated[str | None, typer.Option(help="Show jobs of this queue only")] = None,
    reason: Annotated[str | None, typer.Option(help="Show jobs with this reason only")] = None,
    min_age: Annotated[str | None, typer.Option(help="Minimum age of the dead letter, such as 30m, 12h or 7d")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of jobs")] = 50,
    key: Key = None,
) -> None:
    """List dead-letter jobs, newest first."""
    with connect(key) as client:
        jobs = request_items(client, JOBS, limit, state=state, queue=queue, reason=reason, min_age=min_age)
    out.print(item_table(jobs, _COLUMNS) if jobs else "There are no such jobs.")


@app.command("show")
def show_command(job_id: JobId, key: Key = None) -> None:
    """Show a dead-letter job with its history."""
    with connect(key) as client:
        _show(request_json(client, "GET", f"{JOBS}/{job_id}"))


@app.command("retry")
def retry_command(job_id: JobId, key: Key = None) -> None:
    """Send a dead-letter job to its queue again, within a minute."""
    with connect(key) as client:
        _show(request_json(client, "POST", f"{JOBS}/{job_id}/retry"))


@app.command("resolve")
def resolve_command(job_id: JobId, key: Key = None) -> None:
    """Mark a dead-letter job as resolved without another attempt."""
    with connect(key) as client:
        _show(request_json(client, "POST", f"{JOBS}/{job_id}/resolve"))


def _show(job: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    for name in (name for name in job if name != "steps" and job[name] is not None):
        table.add_row(name, str(job[name]))
    for step in job["steps"]:
        parts = (step["name"], f"attempts {step['attempts']}", step["reason"], step["by"])
        table.add_row(step["at"], " · ".join(filter(None, parts)))
    out.print(table)
