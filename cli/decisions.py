"""`vigil decisions`: recomputes a stored decision and compares it with the stored bytes."""

import json
from typing import Annotated

import typer
from rich.text import Text

from cli import deployment
from cli.tables import TableConsole

app = typer.Typer(no_args_is_help=True, help="Check stored decisions.")
out = TableConsole()


@app.callback()
def _group() -> None:
    """Group with one command; without a callback, typer would drop the command name."""


@app.command("replay")
def replay_command(
    tenant_id: Annotated[str, typer.Argument(help="Id of the tenant")],
    decision_id: Annotated[str, typer.Argument(help="Id of the decision (dec-...)")],
) -> None:
    """Score a decision again with its own model version; exit with code 1 unless the bytes are the same."""
    from cli import native
    from vigil.bootstrap import decisions

    native.add_to_path()  # packed trees: LightGBM's contributions can differ in the last bit
    deployment.activate()
    row, replayed = decisions.scoring().replay(tenant_id, decision_id)
    if replayed == row.body:
        model = f"{row.model.name} version {row.model.version} {row.model.digest}"
        out.print(Text.assemble((f"the same {len(replayed)} bytes", "green"), f" from {model}"), soft_wrap=True)
        return
    names = ", ".join(differences(row.body, replayed))
    out.print(Text.assemble(("different bytes", "red"), f" in the fields {names}"), soft_wrap=True)
    raise typer.Exit(1)


def differences(stored: str, replayed: str) -> list[str]:
    """Return the names of the fields that differ; values are left out because they are health data."""
    first, second = json.loads(stored), json.loads(replayed)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
