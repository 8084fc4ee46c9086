"""`vigil costs`: what a tenant's use costs, as a table, as bars, and as a plot. Over HTTP, with a tenant's key."""

from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Column, Table

from cli.api import Key, Refused, call, connect

COSTS = "/v1/costs"
app = typer.Typer(no_args_is_help=True, help="What your use costs.")
out = Console()
Period = Annotated[str | None, typer.Option(help="A month (2026-11) or a day, UTC; default: this month")]


@app.command("show")
def show_command(
    period: Period = None,
    by: Annotated[str, typer.Option(help="category, meter or day")] = "category",
    key: Key = None,
) -> None:
    """Show what was spent, with a bar for each category, meter or day."""
    with connect(key) as client:
        told = pages(client, {"period": period, "group_by": by})
    most = max((row["micros"] for row in told["items"]), default=0)
    table = Table(by, "USD", "", title=f"{told['period']} ({told['state']})")
    table.columns[1].justify = "right"
    for row in told["items"]:
        table.add_row(row[by], _usd(row["micros"]), Bar(max(most, 1), 0, max(row["micros"], 0), width=40))
    table.add_section()
    table.add_row("total", _usd(told["total_micros"]), "")
    out.print(table)


@app.command("lines")
def lines_command(period: Period = None, key: Key = None) -> None:
    """Show every line: a day, a meter, the version of its price, and what it comes to."""
    with connect(key) as client:
        told = pages(client, {"period": period})
    table = Table("day", "category", Column("meter", no_wrap=True), "quantity", "price", "USD", "adjusts")
    for row in told["items"]:
        price, quantity = str(row["price_version"]), str(row["quantity"])
        table.add_row(
            row["day"], row["category"], row["meter"], quantity, price, _usd(row["micros"]), row["adjusts"] or ""
        )
    out.print(table)


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the CSV")],
    period: Period = None,
    key: Key = None,
) -> None:
    """Write every line to a CSV file."""
    with connect(key) as client:
        answer = client.get(f"{COSTS}/export", params=_given({"period": period}))
    if not answer.is_success:
        raise Refused(f"the export was refused: status {answer.status_code}")
    file.write_bytes(answer.content)


@app.command("plot")
def plot_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="What to write: .png, .svg or .pdf")],
    period: Annotated[str | None, typer.Option(help="A month (2026-11), UTC; default: this month")] = None,
    key: Key = None,
) -> None:
    """Draw the spend of a month as it adds up, its budget, and where it will end."""
    with connect(key) as client:
        told = pages(client, {"period": period, "group_by": "day"})
        budgets = call(client, "GET", "/v1/budgets")["items"]
        ends = call(client, "GET", f"{COSTS}/projection")
    limit = next((b["limit_micros"] for b in budgets if (b["category"], b["period"]) == ("total", "month")), None)
    end = next((item for item in ends["items"] if item["category"] == "total"), None)
    draw(file, told, limit, end if ends["period"] == told["period"] else None)
    out.print(f"{file}", highlight=False)


def pages(client: httpx.Client, query: dict[str, str | None]) -> dict[str, Any]:
    """Return the costs of a period, the items of all pages as one list."""
    told: dict[str, Any] = call(client, "GET", COSTS, params=_given(query))
    cursor = told["next_cursor"]
    while cursor:
        more = call(client, "GET", COSTS, params=_given(query) | {"cursor": cursor})
        told["items"] += more["items"]
        cursor = more["next_cursor"]
    return told


def draw(file: Path, told: dict[str, Any], limit: int | None, end: dict[str, Any] | None) -> None:
    """Draw the spend of a month's days as it adds up, a budget and a projected end where there are any."""
    from calendar import monthrange

    from matplotlib.figure import Figure

    year, month = map(int, told["period"].split("-"))
    last = monthrange(year, month)[1]
    days = sorted((int(row["day"][8:]), row["micros"] / 1e6) for row in told["items"])
    sums = [sum(spent for day, spent in days if day <= until) for until in range(1, last + 1)]
    today = max((day for day, _ in days), default=1)
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot(title=f"Spend in {told['period']}", xlabel="day (UTC)", ylabel="USD", xlim=(1, last))
    axes.fill_between(range(1, today + 1), sums[:today], alpha=0.3)
    axes.plot(range(1, today + 1), sums[:today], label="spent")
    if limit is not None:
        axes.axhline(limit / 1e6, color="tab:red", linestyle="--", label="budget")
    if end is not None and end["middle_micros"] is not None:
        low, middle, high = (end[f"{name}_micros"] / 1e6 for name in ("low", "middle", "high"))
        axes.plot([today, last], [sums[today - 1], middle], color="tab:gray", linestyle=":", label="projected")
        axes.fill_between([today, last], [sums[today - 1], low], [sums[today - 1], high], color="tab:gray", alpha=0.2)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    figure.savefig(file)


def _given(query: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}


def _usd(micros: int) -> str:
    return f"{micros / 1e6:,.6f}"
