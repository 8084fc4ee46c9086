"""Each option has one value, each name of a list is given once, and no value is empty. The exit code is 2."""

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app
from cli.strict_commands import parse_pairs


def commands_of(command, words=()):
    """Yield the words and the object of every command."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands_of(inner, (*words, name))
    if not hasattr(command, "commands"):
        yield words, command


ROOT = get_command(app)
COMMANDS = dict(commands_of(ROOT))
PARAMETERS = [
    pytest.param(words, each, id=" ".join((*words, each.opts[0])))
    for words, command in COMMANDS.items()
    for each in command.params
]


def refusal(*words):
    """Return the text of the error of a command line."""
    with pytest.raises(typer.BadParameter) as found:
        ROOT.main(list(words), prog_name="vigil", standalone_mode=False)
    assert found.value.exit_code == 2
    return found.value.format_message()


def test_the_walk_finds_the_commands_of_all_groups():
    assert {("alerts", "silence"), ("incident", "drill"), ("models", "retrain"), ("score",)} <= COMMANDS.keys()


@pytest.mark.parametrize(("words", "parameter"), PARAMETERS)
def test_a_repeated_option_or_an_empty_value_is_refused(words, parameter):
    name = parameter.opts[0]
    if parameter.param_type_name == "argument":
        others = [each for each in COMMANDS[words].params if each.param_type_name == "argument"]
        message = refusal(*words, *["x"] * others.index(parameter), "")
        assert f"'{parameter.metavar or name}'" in message
        assert "is empty. Give a value" in message
        return
    given = [name] if parameter.is_flag else [name, "a=1"]
    message = refusal(*words, *given, *given)
    assert f"'{name}'" in message
    assert "it once." in message
    if not parameter.is_flag and "''" not in parameter.help:
        message = refusal(*words, name, " ")
        assert f"'{name}'" in message
        assert "is empty. Give a value" in message


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("alerts silence why --label region=eu --label region=us", "region"),
        ("incident open service_down --about function=a --about function=b", "function"),
        ("tenants set acme --limit per_minute=1 --limit per_minute=2", "per_minute"),
        ("deployment parameters dev --keys . --set Protect=true --set Protect=false", "Protect"),
        ("subjects declare P --text v1 --give scoring --withdraw scoring", "scoring"),
    ],
)
def test_a_name_with_two_values_is_refused(command, name):
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2
    assert name in result.output


@pytest.mark.parametrize("text", ["region", "=eu", "region=", " =eu"])
def test_half_a_pair_is_refused_with_an_example(text):
    with pytest.raises(typer.BadParameter, match="such as region=eu"):
        parse_pairs([text], "--label", "region=eu")


def test_a_pair_with_another_name_is_refused_with_the_names():
    with pytest.raises(typer.BadParameter, match="function, model"):
        parse_pairs(["queue=a"], "--about", "function=a", ("function", "model"))


def test_a_value_may_contain_the_sign_of_a_pair():
    assert parse_pairs(["query=a=b"], "--label", "region=eu") == {"query": "a=b"}
