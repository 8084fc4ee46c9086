"""The project's tables, created from the template itself, so that tests and deployments cannot drift apart."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[1] / "infra" / "data.yaml"
_SAME = ("Decisions", "Registry", "Access", "Outcomes", "Batches", "Limits", "Usage", "Costs", "Idempotency", "Flags")
TABLES = {name: name.lower() for name in (*_SAME, "Subjects")} | {"DeadLetters": "dead_letters"}
_TAKEN = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, whose values these tests do not need."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)


@cache
def resources() -> dict[str, Any]:
    """Return the resources of the data stack, read once: every test makes its own tables of them."""
    found: dict[str, Any] = yaml.load(DATA.read_text(), _Loader)["Resources"]  # noqa: S506 - a SafeLoader with inert tags
    return found


def create_tables(dynamodb: Any) -> None:
    """Create every table of the data stack under its short name."""
    for logical_id, name in TABLES.items():
        create_table(dynamodb, logical_id, name)


def create_table(dynamodb: Any, logical_id: str, name: str, **more: Any) -> None:
    """Create one table of the data stack under a name, with more than its keys where a test needs it."""
    properties = resources()[logical_id]["Properties"]
    dynamodb.create_table(TableName=name, **{key: properties[key] for key in _TAKEN if key in properties}, **more)
