"""Errors that the command line prints name commands, not routes."""

import ast
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.main import _Group, app
from cli.named_commands import COMMANDS, name_commands
from vigil.errors import NotFound

ROOT = Path(__file__).parents[3]
SOURCES = sorted(file for folder in ("layers/core/vigil", "cli") for file in (ROOT / folder).rglob("*.py"))
REMEDY = re.compile(r"(?:(?:GET|POST) /v1/\S+ lists all|(?:list all by|see|by|from) (?:GET|POST) /v1/\S+)")
WITHOUT_COMMAND = {
    "GET /v1/alerting/channels",
    "GET /v1/alerting/members",
    "GET /v1/scores",
    "GET /v1/webhooks",
    "POST /v1/outcomes",
}
"""Routes without a command: their errors keep them."""


def remedies():
    """Yield each remedy of an error's text that names a route; a formatted part of a path is its name."""
    for file in SOURCES:
        tree = ast.parse(file.read_text())
        notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "iit" for part in node.values)
                yield from REMEDY.findall("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
                yield from REMEDY.findall(node.value)


def test_each_remedy_names_a_command_unless_there_is_none():
    found = set(remedies())
    kept = {re.search(r"(?:GET|POST) /v1/[^\s;,]*[^\s;,.]", text)[0] for text in found if text == name_commands(text)}
    assert kept == WITHOUT_COMMAND
    assert len(found) > len(kept) + 10


@pytest.mark.parametrize("command", COMMANDS.values())
def test_each_named_command_exists(command):
    group, *names = typer.main.get_command(app), *command.split()
    for name in names:
        group = getattr(group, "commands", {}).get(name, group) if "{" in name else group.commands[name]
    assert group.name == [name for name in names if "{" not in name][-1]


def test_an_error_of_a_command_names_the_command_that_lists():
    errors = typer.Typer(cls=_Group)

    @errors.command("fail")
    def fail():
        raise NotFound("There is no such finding; GET /v1/models/iit/health/findings lists all.")

    @errors.callback()
    def root():
        """Group of the command."""

    shown = CliRunner().invoke(errors, ["fail"]).stderr
    assert shown == "There is no such finding; `vigil models findings iit` lists all.\n"
