"""Profiles in DynamoDB: `sk = DAY#<version>#<source>#<day>`, so that one query reads a range of days."""

from collections.abc import Iterator
from typing import Any

from vigil.aws.tables import Table
from vigil.kernel.stored_values import read_attribute
from vigil.monitoring.profiles.documents_model import from_bytes, to_bytes
from vigil.monitoring.profiles.keys_model import (
    Item,
    check_key,
    expiry,
    item_key,
    model_partition,
    read_item,
    version_prefix,
)
from vigil.monitoring.profiles.model import Profile, Source


class DynamoProfiles:
    """Profiles of the models of all tenants. Items expire 800 days after their day begins in UTC."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def profiles(
        self, tenant_id: str, model: str, version: int, source: Source, start: str, end: str
    ) -> Iterator[Profile]:
        """Yield the profiles from the day `start` to the day `end` (`2026-11-21`), both included, the earliest first.

        Profiles are read consistently. A day without decisions has no profile. Raises Unavailable, and DamagedData for
        a damaged profile.
        """
        prefix = version_prefix("DAY", version, source)
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :start AND :end",
            ExpressionAttributeValues={
                ":pk": {"S": model_partition(tenant_id, model)},
                ":start": {"S": f"{prefix}{start}"},
                ":end": {"S": f"{prefix}{end}"},
            },
            ConsistentRead=True,
        )
        return (read_item(model, item, _profile) for item in items)

    def put(self, tenant_id: str, model: str, version: int, profile: Profile) -> None:
        """Store a profile in place of an earlier one of its version, source and day. Raises Unavailable."""
        key = item_key(tenant_id, model, f"{version_prefix('DAY', version, profile.source)}{profile.day}")
        self._table.call("put_item", Item=key | {"counts": {"B": to_bytes(profile)}} | expiry(profile.day))


def _profile(item: Item) -> Profile:
    profile = from_bytes(read_attribute(item, "counts", "B"))
    check_key(item, profile.source, profile.day)
    return profile
