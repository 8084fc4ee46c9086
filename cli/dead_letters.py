"""`vigil dlq`: what died on the queues, another try, an end. Over HTTP, with a tenant's or an operator's key."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.api import Key, call, connect

JOBS = "/v1/dlq/jobs"
app = typer.Typer(no_args_is_help=True, help="Dead letters: work that failed on a queue.")
out = Console()
JobId = Annotated[str, typer.Argument(help="`id` of the list")]


@app.command("list")
def list_command(
    state: Annotated[str | None, typer.Option(help="waiting, retrying, parked or resolved")] = None,
    queue: Annotated[str | None, typer.Option(help="Of one queue only")] = None,
    reason: Annotated[str | None, typer.Option(help="Of one reason only")] = None,
    min_age: Annotated[str | None, typer.Option(help="Dead for so long at least: 30m, 12h, 7d")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most")] = 50,
    key: Key = None,
) -> None:
    """List dead work, latest first; all that is not resolved unless a state is named."""
    wanted = {"state": state, "queue": queue, "reason": reason, "min_age": min_age, "limit": min(limit, 100)}
    query: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    jobs: list[dict[str, Any]] = []
    with connect(key) as client:
        more = True
        while more and len(jobs) < limit:
            page = call(client, "GET", JOBS, params=query)
            jobs += page["items"]
            query["cursor"] = page["next_cursor"]
            more = page["next_cursor"] is not None
    out.print(_table(jobs[:limit]) if jobs else "nothing")


@app.command("show")
def show_command(job_id: JobId, key: Key = None) -> None:
    """Show one piece of dead work with everything that happened to it."""
    with connect(key) as client:
        _show(call(client, "GET", f"{JOBS}/{job_id}"))


@app.command("retry")
def retry_command(job_id: JobId, key: Key = None) -> None:
    """Put it back on its queue, within a minute."""
    with connect(key) as client:
        _show(call(client, "POST", f"{JOBS}/{job_id}/retry"))


@app.command("resolve")
def resolve_command(job_id: JobId, key: Key = None) -> None:
    """Close it, whatever became of its work."""
    with connect(key) as client:
        _show(call(client, "POST", f"{JOBS}/{job_id}/resolve"))


def _table(jobs: list[dict[str, Any]]) -> Table:
    columns = ("id", "queue", "kind", "state", "reason", "attempts", "died_at")
    table = Table(*columns, box=None)
    table.columns[0].overflow = "fold"
    for job in jobs:
        table.add_row(*(str(job[column]) for column in columns))
    return table


def _show(job: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    for name in (name for name in job if name != "steps" and job[name] is not None):
        table.add_row(name, str(job[name]))
    for step in job["steps"]:
        said = (step["name"], f"attempts {step['attempts']}", step["reason"], step["by"])
        table.add_row(step["at"], " · ".join(filter(None, said)))
    out.print(table)
