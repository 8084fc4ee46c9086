"""What others are told of a decision: facts without health data, the same for every delivery. Pure values and rules."""

import json
from dataclasses import asdict, dataclass

from vigil.kernel.events import Event, Kind
from vigil.kernel.rows import ModelRef


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A row that has just entered the ledger; `subject` is a digest that only the same tenant's rows share."""

    tenant_id: str
    decision_id: str
    correlation_id: str
    created_at: str
    subject: str
    model: ModelRef
    band: str
    decision: str
    high_risk: bool

    def kinds(self) -> tuple[Kind, ...]:
        """Return what this decision means to others."""
        high_risk: tuple[Kind, ...] = ("HighRiskFound",) if self.high_risk else ()
        abstained: tuple[Kind, ...] = ("AbstentionMade",) if self.decision == "abstain" else ()
        return ("DecisionMade", *high_risk, *abstained)

    def events(self) -> "tuple[Event, ...]":
        """Return one event of each kind; a second delivery of the row gives the very same events."""
        return tuple(self._event(kind) for kind in self.kinds())

    def _event(self, kind: Kind) -> "Event":
        event_id = f"{self.decision_id}.{kind}"
        told = {name: value for name, value in asdict(self).items() if name not in {"created_at", "high_risk"}}
        detail = {"event_id": event_id, "event_version": 1, "occurred_at": self.created_at, **told}
        return Event(event_id, kind, self.created_at, json.dumps(detail, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class Place:
    """Changes in the stream of a table: those of one shard from `first` to `last`, both sequence numbers."""

    stream: str
    shard: str
    first: str
    last: str
