"""Circuits: their states, counts and transitions.

closed ──failures──> open ──pause is over──> half_open ──two probes in a row answered──> closed
                      ^                          │
                      └──────failed probe────────┘

Every transition adds 1 to the epoch. A store writes it only over the epoch that it was made from. A result counts only
in the epoch in which its call began. A pause that a vendor demands applies in every epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from vigil.kernel.events import Event, EventKind, create_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp

CircuitState = Literal["closed", "open", "half_open"]
"""State of a circuit.

`closed`: calls are made. `open`: calls are refused. `half_open`: single calls, the probes, test the recovery.
"""
ChangeName = Literal["reset", "forced_open"]
"""Name of a change by hand, which a person makes through the API."""
TransitionName = Literal["opened", "closed"]
"""Name of a transition of which observers are notified. Those between `open` and `half_open` are not."""
_EVENT_KINDS: Mapping[TransitionName, EventKind] = {"opened": "circuits.opened", "closed": "circuits.closed"}
RETELL_AFTER = timedelta(seconds=10)
"""Time after which another process notifies observers of a transition, if its writer has not recorded that it did."""
_TICK = timedelta(microseconds=1)
BUCKET = timedelta(seconds=5)
"""Duration of one bucket of counts."""
_PROBES_TO_CLOSE = 2
"""Answered probes in a row that close a circuit."""


@dataclass(frozen=True, slots=True)
class CircuitId:
    """Name of a circuit, such as `pagerduty` or `webhook:whk_1`, with its owner.

    `tenant_id` is the tenant whose endpoint it is, or None for a vendor of the deployment.
    """

    name: str
    tenant_id: str | None = None

    @property
    def family(self) -> str:
        """The part of the name before the first colon, for example `webhook`."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of calls. `answered` and `failed` calls were made; `slow` ones are part of `answered`.

    `refused` calls were not made.
    """

    answered: int = 0
    failed: int = 0
    slow: int = 0
    refused: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.answered + other.answered,
            self.failed + other.failed,
            self.slow + other.slow,
            self.refused + other.refused,
        )

    @property
    def calls(self) -> int:
        """The number of calls that were made."""
        return self.answered + self.failed


NO_CALLS = Counts()


@dataclass(frozen=True, slots=True)
class CircuitChange:
    """A change by hand through the API: its name, its author (role and key id), the author's reason, and its time."""

    name: ChangeName
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """An opening or closing of a circuit, stored with it until observers have been notified.

    `at` is later than the earlier transitions of the circuit, also if the clocks of two processes differ. `failed` and
    `calls` are the counts that opened the circuit; they are 0 for other transitions. From `retell_at` on, any process
    may notify the observers.
    """

    name: TransitionName
    epoch: int
    at: datetime
    failed: int
    calls: int
    retell_at: datetime

    def to_event(self, circuit_id: CircuitId) -> Event:
        """Return the event of the transition. It is the same in every call, its id included.

        The event of a circuit of the deployment belongs to the tenant OPERATORS.
        """
        tenant_id, kind = circuit_id.tenant_id or OPERATORS, _EVENT_KINDS[self.name]
        fields: dict[str, str | int] = {"tenant_id": tenant_id, "circuit": circuit_id.name, "epoch": self.epoch}
        if self.name == "opened":
            fields |= {"failed": self.failed, "calls": self.calls}
        return create_event(f"{tenant_id}.{circuit_id.name}.{self.epoch}", kind, format_timestamp(self.at), fields)


