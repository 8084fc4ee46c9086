"""A ledger in DynamoDB with the quotas and spend limits that it charges."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.decisions.scoring.store import DynamoLedger
from vigil.money.budgets.hard_limits_store import DynamoHardLimits
from vigil.privacy.persons.consents_store import DynamoConsents
from vigil.privacy.persons.store import PersonTable


def ledger(
    client: Any,
    decisions: str = "decisions",
    usage: str = "usage",
    kind: type[DynamoLedger] = DynamoLedger,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    subjects: str = "subjects",
) -> DynamoLedger:
    """Return a ledger of this class on its tables."""
    quotas, stops = DynamoMonthlyQuota(client, usage, clock), DynamoHardLimits(client, usage, clock)
    return kind(client, decisions, quotas, stops, DynamoConsents(PersonTable(client, subjects)))
