"""`vigil costs` with a test server in place of the API."""

import pytest
from typer.testing import CliRunner

from cli.main import app

LINES = [
    {"day": "2026-11-01", "category": "inference", "meter": "predictions", "quantity": 3, "micros": 3_000},
    {"day": "2026-11-02", "category": "storage", "meter": "storage_byte_hours", "quantity": 9, "micros": 1},
]


def answer(asked):
    if asked.path == "/v1/budgets":
        return 200, {"items": [{"category": "total", "period": "month", "limit_micros": 10_000}]}
    if asked.path == "/v1/costs/projection":
        end = {"category": "total", "low_micros": 4_000, "middle_micros": 5_000, "high_micros": 7_000}
        return 200, {"period": "2026-11", "as_of": "2026-11-04T05:00:00+00:00", "items": [end]}
    if asked.path.endswith("/costs/export"):
        return 200, b"day,category\r\n"
    page, by = int(asked.query.get("cursor", 0)), asked.query.get("group_by")
    row = LINES[page] | {"price_version": 1, "adjusts": None}
    item = {by: row[by], "micros": row["micros"]} if by else row
    told = {"period": asked.query.get("period", "2026-11"), "state": "open", "total_micros": 3_001, "items": [item]}
    return 200, told | {"next_cursor": "1" if page == 0 else None}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API, which returns one item per page."""
    with api(answer) as requests:
        yield requests


def run(*arguments):
    done = CliRunner().invoke(app, ["costs", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("words", [(), ("show",)])
def test_the_table_has_all_pages_with_bars_and_a_total(words):
    shown = run(*words).splitlines()
    inference, storage = (next(line for line in shown if name in line) for name in ("inference", "storage"))
    assert "0.003000" in inference
    assert inference.count("█") == 40
    assert storage.count("█") == 0
    assert any("0.003001" in line for line in shown if "total" in line)


def test_options_without_a_command_apply_to_the_table(asked):
    run("--by", "meter", "--period", "2026-10")
    assert asked[0].query == {"group_by": "meter", "period": "2026-10"}


@pytest.mark.parametrize("command", ["show", "lines"])
def test_an_operator_can_show_and_export_a_tenants_costs(command, asked, tmp_path):
    own = run(command)
    assert run(command, "--tenant", "acme") == own
    assert {request.path for request in asked} == {"/v1/costs", "/v1/tenants/acme/costs"}
    run("export", tmp_path / "costs.csv", "--tenant", "a/b")
    assert asked[-1].path == "/v1/tenants/a%2Fb/costs/export"


def test_lines_prints_every_line():
    shown = run("lines")
    assert all(line["meter"] in shown for line in LINES)


def test_the_export_is_written_unchanged(tmp_path):
    run("export", tmp_path / "costs.csv")
    assert (tmp_path / "costs.csv").read_bytes() == b"day,category\r\n"


@pytest.mark.parametrize(("name", "start"), [("plot.png", b"\x89PNG"), ("plot.svg", b"<?xml")])
def test_the_plot_shows_spend_budget_and_projection(tmp_path, name, start):
    run("plot", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    if name.endswith("svg"):
        drawn = (tmp_path / name).read_text()
        words = ("inference", "storage", "spent: 0.0030", "projected: 0.0050", "90 %: 0.0040 to 0.0070")
        assert all(f"<!-- {word} -->" in drawn for word in (*words, "budget: 0.0100", "USD", "end of day (UTC)"))
        assert "<!-- database -->" not in drawn


def test_the_plot_of_a_past_month_has_no_projection(tmp_path):
    run("plot", tmp_path / "plot.svg", "--period", "2026-10")
    assert "projected" not in (tmp_path / "plot.svg").read_text()


@pytest.mark.parametrize("words", [("plot", "plot.txt"), ("plot", "plot.png", "--period", "2026-11-21")])
def test_an_invalid_plot_request_is_refused_with_a_reason(words, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["costs", *words])
    assert (done.exit_code, asked) == (2, [])
    assert "must" in done.output
