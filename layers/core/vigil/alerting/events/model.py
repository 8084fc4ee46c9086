"""Events that Vigil publishes about new decisions. They contain no health data."""

from dataclasses import asdict, dataclass

from vigil.kernel.events import Event, EventKind, create_event


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A new row of the decision ledger; `subject` is a pseudonym that only rows of the same tenant share.

    `model_digest` names the model, because the name of a model can name a diagnosis.
    """

    tenant_id: str
    decision_id: str
    correlation_id: str
    created_at: str
    subject: str
    model_digest: str
    band: str
    decision: str
    high_risk: bool

    def event_kinds(self) -> tuple[EventKind, ...]:
        """Return the kinds of the decision's events."""
        high_risk: tuple[EventKind, ...] = ("scoring.high_risk_found",) if self.high_risk else ()
        abstained: tuple[EventKind, ...] = ("scoring.abstained",) if self.decision == "abstain" else ()
        return ("scoring.decision_made", *high_risk, *abstained)

    def events(self) -> tuple[Event, ...]:
        """Return one event of each kind; they are the same for every delivery of the row."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"created_at", "high_risk"}}
        return tuple(create_event(self.decision_id, kind, self.created_at, fields) for kind in self.event_kinds())


@dataclass(frozen=True, slots=True)
class StreamRange:
    """Range of records in one shard of a table's stream, from `first` to `last`, both sequence numbers."""

    stream: str
    shard: str
    first: str
    last: str
