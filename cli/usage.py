"""`vigil usage`: what a tenant has used of a month, and what is left of it. Over HTTP, with a tenant's key."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from cli.api import Key, Tenant, call, connect, given, of

out = Console()


def usage_command(
    period: Annotated[str | None, typer.Option(help="A month (2026-11), UTC; default: this month")] = None,
    by: Annotated[str, typer.Option(help="month or day")] = "month",
    tenant: Tenant = None,
    key: Key = None,
) -> None:
    """Show what you have used of a month, what is stored, and what is left."""
    with connect(key) as client:
        told = call(client, "GET", of(tenant, "/usage"), params=given(period=period, granularity=by))
    out.print(_table(told))
    out.print("\n".join(_left(told)), highlight=False)


def _table(told: dict[str, Any]) -> Table:
    """Return a line for each day, or the month, and a column for each meter that counted anything."""
    meters = [name for name, count in told["total"].items() if count or name in {"predictions", "api_calls"}]
    table = Table("", *(Column(name, justify="right") for name in meters), title=f"Use of {told['tenant_id']}")
    for item in told["items"]:
        table.add_row(item["period"], *(f"{item[meter]:,}" for meter in meters))
    return table


def _left(told: dict[str, Any]) -> list[str]:
    """Return in words what is left of the predictions, how fast requests may come, and what is stored."""
    quota, limits, stored = told["quota"], told["limits"], told["stored"]
    predictions = "without limit"
    if quota["limit"] is not None:
        predictions = f"{quota['left']:,} of {quota['limit']:,} left until {quota['resets_at'][:10]}"
    room = "" if limits["storage_gb"] is None else f" of {limits['storage_gb']:,} GB"
    files, database = (f"{stored[f'{name}_bytes'] / 1e6:,.3f} MB" for name in ("storage", "database"))
    return [
        f"predictions  {predictions}",
        f"requests     {limits['per_minute']:,} a minute and {limits['per_hour']:,} an hour with each key",
        f"stored       {files} in files{room}, {database} in the database",
    ]
