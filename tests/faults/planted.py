"""Planted bugs: small variants of the real classes, each with the mistake that one of the proofs is there to catch."""

from vigil.scoring.model import LedgerRow
from vigil.scoring.store import DynamoLedger, _item


class CheckThenWrite(DynamoLedger):
    """Looks whether the row is there, then writes it: two calls, between which another may do the same."""

    def commit(self, row: LedgerRow) -> LedgerRow | None:
        if (existing := self.get(row.tenant_id, row.decision_id)) is not None:
            return existing
        self._call("put_item", Item=_item(row))
        return None


class Unconditional(DynamoLedger):
    """Writes without a condition: the last delivery wins."""

    def commit(self, row: LedgerRow) -> LedgerRow | None:
        self._call("put_item", Item=_item(row))
        return None
