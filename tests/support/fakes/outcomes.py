"""Outcomes in memory. A contract test runs them and DynamoDB alike."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from vigil.decisions.outcomes.model import Outcome, OutcomePage


class FakeRowOutcomes:
    """Ids of batch rows with an outcome, and those whose outcomes were deleted."""

    def __init__(self) -> None:
        self.reports: dict[str, list[Mapping[str, Any]]] = {}

    def history(self, tenant_id: str, decision_id: str) -> Sequence[Mapping[str, Any]]:
        return self.reports.get(decision_id, [])

    def forget(self, tenant_id: str, decision_id: str) -> None:
        self.reports.pop(decision_id, None)


class FakeOutcomes:
    """All reports by tenant and decision, as atomic as a conditional put."""

    def __init__(self) -> None:
        self.reports: dict[tuple[str, str], dict[str, Outcome]] = {}
        self._lock = threading.Lock()

    def record(self, tenant_id: str, outcome: Outcome) -> Outcome | None:
        with self._lock:
            known = self.reports.setdefault((tenant_id, outcome.decision_id), {})
            existing = known.setdefault(outcome.recorded_at, outcome)
        return None if existing is outcome else existing

    def current(self, tenant_id: str, decision_id: str) -> Outcome | None:
        known = self.reports.get((tenant_id, decision_id))
        return known[max(known)] if known else None

    def history(self, tenant_id: str, decision_id: str, after: dict[str, str] | None, limit: int) -> OutcomePage:
        known = self.reports.get((tenant_id, decision_id), {})
        rest = [at for at in sorted(known) if after is None or f"AT#{at}" > after["sk"]]
        position = {"sk": f"AT#{rest[limit - 1]}"} if len(rest) >= limit else None
        return OutcomePage(tuple(known[at] for at in rest[:limit]), position)

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        hold = [known[max(known)] for (of, _), known in self.reports.items() if of == tenant_id]
        ordered = sorted((o for o in hold if o.is_resolved == resolved), key=_list_sk, reverse=True)
        rest = [outcome for outcome in ordered if after is None or _list_sk(outcome) < after["list_sk"]]
        last = rest[limit - 1] if len(rest) > limit else None
        position = {"pk": "", "sk": "HOLDS", "list_sk": _list_sk(last)} if last else None
        return OutcomePage(tuple(rest[:limit]), position)


def _list_sk(outcome: Outcome) -> str:
    return f"{outcome.received_at}#{outcome.decision_id}"
