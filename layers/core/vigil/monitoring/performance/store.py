"""Cohorts in DynamoDB: `sk = COHORT#<version>#<source>#<week>`, so that one query reads them in their order."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from vigil.aws.tables import Table
from vigil.kernel.stored_values import read_attribute
from vigil.kernel.time import format_day
from vigil.monitoring.performance.cohorts_model import Cohort
from vigil.monitoring.profiles.keys_model import (
    Item,
    check_key,
    expiry,
    item_key,
    model_partition,
    read_item,
    version_prefix,
)
from vigil.monitoring.profiles.model import Source


class DynamoCohorts:
    """Cohorts of the models of all tenants. Items expire 800 days after the Monday of their week begins in UTC."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def cohorts(self, tenant_id: str, model: str, version: int, source: Source) -> Iterator[Cohort]:
        """Yield the cohorts of a version and source, the earliest week first, read consistently.

        Raises Unavailable, and DamagedData for a damaged cohort.
        """
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :cohorts)",
            ExpressionAttributeValues={
                ":pk": {"S": model_partition(tenant_id, model)},
                ":cohorts": {"S": version_prefix("COHORT", version, source)},
            },
            ConsistentRead=True,
        )
        return (read_item(model, item, _cohort) for item in items)

    def put(self, tenant_id: str, model: str, version: int, source: Source, cohort: Cohort) -> None:
        """Store a cohort in place of an earlier one of its version, source and week.

        Raises ValueError for a cohort of more than `MAX_COHORT_BYTES` (300 kB) when packed, and Unavailable.
        """
        key = item_key(tenant_id, model, f"{version_prefix('COHORT', version, source)}{cohort.week}")
        monday = format_day(date.fromisocalendar(int(cohort.week[:4]), int(cohort.week[6:]), 1))
        self._table.call("put_item", Item=key | {"counts": {"B": cohort.to_bytes()}} | expiry(monday))


def _cohort(item: Item) -> Cohort:
    cohort = Cohort.from_bytes(read_attribute(item, "counts", "B"))
    check_key(item, cohort.week)
    return cohort
