"""Events that Vigil publishes about new decisions. They contain no health data."""

from dataclasses import asdict, dataclass

from vigil.kernel.events import Event, EventKind, create_event


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A new row of the decision ledger. `subject` is the pseudonym of the subject within its tenant.

    `model_digest` names the model, because the name of a model can name a diagnosis. `decision` is `abstain` for an
    abstention. `created_at` is a timestamp.
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
        """Return the kinds of the decision's events: one to three."""
        high_risk: tuple[EventKind, ...] = ("scoring.high_risk_found",) if self.high_risk else ()
        abstained: tuple[EventKind, ...] = ("scoring.abstained",) if self.decision == "abstain" else ()
        return ("scoring.decision_made", *high_risk, *abstained)

    def events(self) -> tuple[Event, ...]:
        """Return one event of each kind. The events of a row are the same, ids included, in every call."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"created_at", "high_risk"}}
        return tuple(create_event(self.decision_id, kind, self.created_at, fields) for kind in self.event_kinds())


@dataclass(frozen=True, slots=True)
class StreamRange:
    """Range of records in one shard of a table's stream. `stream` is the ARN of the stream, `shard` an id.

    `first` and `last` are sequence numbers as text, both included.
    """

    stream: str
    shard: str
    first: str
    last: str
