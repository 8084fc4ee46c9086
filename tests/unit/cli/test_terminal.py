"""Control characters and markup of answers and files have no effect on the terminal."""

import json
import re
from io import StringIO

import pytest
from rich.console import Group
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from cli.main import app
from cli.tables import TableConsole
from cli.terminal import visible

CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
MARKUP = "[red]x[/red][/]:warning:"
UNSAFE = f"\x1b]0;pwned\x07\x1b[2J{CONTROLS}{MARKUP}"
LEFT = re.compile(f"(?!\n)[{re.escape(CONTROLS)}]")
PROBLEM = {
    "title": "Refused",
    "detail": "The request breaks a rule.",
    "errors": [{"field": "age", "message": "is wrong", "bound": "0 to 1"}],
}
SCORED = {
    "decision_id": "dec-1",
    "model": {"name": "toy", "version": 3},
    "subject_id": "p-1",
    "probability": 0.31,
    "band": "high",
    "decision": "call",
    "abstention": {"reasons": ["missing"], "missing_fact": {"label": "yearly revenue"}},
    "guarantee": {"alpha": 0.08, "delta": 0.1, "harm": "missed"},
    "explanation": [{"contribution": 0.4, "text": "Age: 40.5 years; raises the chance."}],
    "as_of": "2026-11-29T12:00:00Z",
    "warnings": ["something_new"],
    "bands": [{"name": "high"}],
    "label": {"name": "trouble"},
}
JOB = dict.fromkeys(("id", "queue", "kind", "state", "reason", "died_at"), "text") | {
    "attempts": 2,
    "steps": [{"at": "now", "name": "died", "attempts": 2, "reason": "crash", "by": "vigil"}],
}
BATCH = {"batch_id": "bat-1", "model": {"name": "toy"}, "format": "csv", "state": "failed", "created_at": "now"}
CONSENT = {
    "subject": "sub-1",
    "purposes": {"scoring": "given"},
    "history": [
        {"declared_at": "now", "purposes": {"scoring": "given"}, "text_version": "1", "declared_by": "subject"}
    ],
    "next_cursor": None,
}
ANSWERS = {
    "score -": SCORED,
    "dlq list": {"items": [JOB], "next_cursor": None},
    "dlq show job": JOB,
    "batch list": {"items": [BATCH], "next_cursor": None},
    "subjects consent p-1": CONSENT,
    "subjects lookup p-1": CONSENT,
}


def made_unsafe(value):
    if isinstance(value, dict):
        return {name: made_unsafe(item) for name, item in value.items()}
    if isinstance(value, list):
        return [made_unsafe(item) for item in value]
    return UNSAFE + value if isinstance(value, str) else value


def run(api, command, status, answer):
    with api(lambda asked: (status, answer)):
        return CliRunner().invoke(app, command.split(), input="{}", env={"COLUMNS": "200"})


@pytest.mark.parametrize("command", ANSWERS)
@pytest.mark.parametrize("errors", [True, False])
def test_a_problem_document_prints_no_control_character(api, command, errors):
    done = run(api, command, 422, made_unsafe(PROBLEM if errors else PROBLEM | {"errors": []}))
    assert done.exit_code == 1, done.output
    assert LEFT.findall(done.output) == []
    assert "\\x1b]0;pwned\\x07\\x1b[2J" in done.output
    assert done.output.count("\n") == 1
    assert MARKUP in done.output


@pytest.mark.parametrize(("command", "answer"), ANSWERS.items())
def test_an_answer_prints_no_control_character(api, command, answer):
    done = run(api, command, 200, made_unsafe(answer))
    assert done.exit_code == 0, done.output
    assert LEFT.findall(done.output) == []
    assert "\\x1b]0;pwned\\x07\\x1b[2J" in done.output
    assert MARKUP in done.output


def test_a_file_with_a_control_character_prints_it_as_an_escape(api):
    file = json.dumps({"model": "toy"})[:-1] + ', "\\u001b]0;pwned\\u0007": {"\\u001b[2J": 1, "\\u001b[2J": 2}}'
    with api(lambda asked: (201, SCORED)):
        done = CliRunner().invoke(app, ["score", "-"], input=file)
    assert done.exit_code == 1
    assert done.output.startswith("\\x1b[2J: occurs twice")


@pytest.mark.parametrize("renderable", [UNSAFE, Text(UNSAFE), Group(UNSAFE, Text(UNSAFE))])
def test_a_text_on_a_terminal_has_no_control_character(renderable):
    console = TableConsole(file=(file := StringIO()), width=80, force_terminal=True, color_system=None)
    console.print(renderable, soft_wrap=True, highlight=False)
    assert LEFT.findall(file.getvalue()) == []
    assert MARKUP in file.getvalue()


def test_a_table_cell_on_a_terminal_is_whole():
    console = TableConsole(file=(file := StringIO()), width=400, force_terminal=True, color_system=None)
    table = Table("name", box=None)
    table.add_row(UNSAFE)
    console.print(table)
    assert LEFT.findall(file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")) == []
    assert MARKUP in file.getvalue()


def test_a_control_character_becomes_a_visible_escape():
    assert visible("a\x1b\x9b\u202e\n\u00e9") == "a\\x1b\\x9b\\u202e\\x0a\u00e9"


def test_bytes_that_are_not_utf8_are_refused_before_any_command_runs():
    refused = CliRunner().invoke(app, ["tenants", "show", "\udc80"])
    assert refused.exit_code == 2
    assert "argument 3 is not UTF-8" in refused.output
