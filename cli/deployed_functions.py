"""Reads the functions of a deployed stack, and finds the settings for which they refuse to start."""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from cli.preflight import check_concurrency
from vigil import bootstrap
from vigil.bootstrap.process import Entry
from vigil.errors import NotFound, Unavailable
from vigil.runtime import start_up
from vigil.runtime.settings import Settings
from vigil.runtime.unsafe_settings import ATTEMPTS

ALIAS = "live"
"""Alias that takes the requests and messages of a function."""
MIN_RETENTION = timedelta(days=30)
"""Minimum time for which the logs of a production are retained."""
RETAINED = frozenset({"staging", "prod"})
"""Stages whose logs serve investigations."""
Clients: TypeAlias = Callable[[str], Any]
"""Returns the boto3 client of a service."""


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """The configuration of the version of a function that takes requests."""

    name: str
    """Name without the stack, for example `scoring-api`."""
    variables: Mapping[str, str]
    time_limit: timedelta
    log_retention: timedelta | None
    """None for a log group that the stack does not own, or that never deletes lines."""

    @property
    def stage(self) -> str:
        """Stage of the function, or an empty text."""
        return self.variables.get("VIGIL_STAGE", "")

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each fault for which the function refuses to start."""
        yield from start_up.faults(self.variables, _needs(self.name))

    def weaknesses(self) -> Iterator[str]:
        """Yield a sentence for each fault that a function cannot see itself."""
        settings = Settings(**Settings.read(self.variables)[0])
        if ATTEMPTS * (settings.connect_timeout + settings.read_timeout) > self.time_limit:
            timeouts = "VIGIL_AWS_CONNECT_TIMEOUT_MS and VIGIL_AWS_READ_TIMEOUT_MS"
            yield f"{timeouts} must leave time for {ATTEMPTS} attempts of a call within the function's time limit"
        if self.stage in RETAINED and (self.log_retention is None or self.log_retention < MIN_RETENTION):
            yield f"LogRetentionDays must be at least {MIN_RETENTION.days}"


def read_functions(clients: Clients, stack: str, more: Mapping[str, str]) -> list[DeployedFunction]:
    """Return the functions of a stack by name; `more` are variables that the runtime adds.

    Raises NotFound if the stack has no functions, and Unavailable if AWS does not answer.
    """
    try:
        found = list(_functions(clients, stack, more))
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"AWS did not return the functions of the stack: {error}") from error
    if not found:
        raise NotFound("this stack has no functions: check its name and region")
    return sorted(found, key=lambda function: function.name)


def stack_faults(clients: Clients, stack: str, stage: str) -> Iterator[str]:
    """Yield a sentence for each fault of a stack as a whole; raise Unavailable if AWS does not answer."""
    concurrency = check_concurrency(clients("lambda"))
    if not concurrency.is_enough:
        yield concurrency.sentence()
    try:
        described = clients("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
        readers = clients("sns").list_subscriptions_by_topic(TopicArn=outputs["PagesTopic"])["Subscriptions"]
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"AWS did not return the topics of the stack: {error}") from error
    # The queue of alerts needs Vigil's own code. An alarm about this code needs another reader.
    if stage == "prod" and not any(
        each["Protocol"] != "sqs" and each["SubscriptionArn"].startswith("arn:") for each in readers
    ):
        yield "OperatorsEmail must be set, and its address must confirm the e-mail of AWS"


def _functions(clients: Clients, stack: str, more: Mapping[str, str]) -> Iterator[DeployedFunction]:
    prefix, retentions, functions = f"{stack}-", _log_retentions(clients("logs"), stack), clients("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for listed in page["Functions"]:
            name = listed["FunctionName"]
            if name.startswith(prefix) and _has_entry(name.removeprefix(prefix)):
                live = functions.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
                yield DeployedFunction(
                    name.removeprefix(prefix),
                    live.get("Environment", {}).get("Variables", {}) | more,
                    timedelta(seconds=live["Timeout"]),
                    retentions.get(live.get("LoggingConfig", {}).get("LogGroup", "")),
                )


def _log_retentions(logs: Any, stack: str) -> dict[str, timedelta]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{stack}-")
    groups = [group for page in pages for group in page["logGroups"] if "retentionInDays" in group]
    return {group["logGroupName"]: timedelta(days=group["retentionInDays"]) for group in groups}


def _has_entry(name: str) -> bool:
    return name.replace("-", "_") in _entries()


def _needs(name: str) -> tuple[str, ...]:
    return _entries()[name.replace("-", "_")].needs


@cache
def _entries() -> dict[str, Entry]:
    """Return the Lambda entries by the folder of their function."""
    modules = [import_module(f"{bootstrap.__name__}.{each.name}") for each in pkgutil.iter_modules(bootstrap.__path__)]
    return {name: each for module in modules for name, each in vars(module).items() if isinstance(each, Entry)}
