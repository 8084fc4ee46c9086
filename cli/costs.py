"""`vigil costs`: what a tenant's use costs, as a table, as bars, and as a plot. Over HTTP, with a tenant's key."""

import re
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Column, Table

from cli.api import Key, Tenant, call, connect, fetch, given, of
from cli.defaults import default

PLOTS = (".png", ".svg", ".pdf")
app = typer.Typer(cls=default("show"), help="What your use costs.")
out = Console()
Period = Annotated[str | None, typer.Option(help="A month (2026-11) or a day, UTC; default: this month")]


@app.command("show")
def show_command(
    period: Period = None,
    by: Annotated[str, typer.Option(help="category, meter or day")] = "category",
    tenant: Tenant = None,
    key: Key = None,
) -> None:
    """Show what was spent, with a bar for each category, meter or day. This is what `vigil costs` alone does."""
    with connect(key) as client:
        told = pages(client, tenant, period=period, group_by=by)
    out.print(bars(told, by))


@app.command("lines")
def lines_command(period: Period = None, tenant: Tenant = None, key: Key = None) -> None:
    """Show every line: a day, a meter, the version of its price, and what it comes to."""
    with connect(key) as client:
        told = pages(client, tenant, period=period)
    right = (Column(name, justify="right") for name in ("quantity", "price", "USD"))
    table = Table("day", "category", Column("meter", no_wrap=True), *right, "adjusts")
    for row in told["items"]:
        price, quantity = str(row["price_version"]), f"{row['quantity']:,}"
        table.add_row(
            row["day"], row["category"], row["meter"], quantity, price, usd(row["micros"]), row["adjusts"] or ""
        )
    out.print(table)


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the CSV")],
    period: Period = None,
    tenant: Tenant = None,
    key: Key = None,
) -> None:
    """Write every line to a CSV file."""
    with connect(key) as client:
        file.write_bytes(fetch(client, "GET", of(tenant, "/costs/export"), params=given(period=period)).content)
    out.print(f"{file}", highlight=False)


@app.command("plot")
def plot_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="What to write: .png, .svg or .pdf")],
    period: Annotated[str | None, typer.Option(help="A month (2026-11), UTC; default: this month")] = None,
    key: Key = None,
) -> None:
    """Draw the spend of a month as it adds up, its budget, and where it will end."""
    if file.suffix not in PLOTS:
        raise typer.BadParameter(f"the file must end in {', '.join(PLOTS)}")
    if period is not None and not re.fullmatch(r"\d{4}-\d\d", period):
        raise typer.BadParameter("the period must be a month, as 2026-11")
    with connect(key) as client:
        told = pages(client, period=period)
        budgets = call(client, "GET", "/v1/budgets")["items"]
        ends = call(client, "GET", "/v1/costs/projection")
    limit = next((b["limit_micros"] for b in budgets if (b["category"], b["period"]) == ("total", "month")), None)
    end = next((item for item in ends["items"] if item["category"] == "total"), None)
    from cli.plots import spend

    now = ends["period"] == told["period"]
    spend(told, int(ends["as_of"][8:10]) if now else None, limit, end if now else None).savefig(file)
    out.print(f"{file}", highlight=False)


def pages(client: httpx.Client, tenant: str | None = None, **query: str | None) -> dict[str, Any]:
    """Return one's own costs of a period, or a tenant's, the items of all pages as one list."""
    told: dict[str, Any] = call(client, "GET", of(tenant, "/costs"), params=given(**query))
    cursor = told["next_cursor"]
    while cursor:
        more = call(client, "GET", of(tenant, "/costs"), params=given(**query, cursor=cursor))
        told["items"] += more["items"]
        cursor = more["next_cursor"]
    return told


def bars(told: dict[str, Any], by: str) -> Table:
    """Return the costs of a period with a bar for each item, and their total."""
    most = max((row["micros"] for row in told["items"]), default=0)
    table = Table(by, Column("USD", justify="right"), "", title=f"Costs of {told['period']} ({told['state']})")
    for row in told["items"]:
        table.add_row(row[by], usd(row["micros"]), Bar(max(most, 1), 0, max(row["micros"], 0), width=40))
    table.add_section()
    table.add_row("total", usd(told["total_micros"]), "")
    return table


def usd(micros: int) -> str:
    """Return an amount in dollars, to the micro."""
    return f"{micros / 1e6:,.6f}"
