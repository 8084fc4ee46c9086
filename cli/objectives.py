"""`vigil objectives`: the objectives of the deployment with the budgets that are left, through the API."""

from typing import Any

from rich.table import Table

from cli.api import Key, connect, request_json
from cli.tables import TableConsole

OBJECTIVES = "/v1/objectives"
out = TableConsole()


def objectives_command(key: Key = None) -> None:
    """Show each objective with the budget of 30 days that is left, and its burn rates."""
    with connect(key) as client:
        objectives = request_json(client, "GET", OBJECTIVES)["items"]
    out.print(_table(objectives))


def _table(objectives: list[dict[str, Any]]) -> Table:
    table = Table("objective", "target", "state", "budget left", "bad", "valid", "burn 1 h", "6 h", "3 d", box=None)
    for objective in objectives:
        budget = objective["budget"]
        left = f"{budget['left']:.1%}" if budget else ""
        numbers = [str(budget[name]) for name in ("bad", "valid")] if budget else ["", ""]
        burns = [f"{rule['long']['burn_rate']:.1f}" for rule in objective["rules"]] or ["", "", ""]
        target = f"{objective['target']:.1%}"
        table.add_row(objective["name"], target, objective["state"], left, *numbers, *burns)
    return table
