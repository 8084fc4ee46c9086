"""Tables of the commands show whole cells, in a pipe and on a terminal of 80 columns."""

import importlib
import pkgutil
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

import cli
from cli.main import app
from cli.tables import TableConsole

LONG = "a-name-of-32-letters-that-is-long"
DAY, MOMENT, AMOUNT = "2026-03-01", "2026-03-01T12:00:00.000000Z", 123_456_789_123_456
KEY = "0123456789abcdef0123456789abcdef"
LINE = {"day": DAY, "category": "third_party", "meter": LONG, "quantity": AMOUNT, "price_version": AMOUNT}
BUDGET = {"category": "third_party", "period": "month", "span": "2026-03", "limit_micros": AMOUNT, "hard_stop": True}
PAGES = {
    "/v1/batches": [
        {"batch_id": f"bat_{KEY}", "model": {"name": LONG}, "format": "ndjson", "state": "completed_with_errors",
         "created_at": MOMENT}
    ],
    "/v1/budgets": [
        BUDGET | {"spent_micros": AMOUNT, "share": 100.0, "projected": {"middle_micros": AMOUNT},
                  "alerts": [{"threshold": 80}, {"threshold": 100}]}
    ],
    "/v1/dlq/jobs": [
        {"id": f"{LONG}.{KEY}", "queue": LONG, "kind": LONG, "state": "parked", "reason": LONG, "attempts": 2,
         "died_at": MOMENT}
    ],
    "/v1/costs": [LINE | {"micros": AMOUNT, "adjusts": DAY}],
}  # fmt: skip
USAGE = {
    "tenant_id": LONG,
    "total": dict.fromkeys((f"meter_{number}" for number in range(12)), AMOUNT),
    "items": [{"period": DAY} | dict.fromkeys((f"meter_{number}" for number in range(12)), AMOUNT)],
    "quota": {"limit": None},
    "limits": dict.fromkeys(("per_minute", "per_hour", "tenant_per_minute", "tenant_per_hour", "storage_gb"), 1),
    "stored": {"storage_bytes": 1, "database_bytes": 1},
}
CONSENT = {
    "purposes": {"scoring": "given"},
    "history": [
        {"declared_at": MOMENT, "purposes": dict.fromkeys(("scoring", "research", "contact"), "withdrawn"),
         "text_version": LONG, "declared_by": "representative"}
    ],
    "next_cursor": None,
}  # fmt: skip


def answer(asked):
    if asked.path == "/v1/usage":
        return 200, USAGE | {"total": USAGE["total"] | {"predictions": 0}, "items": [
            USAGE["items"][0] | {"predictions": 0}]}  # fmt: skip
    if asked.path.startswith("/v1/subjects"):
        return 200, CONSENT | {"subject": "sub-0"}
    page = {"items": PAGES[asked.path], "next_cursor": None, "period": "2026-03", "state": "open"}
    return 200, page | {"total_micros": AMOUNT}


@pytest.mark.parametrize(
    ("command", "cells"),
    [
        ("batch list", [f"bat_{KEY}", LONG, "completed_with_errors", MOMENT[:19]]),
        ("budgets list", ["third_party/month", "123,456,789.123456", "alerts sent: 80 %, 100 %"]),
        ("costs lines", [DAY, LONG, f"{AMOUNT:,}", str(AMOUNT), "123,456,789.123456"]),
        ("costs show --by meter", [LONG, "123,456,789.123456"]),
        ("dlq list", [f"{LONG}.{KEY}", LONG, MOMENT]),
        ("subjects consent p-1", [MOMENT[:19], "scoring withdrawn, research withdrawn, contact withdrawn", LONG]),
        ("usage", [DAY, f"{AMOUNT:,}", LONG]),
    ],
)
def test_a_width_of_80_columns_leaves_every_cell_whole(api, command, cells):
    with api(answer):
        shown = CliRunner().invoke(app, command.split(), env={"COLUMNS": "80"})
    assert shown.exit_code == 0, shown.output
    assert "…" not in shown.output
    assert [cell for cell in cells if cell not in shown.output] == []


@pytest.mark.parametrize("terminal", [False, True])
def test_a_narrow_console_prints_whole_cells(terminal):
    table = Table("id", "amount", box=None)
    table.add_row(KEY * 3, f"{AMOUNT:,}")
    TableConsole(file=(file := StringIO()), width=20, force_terminal=terminal).print(table)
    assert KEY * 3 in file.getvalue()
    assert f"{AMOUNT:,}" in file.getvalue()


def test_every_command_prints_with_the_console_of_tables():
    names = [module.name for module in pkgutil.iter_modules(cli.__path__, "cli.")]
    consoles = {name: vars(importlib.import_module(name)).get("out") for name in names}
    assert {
        name for name, out in consoles.items() if isinstance(out, Console) and type(out) is not TableConsole
    } == set()
    assert sum(type(out) is TableConsole for out in consoles.values()) > 10
