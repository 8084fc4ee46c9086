"""`vigil budgets`: a tenant's budgets and its spend against them, through the API."""

from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.bar import Bar
from rich.table import Column, Table

from cli.api import Key, connect, request_json
from cli.costs import usd
from cli.defaults import with_default
from cli.tables import TableConsole

BUDGETS = "/v1/budgets"
app = typer.Typer(cls=with_default("list"), help="Set budgets and show the spend against them.")
out = TableConsole()
Category = Annotated[
    str, typer.Argument(help="Cost category: api_calls, inference, storage, database, third_party or total")
]
Period = Annotated[str, typer.Argument(help="Period of the budget: month or day")]


@app.command("list")
def list_command(key: Key = None) -> None:
    """Show every budget with its spend and the projected spend at the end of the month."""
    with connect(key) as client:
        items = request_json(client, "GET", BUDGETS)["items"]
    out.print(
        _table(items) if items else "There are no budgets. `vigil budgets set total month 100` sets one of 100 USD."
    )


@app.command("set")
def set_command(
    category: Category,
    period: Period,
    limit: Annotated[str, typer.Argument(help="Limit in US dollars, such as 500 or 0.25")],
    alert: Annotated[
        list[int] | None,
        typer.Option(help="Alert at this percentage of the limit; may be repeated. Default: 80 and 100"),
    ] = None,
    hard_stop: Annotated[
        bool,
        typer.Option("--hard-stop", help="Refuse predictions above the limit (categories inference and total only)"),
    ] = False,
    key: Key = None,
) -> None:
    """Create or replace the budget of a category for each month or day. Needs an admin key."""
    body: dict[str, Any] = {"limit_micros": micros(limit), "hard_stop": hard_stop}
    body |= {"thresholds": sorted(alert)} if alert else {}
    with connect(key) as client:
        out.print(_table([request_json(client, "PUT", f"{BUDGETS}/{category}/{period}", json=body)]))


@app.command("remove")
def remove_command(category: Category, period: Period, key: Key = None) -> None:
    """Delete a budget and its hard stop. Needs an admin key."""
    with connect(key) as client:
        request_json(client, "DELETE", f"{BUDGETS}/{category}/{period}")
    out.print(f"deleted the budget {category}/{period}")


def micros(dollars: str) -> int:
    """Return an amount in dollars as micro-dollars; raise BadParameter if it is not a valid amount."""
    try:
        amount = Decimal(dollars) * 1_000_000
        if amount == amount.to_integral_value():
            return int(amount)
    except ArithmeticError:
        pass
    raise typer.BadParameter(f"{dollars} is not a limit: use dollars with at most six decimals, such as 500 or 0.25")


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table(
        Column("budget", no_wrap=True),
        "period",
        *(Column(name, justify="right") for name in ("limit USD", "spent USD", "%")),
        "",
        "",
    )
    for item in items:
        end, stop = item["projected"], "hard stop" if item["hard_stop"] else ""
        sent = ", ".join(f"{alert['threshold']} %" for alert in item["alerts"])
        notes = (stop, f"alerts sent: {sent}" if sent else "", f"projected {usd(end['middle_micros'])}" if end else "")
        table.add_row(
            f"{item['category']}/{item['period']}",
            item["span"],
            usd(item["limit_micros"]),
            usd(item["spent_micros"]),
            f"{item['share']:.1f}",
            Bar(100, 0, min(item["share"], 100), width=10, color="red" if item["share"] >= 100 else "green"),
            "\n".join(filter(None, notes)),
        )
    return table
