"""`vigil doctor`: finds missing and unsafe settings of a deployed stack."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from cli.deployed_functions import Clients, DeployedFunction, read_functions, stack_faults
from cli.deployment import state_folder
from cli.embedded import Embedded, aws_environment
from cli.stack import Stack
from cli.tables import TableConsole
from vigil.errors import NotFound
from vigil.runtime import snapshots, start_up

out = TableConsole()
_ON_AWS = {snapshots.VARIABLE: "on-demand"}
"""A variable that Lambda adds on AWS. The stage `local` is refused by it."""
_NAMED = 3
"""Maximum functions that a line names."""


def doctor_command(
    stack: Annotated[str, typer.Option(help="Stack on AWS, such as vigil-prod; the embedded stack without it")] = "",
    region: Annotated[str, typer.Option(help="AWS region of the stack")] = "eu-west-1",
) -> None:
    """Check the settings of every function of a deployed stack; exit with code 1 if one is missing or unsafe."""
    if stack:
        is_sound = _examine(partial(_aws_client, region), stack, _ON_AWS)
    else:
        embedded = Embedded.load(state_folder())
        if embedded is None:
            raise NotFound("there is no embedded stack: run `make up`, or name a stack on AWS with --stack")
        clients = partial(Stack(state_folder()).client, embedded.endpoint_url)
        is_sound = _examine(clients, embedded.stack_name, aws_environment(embedded.endpoint_url))
    raise typer.Exit(0 if is_sound else 1)


def _examine(clients: Clients, stack: str, runtime_variables: Mapping[str, str]) -> bool:
    """Print the faults of a stack, and return True if it has none."""
    functions = read_functions(clients, stack, runtime_variables)
    faults = _by_sentence(functions, DeployedFunction.faults)
    weaknesses = _by_sentence(functions, DeployedFunction.weaknesses)
    stage = functions[0].stage
    if stage == start_up.LOCAL:
        allowed = {sentence for each in functions for sentence in start_up.allowances(each.variables)}
        _print("Allowed only because the stage is local:", dict.fromkeys(_by_rule(allowed | weaknesses.keys()), ()), 0)
    else:
        faults |= weaknesses | dict.fromkeys(stack_faults(clients, stack, stage), ())
    _print("Refused:", faults, len(functions))
    if not faults:
        _say(f"{len(functions)} functions of {stack} have all their settings, and may start.")
    return not faults


def _by_sentence(
    functions: Sequence[DeployedFunction], find: Callable[[DeployedFunction], Iterable[str]]
) -> dict[str, Sequence[str]]:
    """Return the names of the functions by the sentence of their fault."""
    found: dict[str, list[str]] = {}
    for function in functions:
        for sentence in find(function):
            found.setdefault(sentence, []).append(function.name)
    return dict(sorted(found.items()))


def _by_rule(sentences: Collection[str]) -> Iterator[str]:
    """Yield one sentence for each rule: of several variables that break it, the first one and the number of others."""
    rules: dict[str, list[str]] = {}
    for sentence in sorted(sentences):
        variable, _, must = sentence.partition(" ")
        rules.setdefault(must, []).append(variable)
    for must, (first, *others) in rules.items():
        yield f"{first} and {len(others)} more {must}" if others else f"{first} {must}"


def _print(title: str, faults: Mapping[str, Sequence[str]], count: int) -> None:
    if faults:
        _say(title)
    for sentence, names in faults.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        where = "all functions" if len(names) == count else ", ".join(names[:_NAMED]) + more
        _say(f"  * {sentence}" + (f" ({where})" if names else ""))


def _say(text: str) -> None:
    out.print(text, soft_wrap=True, highlight=False, markup=False)


def _aws_client(region: str, service: str) -> Any:
    import boto3

    return boto3.client(service, region_name=region)
