"""One network flow as packets, and the flow records around it, as seen at one capture point.

Times are integer microseconds relative to the flow's `started_at`, negative before it. Lengths are bytes of IP.
Addresses are opaque names, so a sender may pseudonymise them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from vigil.errors import FieldError, InvalidInput

Protocol: TypeAlias = Literal["tcp", "udp", "icmp"]
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of a flow.

    `forward` means from the flow's source to its destination. `length` includes `header` (IP and transport headers).
    `flags` are TCP flags from the letters F S R P A U E C (C: CWR). `window` and `ttl` may be unknown.
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
        """Payload in bytes: the length without the headers."""
        return self.length - self.header


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """Another flow from the same source or to the same destination, as summarised by NetFlow or a connection log.

    `answered` is true if the destination sent anything except a refusal. A record is known only after its flow has
    ended.
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
    """A network flow to score and the flows around it, its neighbours. Results do not depend on their order."""

    started_at: datetime
    protocol: Protocol
    source: str
    destination: str
    source_port: int
    destination_port: int
    packets: tuple[Packet, ...]
    neighbours: tuple[FlowRecord, ...] = ()

    def known_at(self, as_of: datetime) -> "Traffic":
        """Return the packets and records that had been seen by `as_of`; packets are in order of time."""
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
    """Sort key of packets; those of the same microsecond have no known order, so all fields break the tie."""
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
    """Check that at least one packet was seen by `as_of`; `known` is the traffic as of that time.

    Raises InvalidInput with the field `as_of`.
    """
    if not known.packets:
        bound = "at or after the first packet"
        raise InvalidInput(FieldError("as_of", f"must be {bound} in `history`", bound))
