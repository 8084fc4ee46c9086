"""`vigil costs`, against a server in place of the API."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

import pytest
from typer.testing import CliRunner

from cli.main import app

LINES = [
    {"day": "2026-11-01", "category": "inference", "meter": "predictions", "quantity": 3, "micros": 3_000},
    {"day": "2026-11-02", "category": "storage", "meter": "storage_byte_hours", "quantity": 9, "micros": 1},
]


def answer(path, query):
    if path == "/v1/budgets":
        return {"items": [{"category": "total", "period": "month", "limit_micros": 10_000}]}
    if path == "/v1/costs/projection":
        end = {"category": "total", "low_micros": 4_000, "middle_micros": 5_000, "high_micros": 7_000}
        return {"period": "2026-11", "items": [end]}
    page, by = int(query.get("cursor", ["0"])[0]), query.get("group_by", [None])[0]
    row = LINES[page] | {"price_version": 1, "adjusts": None}
    item = {by: row[by], "micros": row["micros"]} if by else row
    told = {"period": "2026-11", "state": "open", "total_micros": 3_001, "items": [item]}
    return told | {"next_cursor": "1" if page == 0 else None}


@pytest.fixture(autouse=True)
def _service(monkeypatch):
    """The API on a small server, which gives one item a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlparse(self.path)
            if url.path.endswith("export"):
                content = b"day,category\r\n"
            else:
                content = json.dumps(answer(url.path, parse_qs(url.query))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("VIGIL_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VIGIL_API_KEY", "vgl_local_k_s")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments):
    done = CliRunner().invoke(app, ["costs", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_all_pages_are_shown_with_a_bar_each_and_their_total():
    shown = run("show").splitlines()
    inference, storage = (next(line for line in shown if name in line) for name in ("inference", "storage"))
    assert "0.003000" in inference
    assert inference.count("█") == 40
    assert storage.count("█") == 0
    assert any("0.003001" in line for line in shown if "total" in line)


def test_every_line_is_shown():
    shown = run("lines")
    assert all(line["meter"] in shown for line in LINES)


def test_the_export_is_written_as_it_came(tmp_path):
    run("export", tmp_path / "costs.csv")
    assert (tmp_path / "costs.csv").read_bytes() == b"day,category\r\n"


@pytest.mark.parametrize(("name", "start"), [("plot.png", b"\x89PNG"), ("plot.svg", b"<?xml")])
def test_spend_budget_and_projection_are_drawn(tmp_path, name, start):
    run("plot", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    if name.endswith("svg"):
        drawn = (tmp_path / name).read_text()
        assert all(f"<!-- {word} -->" in drawn for word in ("spent", "budget", "projected"))
