"""A ledger in DynamoDB, with the quotas and hard stops that it charges."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vigil.budgets.stops.store import DynamoStops
from vigil.quota.store import DynamoQuota
from vigil.scoring.store import DynamoLedger


def ledger(
    client: Any,
    decisions: str = "decisions",
    usage: str = "usage",
    kind: type[DynamoLedger] = DynamoLedger,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> DynamoLedger:
    """Return a ledger of some kind on two tables."""
    return kind(client, decisions, DynamoQuota(client, usage, clock), DynamoStops(client, usage, clock))
