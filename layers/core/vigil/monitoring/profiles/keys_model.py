"""Keys and expiry of items of monitoring. The partition of a tenant's model is `<tenant>#<model>`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.monitoring.profiles.model import Source

RETENTION = timedelta(days=800)
"""Age at which profiles, cohorts, states and findings expire, from the start of their day (cohorts: their Monday)."""

Item = dict[str, dict[str, Any]]


def model_partition(tenant_id: str, model: str) -> str:
    """Return the partition key of a tenant's model."""
    return f"{tenant_id}#{model}"


def version_prefix(kind: str, version: int, source: Source) -> str:
    """Return the beginning of the sort keys of one kind of item of a model version and source: `DAY#3#single#`."""
    return f"{kind}#{version}#{source}#"


def item_key(tenant_id: str, model: str, sort_key: str) -> Item:
    """Return the primary key of an item of a tenant's model."""
    return {"pk": {"S": model_partition(tenant_id, model)}, "sk": {"S": sort_key}}


def expiry(day: str) -> Item:
    """Return the attribute `expires_at`, in Unix seconds, of an item of a day (`2026-11-21`)."""
    end = datetime.fromisoformat(day).replace(tzinfo=UTC) + RETENTION
    return {"expires_at": {"N": str(int(end.timestamp()))}}
