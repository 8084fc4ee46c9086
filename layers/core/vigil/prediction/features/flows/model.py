"""One network flow as packet records, and the flow records around it, as a capture point saw them.

Times are whole microseconds since the flow's `started_at`, negative before it; lengths are bytes of IP. Addresses are
opaque names, so that a sender may pseudonymise them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from vigil.errors import FieldError, InvalidInput

Protocol: TypeAlias = Literal["tcp", "udp", "icmp"]
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. `flags` are TCP's, of the letters F S R P A U E C (C: CWR); `window` and `ttl` may be unknown.

    `forward` is from the flow's source to its destination. `length` counts the `header` (IP and transport).
    """

    at_us: int
    forward: bool
    length: int
    header: int
    flags: str = ""
    window: int | None = None
    ttl: int | None = None

    @property
    def payload(self) -> int:
        """Bytes after the headers."""
        return self.length - self.header


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """Another flow of the same source or to the same destination, as NetFlow or a connection log sums it up.

    `answered`: whether the destination sent anything but a refusal. A record is known once its flow has ended.
    """

    started_us: int
    duration_us: int
    source: str
    destination: str
    source_port: int
    destination_port: int
    packets: int
    bytes: int
    answered: bool


@dataclass(frozen=True, slots=True)
class Traffic:
    """The flow to score and what surrounds it. The order of packets and of neighbours says nothing."""

    started_at: datetime
    protocol: Protocol
    source: str
    destination: str
    source_port: int
    destination_port: int
    packets: tuple[Packet, ...]
    neighbours: tuple[FlowRecord, ...] = ()

    def known_at(self, as_of: datetime) -> "Traffic":
        """Return what had been seen by `as_of`, packets in order of time."""
        elapsed = (as_of - self.started_at) // MICROSECOND
        return Traffic(
            self.started_at,
            self.protocol,
            self.source,
            self.destination,
            self.source_port,
            self.destination_port,
            tuple(sorted((p for p in self.packets if p.at_us <= elapsed), key=_order)),
            tuple(n for n in self.neighbours if n.started_us + n.duration_us <= elapsed),
        )


def _order(packet: Packet) -> tuple[object, ...]:
    """Order packets of the same microsecond by all they are: which was sent first is then not known."""
    unknown = -1
    return (
        packet.at_us,
        not packet.forward,
        packet.length,
        packet.header,
        packet.flags,
        unknown if packet.window is None else packet.window,
        unknown if packet.ttl is None else packet.ttl,
    )


def check_as_of(known: Traffic) -> None:
    """Refuse an `as_of` before the first packet.

    Raises InvalidInput with the field `as_of`.
    """
    if not known.packets:
        bound = "at or after the first packet"
        raise InvalidInput(FieldError("as_of", f"must be {bound} in `history`", bound))
