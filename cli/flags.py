"""`vigil flags`: what is switched on and for whom, and the change of it."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli import deployment
from vigil.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from vigil.access.flags.model import Flag
    from vigil.access.flags.service import Flags

app = typer.Typer(no_args_is_help=True, help="Feature flags.")
out = Console()
Name = Annotated[str, typer.Argument(help="2 to 64 lower-case letters, digits and hyphens")]


@app.command("list")
def list_command(
    digest: Annotated[str | None, typer.Option(help="`flags.digest` of a decision; default: what holds now")] = None,
) -> None:
    """Show how every flag is defined, now or in the set that a decision was made under."""
    flags = _flags()
    held = flags.find_set(digest) if digest else flags.current()
    table = Table("flag", "stages", "percentage", "of", "allow", "deny", box=None)
    for flag in held.all_flags():
        lists = (", ".join(names) or "-" for names in (flag.stages, flag.allow, flag.deny))
        stages, allow, deny = lists
        table.add_row(flag.name, stages, f"{flag.percentage:g} %", f"{flag.sticky}s", allow, deny)
    out.print(f"set {held.digest()}", soft_wrap=True, highlight=False)
    out.print(table)


@app.command("show")
def show_command(
    tenant_id: Annotated[str, typer.Argument(help="For whom")],
    subject: Annotated[str | None, typer.Option(help="For this subject of the tenant")] = None,
) -> None:
    """Show which flags are on for a tenant, or for one of its subjects."""
    words = {True: "[green]on[/]", False: "off", None: "depends on the subject"}
    _, found = _flags().evaluations(tenant_id, subject)
    for evaluation in found:
        out.print(f"{evaluation.flag.name}: {words[evaluation.on]}")


@app.command("set")
def set_command(
    name: Name,
    description: Annotated[str | None, typer.Option(help="One sentence, which tenants read too")] = None,
    percentage: Annotated[float | None, typer.Option(help="0 to 100; whoever is in stays in as it grows")] = None,
    sticky: Annotated[str | None, typer.Option(help="What the percentage counts: tenant or subject")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Where it may be on; '' for nowhere")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="Tenants for whom it is on; '' for none")] = None,
    deny: Annotated[list[str] | None, typer.Option(help="Tenants for whom it is off; '' for none")] = None,
) -> None:
    """Define a flag, or change what is named of it; refused if somebody else changes it meanwhile."""
    lists = {"stages": stage, "allow": allow, "deny": deny}
    given: dict[str, Any] = {"description": description, "percentage": percentage, "sticky": sticky}
    given |= {field: names and [entry for entry in names if entry] for field, names in lists.items()}
    flag = define(name, {field: value for field, value in given.items() if value is not None})
    out.print(f"[bold]{flag.name}[/] is defined; every instance follows within a minute")


def define(name: str, changes: dict[str, Any]) -> "Flag":
    """Define a flag with these changes to what it is now, under the API's own rules; return it."""
    from pydantic import ValidationError

    from vigil.access.flags.schemas import FLAG_NAME, FlagDefinition
    from vigil.access.flags.service import Precondition

    if not re.fullmatch(FLAG_NAME, name):
        raise InvalidInput(FieldError("name", "is not a flag's name", "lower-case letters, digits and hyphens"))
    flags = _flags()
    try:
        found = flags.current().find(name)
        before = FlagDefinition.from_flag(found).model_dump() if found else {"stages": []}
        flag = FlagDefinition.model_validate(before | changes).to_flag(name)
    except ValidationError as error:
        rows = error.errors(include_url=False, include_input=False)
        raise InvalidInput(*(FieldError(".".join(map(str, row["loc"])), row["msg"]) for row in rows)) from error
    flags.define(flag, Precondition((found.etag(),)) if found else Precondition(absent=True), "command line")
    return flag


def _flags() -> "Flags":
    from vigil.bootstrap import access

    deployment.enter()
    return access.flags()