@dataclass(frozen=True, slots=True)
class Circuit:
    """The stored state of a circuit. `epoch` is the number of its transitions.

    `retry_at` is the time of the next probe of an open circuit, or None. `lease_until` is the end of the running probe
    of a half-open circuit, or None if the next call may probe. `tries` counts the failed probes since the opening,
    `probes` the answered ones in a row.

    A `forced` circuit was opened through the API and stays open until it is reset. `throttled_until` is the end of a
    pause that the vendor demanded; it is no failure and changes no state. `buckets` has the counts of the epoch by
    bucket number, `totals` all counts. `changed_at` is the time of the last opening or closing. `untold` are the
    openings and closings of which observers still have to be notified.
    """

    id: CircuitId
    state: CircuitState = "closed"
    epoch: int = 0
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    lease_until: datetime | None = None
    tries: int = 0
    probes: int = 0
    forced: bool = False
    throttled_until: datetime | None = None
    buckets: Mapping[int, Counts] = field(default_factory=dict)
    totals: Counts = NO_CALLS
    last_change: CircuitChange | None = None
    changed_at: datetime | None = None
    untold: tuple[Transition, ...] = ()

    def refused_until(self, now: datetime) -> datetime | None:
        """Return the time until which calls are refused, or None if a call may be made or a probe claimed.

        The result has no meaning for a forced circuit, which refuses calls until its reset.
        """
        ends = {"closed": None, "open": self.retry_at, "half_open": self.lease_until}
        waits = [end for end in (ends[self.state], self.throttled_until) if end and end > now]
        return max(waits, default=None)

    def open(self, now: datetime, pause: timedelta) -> "Circuit":
        """Return the open circuit after too many failures. Its first probe is due after `pause`."""
        number = bucket_of(now)
        both = self.buckets.get(number, NO_CALLS) + self.buckets.get(number - 1, NO_CALLS)
        opened = self._next("open", opened_at=now, retry_at=now + pause)
        return _with_transition(opened, "opened", now, both)

    def claim_probe(self, until: datetime) -> "Circuit":
        """Return the half-open circuit with a running probe. Another process may probe after `until`.

        The circuit is open or half open before. The method does not check it.
        """
        return self._next(
            "half_open", opened_at=self.opened_at, lease_until=until, tries=self.tries, probes=self.probes
        )

    def answer_probe(self, now: datetime) -> "Circuit":
        """Return the circuit after an answered probe: half open, or closed after the second answered one in a row."""
        if self.probes + 1 >= _PROBES_TO_CLOSE:
            return _with_transition(self._next("closed"), "closed", now)
        return self._next("half_open", opened_at=self.opened_at, tries=self.tries, probes=self.probes + 1)

    def fail_probe(self, now: datetime, pause: timedelta) -> "Circuit":
        """Return the open circuit after a failed probe. Its next probe is due after `pause`."""
        return self._next("open", opened_at=self.opened_at, retry_at=now + pause, tries=self.tries + 1)

    def reset(self, change: CircuitChange) -> "Circuit":
        """Return the closed circuit after a reset by hand. It also ends a pause of the vendor."""
        closed = replace(self._next("closed"), last_change=change, throttled_until=None)
        return closed if self.state == "closed" else _with_transition(closed, "closed", change.at)

    def force_open(self, change: CircuitChange) -> "Circuit":
        """Return the circuit after it was opened by hand. It has no probes, and stays open until its reset."""
        opened = replace(self._next("open", opened_at=self.opened_at or change.at), forced=True, last_change=change)
        return _with_transition(opened, "opened", change.at) if self.state == "closed" else opened

    def _next(
        self,
        state: CircuitState,
        *,
        opened_at: datetime | None = None,
        retry_at: datetime | None = None,
        lease_until: datetime | None = None,
        tries: int = 0,
        probes: int = 0,
    ) -> "Circuit":
        return replace(
            self,
            state=state,
            epoch=self.epoch + 1,
            opened_at=opened_at,
            retry_at=retry_at,
            lease_until=lease_until,
            tries=tries,
            probes=probes,
            forced=False,
            buckets={},
        )


def bucket_of(moment: datetime) -> int:
    """Return the number of the bucket of a moment: the whole buckets since 1970."""
    return int(moment.timestamp() // BUCKET.total_seconds())


def _with_transition(circuit: Circuit, name: TransitionName, now: datetime, counts: Counts = NO_CALLS) -> Circuit:
    """Return the circuit with a transition into its epoch that observers have to be told of."""
    at = max(now, circuit.changed_at + _TICK) if circuit.changed_at else now
    made = Transition(name, circuit.epoch, at, counts.failed, counts.calls, at + RETELL_AFTER)
    return replace(circuit, changed_at=at, untold=(*circuit.untold, made))
