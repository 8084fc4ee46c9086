"""Records of findings: what people decided about them, and pages of them."""

from dataclasses import dataclass, replace
from typing import Literal

from vigil.monitoring.findings.model import Finding

FindingState = Literal["open", "acknowledged", "rebased"]
"""State of a finding. `rebased` means that the days from then on are the new baseline of drift."""
MIN_REASON, MAX_REASON = 10, 500
"""Minimum and maximum characters of the reason of a decision."""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding of a tenant's model. `decided_by`, `reason` and `decided_at` are None while it is open.

    `told` is the state that the alert of the finding has, or None before the alert is raised.
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
        """Place in lists: the day and the id."""
        return self.finding.day, self.finding_id

    def decide(self, state: FindingState, decision: "FindingDecision") -> "FindingRecord":
        """Return the record after a decision."""
        return replace(self, state=state, decided_by=decision.by, reason=decision.reason, decided_at=decision.at)

    def is_open_on(self, day: str) -> bool:
        """Return True if the finding was known and undecided at the end of a day in UTC."""
        return self.finding.day <= day and (self.decided_at is None or self.decided_at[: len(day)] > day)


@dataclass(frozen=True, slots=True)
class FindingDecision:
    """Decision of a person: the role and the key id, the reason, and the time."""

    by: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Findings, the newest day first. `next` is the position after which the next page starts, or None."""

    records: tuple[FindingRecord, ...]
    next: dict[str, str] | None = None
