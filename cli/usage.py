"""`vigil usage`: a tenant's usage, quota and stored bytes of a month, through the API."""

from typing import Annotated, Any

import typer
from rich.table import Column, Table

from cli.api import Key, Tenant, connect, request_json, tenant_path, without_none
from cli.tables import TableConsole

out = TableConsole()


def usage_command(
    period: Annotated[str | None, typer.Option(help="Month (2026-11), UTC. Default: this month")] = None,
    by: Annotated[str, typer.Option(help="One row per month or per day")] = "month",
    tenant: Tenant = None,
    key: Key = None,
) -> None:
    """Show the usage of a month, the stored bytes, and the remaining quota."""
    with connect(key) as client:
        usage = request_json(
            client, "GET", tenant_path(tenant, "/usage"), params=without_none(period=period, granularity=by)
        )
    out.print(_table(usage))
    out.print("\n".join(_limits(usage)), highlight=False)


def _table(usage: dict[str, Any]) -> Table:
    """Return a table with a row per day or month, and a column for each meter that counted something."""
    meters = [name for name, count in usage["total"].items() if count or name in {"predictions", "api_calls"}]
    table = Table("", *(Column(name, justify="right") for name in meters), title=f"Usage of {usage['tenant_id']}")
    for item in usage["items"]:
        table.add_row(item["period"], *(f"{item[meter]:,}" for meter in meters))
    return table


def _limits(usage: dict[str, Any]) -> list[str]:
    """Return one line each for the remaining predictions, the rate limits and the stored bytes."""
    quota, limits, stored = usage["quota"], usage["limits"], usage["stored"]
    predictions = "unlimited"
    if quota["limit"] is not None:
        predictions = f"{quota['left']:,} of {quota['limit']:,} left until {quota['resets_at'][:10]}"
    storage_limit = "" if limits["storage_gb"] is None else f" of {limits['storage_gb']:,} GB"
    key, tenant = ((limits[f"{owner}per_minute"], limits[f"{owner}per_hour"]) for owner in ("", "tenant_"))
    files, database = (f"{stored[f'{name}_bytes'] / 1e6:,.3f} MB" for name in ("storage", "database"))
    return [
        f"predictions  {predictions}",
        f"requests     {key[0]:,} per minute and {key[1]:,} per hour for each key",
        f"             {tenant[0]:,} per minute and {tenant[1]:,} per hour for all keys",
        f"stored       {files} in files{storage_limit}, {database} in the database",
    ]
