"""The project's tables, created from the template itself, so that tests and deployments cannot drift apart."""

from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[1] / "infra" / "data.yaml"
TABLES = {
    "Decisions": "decisions",
    "Registry": "registry",
    "Access": "access",
    "Outcomes": "outcomes",
    "Idempotency": "idempotency",
    "Flags": "flags",
}
_TAKEN = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, whose values these tests do not need."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)


def create_tables(dynamodb: Any) -> None:
    """Create every table of the data stack under its short name."""
    resources = yaml.load(DATA.read_text(), _Loader)["Resources"]  # noqa: S506 - a SafeLoader with inert tags
    for logical_id, name in TABLES.items():
        properties = resources[logical_id]["Properties"]
        dynamodb.create_table(TableName=name, **{key: properties[key] for key in _TAKEN if key in properties})
