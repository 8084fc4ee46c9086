"""Records of findings with the decisions of people, and pages of records."""

from dataclasses import dataclass, replace
from typing import Literal

from vigil.monitoring.findings.model import Finding

FindingState = Literal["open", "acknowledged", "rebased"]
"""State of a finding.

`open`: no decision. `acknowledged`: a person has seen it. `rebased`: the days after the last judged one are the new
baseline of drift.
"""
MIN_REASON, MAX_REASON = 10, 500
"""Minimum and maximum characters of the reason of a decision."""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding of a tenant's model. `decided_by`, `reason` and `decided_at` are None while it is open.

    `decided_by` has the role and the key id of the person, `decided_at` the time in UTC (ISO 8601). `told` is the state
    in the last published event of the finding; None before the first event.
    """

    finding_id: str
    model: str
    finding: Finding
    state: FindingState = "open"
    decided_by: str | None = None
    reason: str | None = None
    decided_at: str | None = None
    told: FindingState | None = None

    @property
    def position(self) -> tuple[str, str]:
        """Place in lists: the day and the id. Lists begin with the largest position."""
        return self.finding.day, self.finding_id

    def decide(self, state: FindingState, decision: "FindingDecision") -> "FindingRecord":
        """Return the record with a decision. The state before is not checked."""
        return replace(self, state=state, decided_by=decision.by, reason=decision.reason, decided_at=decision.at)

    def is_open_on(self, day: str) -> bool:
        """Return True if the finding has no decision at the end of `day` (`2026-11-21`, UTC).

        A finding of a later day is not open.
        """
        return self.finding.day <= day and (self.decided_at is None or self.decided_at[: len(day)] > day)


@dataclass(frozen=True, slots=True)
class FindingDecision:
    """Decision of a person: the role and the key id, the reason, and the time in UTC (ISO 8601)."""

    by: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Findings, the newest day first. `next` has the `day` and `id` of the last one; None on the last page."""

    records: tuple[FindingRecord, ...]
    next: dict[str, str] | None = None
