"""Events published to the event bus."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["DecisionMade", "HighRiskFound", "AbstentionMade", "budget.threshold_reached", "spend.anomaly"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its id, by which a second delivery is told from a second event, and the JSON that is sent."""

    event_id: str
    kind: Kind
    occurred_at: str
    detail: str
