"""Records outcomes of decisions; deliveries are idempotent and corrections keep their history."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from vigil.decisions.outcomes.model import (
    DecisionWindow,
    Outcome,
    OutcomePage,
    RecordedOutcome,
    Report,
    parse_batch_row_id,
)
from vigil.decisions.outcomes.ports import BatchRowReader, DecisionReader, OutcomeStore
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.pseudonyms import TenantKeys
from vigil.kernel.time import format_timestamp

CLOCK_SKEW = timedelta(seconds=60)
MAX_WINDOW_DECISIONS = 100
"""Maximum decisions in one window."""
_NO_DECISION = "There is no such decision."


class Outcomes:
    """Records and returns outcomes for tenants. Stateless and safe to share between threads."""

    def __init__(
        self,
        decisions: DecisionReader,
        rows: BatchRowReader,
        store: OutcomeStore,
        clock: Callable[[], datetime],
        keys: TenantKeys,
    ) -> None:
        self._decisions = decisions
        self._rows = rows
        self._store = store
        self._clock = clock
        self._keys = keys

    def record(self, tenant_id: str, decision_id: str, report: Report) -> RecordedOutcome:
        """Join a report to one decision, or to a row of a batch. A repeated report has no effect.

        Raises NotFound for an unknown decision or another tenant's, InvalidInput for impossible times, and Conflict for
        a different report with the same `recorded_at`.
        """
        if place := parse_batch_row_id(decision_id):
            return self.record_row(tenant_id, *place, report)
        row = self._decisions.get(tenant_id, decision_id)
        if row is None:
            raise NotFound(_NO_DECISION)
        (recorded,) = self._record(tenant_id, [json.loads(row.summary)], report)
        return recorded

    def record_row(self, tenant_id: str, batch_id: str, number: int, report: Report) -> RecordedOutcome:
        """Join a report to one row of a batch. Raises as `record`, and Erased for a row of an erased person.

        The NotFound says whether the batch, its scored rows, the answer of the row or its join file is missing.
        """
        row = self._rows.find(tenant_id, batch_id, number)
        model = {"name": row.model, "version": row.model_version}
        (recorded,) = self._record(
            tenant_id, [{"decision_id": row.decision_id, "model": model, "as_of": row.as_of}], report
        )
        return recorded

    def record_window(self, tenant_id: str, window: DecisionWindow, report: Report) -> tuple[RecordedOutcome, ...]:
        """Join a report to every decision in a window. Raises as `record`, and InvalidInput for a too wide window."""
        if window.start >= window.end:
            raise InvalidInput(FieldError("window.end", "must be after window.start", "later than window.start"))
        found = list(self._find_decisions(tenant_id, window))
        if not found:
            raise NotFound(_NO_DECISION)
        return self._record(tenant_id, found, report)

    def current(self, tenant_id: str, decision_id: str) -> Outcome:
        """Return the current outcome of a decision. Raises NotFound if there is none."""
        if (outcome := self._store.current(tenant_id, decision_id)) is None:
            raise NotFound("There is no outcome of such a decision. Record one by POST /v1/outcomes.")
        return outcome

    def history(self, tenant_id: str, decision_id: str, after: dict[str, str] | None, limit: int) -> OutcomePage:
        """Return a page of the reports of a decision, by `recorded_at`."""
        return self._store.history(tenant_id, decision_id, after, limit)

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return a page of current outcomes, last received first, either resolved or unresolved ones."""
        return self._store.page(tenant_id, after, limit, resolved=resolved)

    def _find_decisions(self, tenant_id: str, window: DecisionWindow) -> Iterator[Mapping[str, Any]]:
        """Yield the summaries of the decisions in a window. `created_at` is never before `as_of`."""
        after, count, subject = None, 0, self._keys(tenant_id).pseudonym(window.subject_id)
        while True:
            page = self._decisions.page(tenant_id, subject, after, MAX_WINDOW_DECISIONS)
            for summary in map(json.loads, page.summaries):
                if _moment(summary["created_at"]) + CLOCK_SKEW < window.start:
                    return
                if summary["model"]["name"] == window.model and window.start <= _moment(summary["as_of"]) < window.end:
                    count += 1
                    if count > MAX_WINDOW_DECISIONS:
                        bound = f"at most {MAX_WINDOW_DECISIONS} decisions"
                        raise InvalidInput(FieldError("window", "contains too many decisions", bound))
                    yield summary
            if (after := page.next) is None:
                return

    def _record(
        self, tenant_id: str, summaries: list[Mapping[str, Any]], report: Report
    ) -> tuple[RecordedOutcome, ...]:
        for summary in summaries:
            self._check(report, _moment(summary["as_of"]))
        return tuple(self._store_outcome(tenant_id, _outcome(summary, report, self._clock())) for summary in summaries)

    def _check(self, report: Report, as_of: datetime) -> None:
        latest = self._clock() + CLOCK_SKEW
        if report.recorded_at > latest:
            raise InvalidInput(
                FieldError("recorded_at", "is in the future", "at most 60 s ahead of the server's clock")
            )
        if report.recorded_at < as_of:
            raise InvalidInput(
                FieldError("recorded_at", "is before the prediction", "at or after the decision's as_of")
            )
        if report.happened_at is not None and report.happened_at > report.recorded_at:
            raise InvalidInput(FieldError("happened_at", "is after recorded_at", "at or before recorded_at"))

    def _store_outcome(self, tenant_id: str, outcome: Outcome) -> RecordedOutcome:
        earlier = self._store.record(tenant_id, outcome)
        if earlier is None:
            return RecordedOutcome(outcome, replayed=False)
        if not earlier.is_same_report(outcome):
            raise Conflict("Another outcome has this recorded_at. Send a correction with a later recorded_at.")
        return RecordedOutcome(earlier, replayed=True)


def _outcome(summary: Mapping[str, Any], report: Report, now: datetime) -> Outcome:
    return Outcome(
        decision_id=summary["decision_id"],
        model=summary["model"]["name"],
        model_version=summary["model"]["version"],
        status=report.status,
        recorded_at=format_timestamp(report.recorded_at),
        received_at=format_timestamp(now),
        happened_at=format_timestamp(report.happened_at) if report.happened_at else None,
        treated=report.treated,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
