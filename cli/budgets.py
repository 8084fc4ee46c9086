"""`vigil budgets`: what a tenant means to spend, and how that stands. Over HTTP, with a tenant's key."""

from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Column, Table

from cli.api import Key, call, connect
from cli.costs import usd
from cli.defaults import default

BUDGETS = "/v1/budgets"
app = typer.Typer(cls=default("list"), help="What you mean to spend, and how that stands.")
out = Console()
Category = Annotated[str, typer.Argument(help="api_calls, inference, storage, database, third_party or total")]
Period = Annotated[str, typer.Argument(help="month or day")]


@app.command("list")
def list_command(key: Key = None) -> None:
    """Show every budget, what is spent of it, and where its month will end."""
    with connect(key) as client:
        items = call(client, "GET", BUDGETS)["items"]
    out.print(_table(items) if items else "no budgets; `vigil budgets set total month 100` sets one")


@app.command("set")
def set_command(
    category: Category,
    period: Period,
    limit: Annotated[str, typer.Argument(help="Dollars, as 500 or 0.25")],
    alert: Annotated[list[int] | None, typer.Option(help="At so many percent of it; default: 80 and 100")] = None,
    hard_stop: Annotated[
        bool, typer.Option("--hard-stop", help="Refuse predictions beyond it (inference and total only)")
    ] = False,
    key: Key = None,
) -> None:
    """Set what may be spent in each month or on each day, in place of what was set before. Needs an admin's key."""
    body: dict[str, Any] = {"limit_micros": micros(limit), "hard_stop": hard_stop}
    body |= {"thresholds": sorted(alert)} if alert else {}
    with connect(key) as client:
        out.print(_table([call(client, "PUT", f"{BUDGETS}/{category}/{period}", json=body)]))


@app.command("remove")
def remove_command(category: Category, period: Period, key: Key = None) -> None:
    """Give a budget up, its hard stop as well. Needs an admin's key."""
    with connect(key) as client:
        call(client, "DELETE", f"{BUDGETS}/{category}/{period}")
    out.print(f"no budget for {category} by the {period} any more")


def micros(dollars: str) -> int:
    """Return whole micros of an amount in dollars; raise BadParameter for what is none."""
    try:
        amount = Decimal(dollars) * 1_000_000
        if amount == amount.to_integral_value():
            return int(amount)
    except ArithmeticError:
        pass
    raise typer.BadParameter("the limit is dollars with at most six decimals, as 500 or 0.25")


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table(
        Column("budget", no_wrap=True), "of", *(Column(name, justify="right") for name in ("USD", "spent", "%")), "", ""
    )
    for item in items:
        end, stop = item["projected"], "stops" if item["hard_stop"] else ""
        sent = ", ".join(f"{alert['threshold']} %" for alert in item["alerts"])
        told = (stop, f"alerted: {sent}" if sent else "", f"ends near {usd(end['middle_micros'])}" if end else "")
        table.add_row(
            f"{item['category']}/{item['period']}",
            item["span"],
            usd(item["limit_micros"]),
            usd(item["spent_micros"]),
            f"{item['share']:.1f}",
            Bar(100, 0, min(item["share"], 100), width=10, color="red" if item["share"] >= 100 else "green"),
            "; ".join(filter(None, told)),
        )
    return table
