"""Claims on idempotency keys in memory."""

import json
from collections.abc import Callable
from decimal import Decimal

from vigil.errors import IdempotencyKeyReused, InProgress, Unavailable
from vigil.web.idempotency import Answer, Claim, Use


class FakeClaims:
    """Holds claims and answers by tenant, operation and key; `away` makes it unreachable."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.clock = clock
        self.away = False
        self.records: dict[tuple[str, str, str], tuple[Claim, str, Answer | None]] = {}
        self._issued = 0

    def claim(self, use: Use, seconds: float) -> Claim | Answer:
        self._reach()
        payload = json.dumps(use.payload, sort_keys=True)
        if (found := self.records.get(_place(use))) and (found[2] or found[0].lease >= self.clock()):
            if found[1] != payload:
                raise IdempotencyKeyReused("other payload")
            if found[2] is None:
                raise InProgress("under way")
            return found[2]
        self._issued += 1
        claim = Claim(use, Decimal(self.clock() + seconds) + Decimal(self._issued).scaleb(-9))
        self.records[_place(use)] = (claim, payload, None)
        return claim

    def keep(self, claim: Claim, answer: Answer) -> bool:
        held = self.records.get(_place(claim.use))
        if self.away or held is None or held[0] != claim:
            return False
        self.records[_place(claim.use)] = (held[0], held[1], answer)
        return True

    def release(self, claim: Claim) -> None:
        held = self.records.get(_place(claim.use))
        if not self.away and held is not None and held[0] == claim:
            del self.records[_place(claim.use)]

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("away")


def _place(use: Use) -> tuple[str, str, str]:
    return use.tenant_id, use.operation, use.key
