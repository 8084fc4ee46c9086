"""`vigil flags`: shows and defines feature flags."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli import deployment
from cli.tables import TableConsole
from vigil.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from vigil.access.flags.model import Flag
    from vigil.access.flags.service import Flags

app = typer.Typer(no_args_is_help=True, help="Show and define feature flags.")
out = TableConsole()
Name = Annotated[str, typer.Argument(help="Name of the flag: 2 to 64 lower-case letters, digits and hyphens")]


@app.command("list")
def list_command(
    digest: Annotated[
        str | None, typer.Option(help="Digest of a flag set: `flags.digest` of a decision. Default: the current set")
    ] = None,
) -> None:
    """List the definitions of all flags, now or at the time of a decision."""
    flags = _flags()
    flag_set = flags.find_set(digest) if digest else flags.current()
    table = Table("flag", "stages", "percentage", "of all", "allow", "deny", box=None)
    for flag in flag_set.all_flags():
        lists = (", ".join(names) or "-" for names in (flag.stages, flag.allow, flag.deny))
        stages, allow, deny = lists
        table.add_row(flag.name, stages, f"{flag.percentage:g} %", f"{flag.sticky}s", allow, deny)
    out.print(f"set {flag_set.digest()}", soft_wrap=True, highlight=False)
    out.print(table)


@app.command("show")
def show_command(
    tenant_id: Annotated[str, typer.Argument(help="Id of the tenant")],
    subject: Annotated[str | None, typer.Option(help="Id of a subject of the tenant")] = None,
) -> None:
    """Show the flags that are on for a tenant, or for one of its subjects."""
    words = {True: Text("on", "green"), False: Text("off"), None: Text("depends on the subject")}
    _, found = _flags().evaluations(tenant_id, subject)
    for evaluation in found:
        out.print(Text.assemble(f"{evaluation.flag.name}: ", words[evaluation.on]))


@app.command("set")
def set_command(
    name: Name,
    description: Annotated[str | None, typer.Option(help="Description in one sentence; tenants can read it")] = None,
    percentage: Annotated[
        float | None, typer.Option(help="Share of tenants or subjects, 0 to 100; a higher share only adds members")
    ] = None,
    sticky: Annotated[str | None, typer.Option(help="Unit of the percentage: tenant or subject")] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Stage where the flag may be on; may be repeated; '' for no stage")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="Tenant for which the flag is always on; may be repeated; '' for no tenant")
    ] = None,
    deny: Annotated[
        list[str] | None,
        typer.Option(help="Tenant for which the flag is always off; may be repeated; '' for no tenant"),
    ] = None,
) -> None:
    """Create a flag, or change the given properties of a flag. A concurrent change by someone else is an error."""
    lists = {"stages": stage, "allow": allow, "deny": deny}
    given: dict[str, Any] = {"description": description, "percentage": percentage, "sticky": sticky}
    given |= {field: names and [entry for entry in names if entry] for field, names in lists.items()}
    flag = define(name, {field: value for field, value in given.items() if value is not None})
    out.print(Text.assemble((flag.name, "bold"), " is defined; all instances use it within a minute"))


def define(name: str, changes: dict[str, Any]) -> "Flag":
    """Create or change a flag under the validation rules of the API; return it."""
    from pydantic import ValidationError

    from vigil.access.flags.schemas import FLAG_NAME, FlagDefinition
    from vigil.access.flags.service import Precondition

    if not re.fullmatch(FLAG_NAME, name):
        raise InvalidInput(
            FieldError("name", "is not a valid flag name", "2 to 64 lower-case letters, digits and hyphens")
        )
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

    deployment.activate()
    return access.flags()
