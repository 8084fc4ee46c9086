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
    """A finding of a tenant's model, with the decision about it.

    `decided_by`, `reason` and `decided_at` are None while the finding is open. `decided_by` has the role and the key id
    of the person (`admin:0123456789abcdef`). `decided_at` is the time in UTC (`2026-11-21T05:00:00.000000Z`).
    `published_state` is the state in the last published event of the finding; None before the first event.
    """

    finding_id: str
    model: str
    finding: Finding
    state: FindingState = "open"
    decided_by: str | None = None
    reason: str | None = None
    decided_at: str | None = None
    published_state: FindingState | None = None

    @property
    def position(self) -> tuple[str, str]:
        """Place in lists: the day (`2026-11-21`) and the id. Lists begin with the largest position."""
        return self.finding.day, self.finding_id

    def decide(self, state: FindingState, decision: "FindingDecision") -> "FindingRecord":
        """Return the record with a decision in place of an earlier one. The state before is not checked."""
        return replace(self, state=state, decided_by=decision.by, reason=decision.reason, decided_at=decision.at)

    def is_open_on(self, day: str) -> bool:
        """Return True if the finding exists and has no decision at the end of `day` (`2026-11-21`, UTC).

        A finding of a later day gives False.
        """
        return self.finding.day <= day and (self.decided_at is None or self.decided_at[: len(day)] > day)


@dataclass(frozen=True, slots=True)
class FindingDecision:
    """Decision of a person: role and key id (`by`), the reason, and the time in UTC (`at`).

    The forms of the members are those of `FindingRecord`.
    """

    by: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Findings of a list, the newest day first.

    `next` has the `day` and `id` of the last finding of the page; None on the last page.
    """

    records: tuple[FindingRecord, ...]
    next: dict[str, str] | None = None
