"""Requests and answers of the API of circuits."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vigil.kernel.time import format_timestamp
from vigil.outbound.breakers.model import NO_CALLS, ChangeName, Circuit, CircuitChange, CircuitState, Counts
from vigil.web.schemas import DATE_TIME

_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"

Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=_ONE_LINE,
        description="Reason for people, on one line. Do not name persons.",
    ),
]


class ChangeBody(BaseModel):
    """A change by hand."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class CallsView(BaseModel):
    """Numbers of calls. `slow` calls are part of `answered`; `refused` calls were not made."""

    answered: int
    failed: int
    slow: int
    refused: int

    @classmethod
    def from_counts(cls, counts: Counts) -> "CallsView":
        """Return the view of counts."""
        return cls(answered=counts.answered, failed=counts.failed, slow=counts.slow, refused=counts.refused)


class CircuitChangeView(BaseModel):
    """The last change by hand."""

    name: ChangeName
    by: str = Field(description="Role and key id.")
    reason: str
    at: str = Field(json_schema_extra=DATE_TIME)

    @classmethod
    def from_change(cls, change: CircuitChange) -> "CircuitChangeView":
        """Return the view of a change."""
        return cls(name=change.name, by=change.by, reason=change.reason, at=format_timestamp(change.at))


class CircuitView(BaseModel):
    """The circuit of one vendor or endpoint.

    `closed`: calls are made. `open`: calls are refused until `retry_at`. `half_open`: single calls test the recovery.
    """

    name: str
    scope: Literal["deployment", "tenant"] = Field(description="`tenant`: an endpoint or a channel of your own.")
    state: CircuitState
    forced: bool = Field(description="True if the circuit was opened by hand. It stays open until its reset.")
    opened_at: str | None = Field(json_schema_extra=DATE_TIME)
    retry_at: str | None = Field(json_schema_extra=DATE_TIME, description="Time of the next test call.")
    throttled_until: str | None = Field(
        json_schema_extra=DATE_TIME, description="End of a pause that the vendor asked for. It is no failure."
    )
    failed_tests: int = Field(description="Number of failed test calls since the opening.")
    recent_calls: CallsView = Field(description="Calls of the last five to ten seconds with calls.")
    all_calls: CallsView = Field(description="All calls. Those of the last five seconds may be missing.")
    last_change: CircuitChangeView | None = Field(
        description="Last change by hand. Only operators see it for circuits of the deployment."
    )

    @classmethod
    def from_circuit(cls, circuit: Circuit, *, shows_change: bool) -> "CircuitView":
        """Return the view of a circuit. Without `shows_change`, its last change is null."""
        times = {name: getattr(circuit, name) for name in ("opened_at", "retry_at", "throttled_until")}
        change = circuit.last_change if shows_change else None
        return cls(
            name=circuit.id.name,
            scope="tenant" if circuit.id.tenant_id else "deployment",
            state=circuit.state,
            forced=circuit.forced,
            failed_tests=circuit.tries,
            recent_calls=CallsView.from_counts(sum(circuit.buckets.values(), NO_CALLS)),
            all_calls=CallsView.from_counts(circuit.totals),
            last_change=CircuitChangeView.from_change(change) if change else None,
            **{name: moment and format_timestamp(moment) for name, moment in times.items()},
        )


class CircuitList(BaseModel):
    """All circuits that the caller may see."""

    items: list[CircuitView]
