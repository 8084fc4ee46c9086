"""A ledger in DynamoDB with the quotas and spend limits that it charges."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vigil.access.quota.store import DynamoQuota
from vigil.decisions.scoring.model import LedgerRow
from vigil.decisions.scoring.store import DynamoLedger
from vigil.kernel.rows import ModelRef
from vigil.money.budgets.hard_limits_store import DynamoStops
from vigil.prediction.trials.model import Answer, Comparison
from vigil.privacy.persons.consents_store import DynamoConsents
from vigil.privacy.persons.store import SubjectTable


def ledger(
    client: Any,
    decisions: str = "decisions",
    usage: str = "usage",
    kind: type[DynamoLedger] = DynamoLedger,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    subjects: str = "subjects",
) -> DynamoLedger:
    """Return a ledger of this class on its tables."""
    quotas, stops = DynamoQuota(client, usage, clock), DynamoStops(client, usage, clock)
    return kind(client, decisions, quotas, stops, DynamoConsents(SubjectTable(client, subjects)))


def ledger_row(number: int = 0, tenant: str = "acme", subject: str = "p-1") -> LedgerRow:
    """Return a ledger row. Odd numbers are high risk and have a comparison."""
    created = f"2026-03-01T12:00:{number:02d}.000000Z"
    return LedgerRow(
        tenant_id=tenant,
        decision_id=f"dec_{number:032d}",
        subject_id=subject,
        model=ModelRef("toy", 1, "sha256:aa"),
        fingerprint="f",
        correlation_id=f"c-{number}",
        nonce=f"n-{number}",
        created_at=created,
        expires_at=1_800_000_000,
        inputs='{"age":40}',
        body='{"probability":0.5}',
        summary=json.dumps({"n": number}),
        high_risk=bool(number % 2),
        comparison=Comparison(Answer(1, 0.5, "wait"), Answer(2, None, "")) if number % 2 else None,
    )
