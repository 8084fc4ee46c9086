"""Records of findings: what people decided about them."""

from dataclasses import dataclass
from typing import Literal

from vigil.monitoring.findings.model import Finding

FindingState = Literal["open", "acknowledged", "rebased"]
"""State of a finding. `rebased` means that the days from then on are the new baseline of drift."""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding of a tenant's model. `decided_by`, `reason` and `decided_at` are None while it is open."""

    finding_id: str
    model: str
    finding: Finding
    state: FindingState = "open"
    decided_by: str | None = None
    reason: str | None = None
    decided_at: str | None = None
