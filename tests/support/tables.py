"""The project's tables, created from the template itself, so that tests and deployments cannot drift apart."""

from typing import Any

from tests.support.templates import INFRA, template

DATA = INFRA / "data.yaml"
_SAME = ("Decisions", "Registry", "Access", "Outcomes", "Batches", "Limits", "Usage", "Costs", "Idempotency", "Flags")
_OWN = ("Subjects", "Alerts", "Webhooks", "Failures", "Measurements", "Monitoring", "Incidents")
OF_THE_DEPLOYMENT = {"failures", "flags", "incidents", "measurements", "registry"}
"""Tables without items of tenants."""
TABLES = {name: name.lower() for name in (*_SAME, *_OWN)} | {
    "DeadLetters": "dead_letters",
    "TenantKeys": "tenant_keys",
}
_TAKEN = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")


def environment() -> dict[str, str]:
    """Return the environment variables with the names of the tables."""
    return {f"VIGIL_{name.upper()}_TABLE": name for name in TABLES.values()}


def create_tables(dynamodb: Any) -> None:
    """Create every table of the data stack under its short name."""
    for logical_id, name in TABLES.items():
        create_table(dynamodb, logical_id, name)


def create_table(dynamodb: Any, logical_id: str, name: str, **more: Any) -> None:
    """Create one table of the data stack under a name; `more` adds properties to its keys."""
    properties = template(DATA)["Resources"][logical_id]["Properties"]
    dynamodb.create_table(TableName=name, **{key: properties[key] for key in _TAKEN if key in properties}, **more)
