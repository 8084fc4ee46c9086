"""Rows of the decision ledger, and the items that the ledger stores for them."""

import json
from typing import Any

from tests.support.fakes.tenant_keys import tenant_key
from tests.support.ledgers import ledger
from vigil.decisions.scoring.model import LedgerRow
from vigil.decisions.scoring.packed_documents_model import read_documents
from vigil.kernel.rows import ModelRef
from vigil.prediction.trials.model import Comparison, ModelAnswer


def ledger_row(number: int = 0, tenant: str = "acme", subject: str = "p-1") -> LedgerRow:
    """Return the row of a decision; rows with an odd number have a high risk and a comparison."""
    created = f"2026-03-01T12:00:{number:02d}.000000Z"
    return LedgerRow(
        tenant_id=tenant,
        decision_id=f"dec_{number:032d}",
        subject_id=subject,
        subject=tenant_key(tenant).pseudonym(subject),
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
        comparison=Comparison(ModelAnswer(1, 0.5, "wait"), ModelAnswer(2, None, "")) if number % 2 else None,
    )


def unpacked_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item whose compressed attribute is replaced by `inputs` and `body`, as text; others unchanged."""
    if "packed" not in item:
        return item
    inputs, body = read_documents(item)
    rest = {name: value for name, value in item.items() if name != "packed"}
    return rest | {"inputs": {"S": inputs}, "body": {"S": body}}


class _RecordingClient:
    """DynamoDB client that records the items of `put_item`."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def put_item(self, **arguments: Any) -> dict[str, Any]:
        self.items.append(arguments["Item"])
        return {}


def stored_item(row: LedgerRow) -> dict[str, Any]:
    """Return the item that the ledger stores for a row without conditions, in DynamoDB JSON."""
    client = _RecordingClient()
    ledger(client).commit(row)
    (item,) = client.items
    return item
