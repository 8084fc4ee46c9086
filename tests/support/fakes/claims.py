"""An idempotency claim store in memory."""

import json
from collections.abc import Callable
from decimal import Decimal

from vigil.errors import IdempotencyKeyReused, InProgress, Unavailable
from vigil.kernel.rows import ANSWER_FORMAT
from vigil.web.idempotency import Claim, IdempotentRequest, StoredResponse


class FakeClaimStore:
    """Claims and responses by tenant, operation and key; `away` makes the store unavailable."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.clock = clock
        self.away = False
        self.records: dict[tuple[str, str, str], tuple[Claim, str, StoredResponse | None]] = {}
        self._issued = 0

    def claim(self, request: IdempotentRequest, seconds: float) -> Claim | StoredResponse:
        if self.away:
            raise Unavailable("The idempotency table did not answer.")
        payload = json.dumps(request.compared_value(ANSWER_FORMAT), sort_keys=True)
        if (record := self.records.get(_key(request))) and (record[2] or record[0].lease >= self.clock()):
            if record[1] != payload:
                raise IdempotencyKeyReused("other payload")
            if record[2] is None:
                raise InProgress("still running")
            return record[2]
        self._issued += 1
        claim = Claim(request, Decimal(self.clock() + seconds) + Decimal(self._issued).scaleb(-9))
        self.records[_key(request)] = (claim, payload, None)
        return claim

    def complete(self, claim: Claim, response: StoredResponse) -> bool:
        record = self.records.get(_key(claim.request))
        if self.away or record is None or record[0] != claim:
            return False
        self.records[_key(claim.request)] = (record[0], record[1], response)
        return True

    def release(self, claim: Claim) -> None:
        record = self.records.get(_key(claim.request))
        if not self.away and record is not None and record[0] == claim:
            del self.records[_key(claim.request)]


def _key(request: IdempotentRequest) -> tuple[str, str, str]:
    return request.tenant_id, request.operation, request.key
