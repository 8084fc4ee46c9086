"""Plot of a month's cumulative spend, with budget and projection."""

from calendar import monthrange
from itertools import accumulate
from typing import Any

from matplotlib.figure import Figure

ORDER = ("inference", "api_calls", "storage", "database", "third_party")
"""Order of the categories from bottom to top; it gives each category a constant colour."""


def plot_spend(costs: dict[str, Any], today: int | None, limit: int | None, end: dict[str, Any] | None) -> Figure:
    """Plot the cumulative spend of a month by category.

    Lines end at day `today`, or at the end of the month for None. `limit` and `end` are the budget and the projection
    in micro-dollars."""
    year, month = map(int, costs["period"].split("-"))
    last = monthrange(year, month)[1]
    until = today or last
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes = figure.add_subplot(
        title=f"Cumulative spend in {costs['period']}", xlabel="end of day (UTC)", ylabel="USD", xlim=(0, last)
    )
    sums = {name: _cumulative(costs["items"], name, until) for name in ORDER}
    top = [sum(day) for day in zip(*sums.values(), strict=True)]
    names = [name if any(sums[name]) else "" for name in ORDER]
    axes.stackplot(range(until + 1), *sums.values(), labels=names, alpha=0.6)
    axes.plot(range(until + 1), top, color="black", linewidth=1.2, label=f"spent: {_usd(top[-1])}")
    if end is not None and end["middle_micros"] is not None:
        low, middle, high = (end[f"{name}_micros"] / 1e6 for name in ("low", "middle", "high"))
        axes.plot([until, last], [top[-1], middle], color="gray", linestyle=":", label=f"projected: {_usd(middle)}")
        cone = f"90 %: {_usd(low)} to {_usd(high)}"
        axes.fill_between([until, last], [top[-1], low], [top[-1], high], color="gray", alpha=0.2, label=cone)
    if limit is not None:
        axes.axhline(limit / 1e6, color="tab:red", linestyle="--", label=f"budget: {_usd(limit / 1e6)}")
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1] if any(top) or limit else 1)
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside right upper")
    return figure


def _usd(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _cumulative(lines: list[dict[str, Any]], category: str, until: int) -> list[float]:
    """Return the cumulative dollars of a category by the end of each day; the first value is 0."""
    by_day = [0.0] * (until + 1)
    for line in lines:
        if line["category"] == category:
            by_day[min(int(line["day"][8:]), until)] += line["micros"] / 1e6
    return list(accumulate(by_day))
