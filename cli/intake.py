"""`vigil intake`: shows whether the queues of batches are read, and reads them again after an incident."""

import typer
from rich.table import Table

from cli import deployment
from cli.tables import TableConsole

app = typer.Typer(no_args_is_help=True, help="Show and resume the intake of batches, which an incident can pause.")
out = TableConsole()


@app.command("status")
def status_command() -> None:
    """Show for each function of batches the queue that it reads, or that its intake is paused."""
    from vigil.bootstrap import remedies

    deployment.activate()
    table = Table("function", "queue", "state", box=None)
    for source in remedies.intake().find():
        table.add_row(source.function, source.queue, "read" if source.is_enabled else "paused")
    out.print(table)


@app.command("resume")
def resume_command() -> None:
    """Read all queues of batches again. Messages that waited are processed now."""
    from vigil.bootstrap import remedies

    deployment.activate()
    resumed = remedies.intake().resume()
    out.print(f"{len(resumed)} queues are read again" if resumed else "the intake was not paused")
