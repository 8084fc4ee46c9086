"""`vigil decisions`: show a decision again as it was, or say why that cannot be."""

import json
from typing import Annotated

import typer
from rich.console import Console

from cli import deployment

app = typer.Typer(no_args_is_help=True, help="Decisions of the past.")
out = Console()


@app.callback()
def _group() -> None:
    """Keep `replay` a command of its own."""


@app.command("replay")
def replay_command(
    tenant_id: Annotated[str, typer.Argument(help="Whose decision")],
    decision_id: Annotated[str, typer.Argument(help="`decision_id` of the answer")],
) -> None:
    """Score a decision again with the very model version it names; exit code 1 unless the bytes are the same."""
    from vigil.bootstrap import decisions

    deployment.enter()
    row, again = decisions.scoring().replay(tenant_id, decision_id)
    if again == row.body:
        model = f"{row.model.name} version {row.model.version} {row.model.digest}"
        out.print(f"[green]the same {len(again)} bytes[/] from {model}", soft_wrap=True)
        return
    out.print(f"[red]other bytes[/]: {', '.join(differences(row.body, again))}", soft_wrap=True)
    raise typer.Exit(1)


def differences(stored: str, again: str) -> list[str]:
    """Return the fields of two decisions that differ, by name only: values are health data."""
    first, second = json.loads(stored), json.loads(again)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
