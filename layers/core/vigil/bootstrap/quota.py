"""Wiring of what predictions are charged to when they are committed: quotas and hard stops."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.access.quota.service import MonthlyQuota
    from vigil.access.quota.store import DynamoMonthlyQuota
    from vigil.money.budgets.hard_limits_store import DynamoHardLimits


def service() -> "MonthlyQuota":
    """Return what sets predictions aside for many rows at once."""
    from vigil.access.quota.service import MonthlyQuota

    return MonthlyQuota(store(), process.now)


@process.once
def store() -> "DynamoMonthlyQuota":
    """Return what tenants have taken of their months."""
    from vigil.access.quota.store import DynamoMonthlyQuota

    return DynamoMonthlyQuota(process.client("dynamodb"), process.settings().usage_table, process.now)


@process.once
def stops() -> "DynamoHardLimits":
    """Return what counts against tenants' hard stops."""
    from vigil.money.budgets.hard_limits_store import DynamoHardLimits

    return DynamoHardLimits(process.client("dynamodb"), process.settings().usage_table, process.now)
