"""`vigil costs`: a tenant's costs as tables, bars, CSV files and plots, through the API."""

import re
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.bar import Bar
from rich.table import Column, Table

from cli.api import Key, Tenant, connect, request, request_json, tenant_path, without_none
from cli.defaults import with_default
from cli.tables import TableConsole

PLOTS = (".png", ".svg", ".pdf")
app = typer.Typer(cls=with_default("show"), help="Show, export and plot the costs of your usage.")
out = TableConsole()
Period = Annotated[str | None, typer.Option(help="Month (2026-11) or day (2026-11-21), UTC. Default: this month")]


@app.command("show")
def show_command(
    period: Period = None,
    by: Annotated[str, typer.Option(help="Group by category, meter or day")] = "category",
    tenant: Tenant = None,
    key: Key = None,
) -> None:
    """Show the costs of a period with a bar for each category, meter or day."""
    with connect(key) as client:
        costs = load_costs(client, tenant, period=period, group_by=by)
    out.print(cost_bars(costs, by))


@app.command("lines")
def lines_command(period: Period = None, tenant: Tenant = None, key: Key = None) -> None:
    """Show every cost line: day, meter, quantity, price version and amount."""
    with connect(key) as client:
        costs = load_costs(client, tenant, period=period)
    right = (Column(name, justify="right") for name in ("quantity", "price version", "USD"))
    table = Table("day", "category", Column("meter", no_wrap=True), *right, "adjusts")
    for row in costs["items"]:
        price, quantity = str(row["price_version"]), f"{row['quantity']:,}"
        table.add_row(
            row["day"], row["category"], row["meter"], quantity, price, usd(row["micros"]), row["adjusts"] or ""
        )
    out.print(table)


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV file to write")],
    period: Period = None,
    tenant: Tenant = None,
    key: Key = None,
) -> None:
    """Write every cost line of a period to a CSV file."""
    with connect(key) as client:
        file.write_bytes(
            request(client, "GET", tenant_path(tenant, "/costs/export"), params=without_none(period=period)).content
        )
    out.print(f"wrote {file}", highlight=False)


@app.command("plot")
def plot_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="File to write; its name ends in .png, .svg or .pdf")],
    period: Annotated[str | None, typer.Option(help="Month (2026-11), UTC. Default: this month")] = None,
    key: Key = None,
) -> None:
    """Plot the cumulative spend of a month with its budget and its projected end."""
    if file.suffix not in PLOTS:
        raise typer.BadParameter(f"the file name must end in {', '.join(PLOTS)}")
    if period is not None and not re.fullmatch(r"\d{4}-\d\d", period):
        raise typer.BadParameter("the period must be a month, such as 2026-11")
    with connect(key) as client:
        costs = load_costs(client, period=period)
        budgets = request_json(client, "GET", "/v1/budgets")["items"]
        ends = request_json(client, "GET", "/v1/costs/projection")
    limit = next((b["limit_micros"] for b in budgets if (b["category"], b["period"]) == ("total", "month")), None)
    end = next((item for item in ends["items"] if item["category"] == "total"), None)
    from cli.plots import plot_spend

    now = ends["period"] == costs["period"]
    plot_spend(costs, int(ends["as_of"][8:10]) if now else None, limit, end if now else None).savefig(file)
    out.print(f"wrote {file}", highlight=False)


def load_costs(client: httpx.Client, tenant: str | None = None, **query: str | None) -> dict[str, Any]:
    """Return the costs of a period with the items of all pages; `tenant` None means the caller's tenant."""
    costs: dict[str, Any] = request_json(client, "GET", tenant_path(tenant, "/costs"), params=without_none(**query))
    cursor = costs["next_cursor"]
    while cursor:
        more = request_json(client, "GET", tenant_path(tenant, "/costs"), params=without_none(**query, cursor=cursor))
        costs["items"] += more["items"]
        cursor = more["next_cursor"]
    return costs


def cost_bars(costs: dict[str, Any], by: str) -> Table:
    """Return a table of the costs of a period: a bar per item, and the total."""
    largest = max((row["micros"] for row in costs["items"]), default=0)
    table = Table(by, Column("USD", justify="right"), "", title=f"Costs of {costs['period']} ({costs['state']})")
    for row in costs["items"]:
        table.add_row(row[by], usd(row["micros"]), Bar(max(largest, 1), 0, max(row["micros"], 0), width=40))
    table.add_section()
    table.add_row("total", usd(costs["total_micros"]), "")
    return table


def usd(micros: int) -> str:
    """Return an amount of micro-dollars as dollars with six decimals."""
    return f"{micros / 1e6:,.6f}"
