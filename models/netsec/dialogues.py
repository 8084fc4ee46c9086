"""The packets of one simulated flow: handshake, exchanges in segments, acknowledgements and termination."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.netsec.presets import MAX_PACKETS, Dialogue, Range
from vigil.prediction.features.flows.model import Packet
from vigil.prediction.features.flows.schemas import MAX_FLOW_US

SEGMENT = 1448
_HEADERS = {"tcp": 52, "udp": 28, "icmp": 28}
_ON_THE_WIRE_US = 2
"""Microseconds between segments of a burst, corresponding to about six gigabits per second."""


@dataclass(frozen=True, slots=True)
class NetworkPath:
    """Path between two hosts of one network: round trip, TTLs, and TCP windows of the hosts."""

    round_trip_us: float
    forward_ttl: int
    backward_ttl: int
    forward_window: int
    backward_window: int


@dataclass
class _Wire:
    """Sender of packets with its own clock."""

    path: NetworkPath
    header: int
    now_us: float = 0.0

    def packet(self, payload: int, flags: str, *, forward: bool) -> Packet:
        path = self.path
        tcp = self.header == _HEADERS["tcp"]
        window = path.forward_window if forward else path.backward_window
        ttl = path.forward_ttl if forward else path.backward_ttl
        header = 60 if "S" in flags else self.header
        return Packet(
            int(self.now_us), forward, header + payload, header, flags if tcp else "", window if tcp else None, ttl
        )

    def segments(self, size: int, *, forward: bool) -> Iterator[Packet]:
        """Send `size` bytes; with TCP every second segment is acknowledged."""
        sent = 0
        for number in range(max(1, -(-size // SEGMENT))):
            last = size - sent <= SEGMENT
            payload = min(SEGMENT, size - sent)
            yield self.packet(payload, "PA" if last else "A", forward=forward)
            sent += payload
            self.now_us += _ON_THE_WIRE_US
            if self.header == _HEADERS["tcp"] and number % 2:
                yield self.packet(0, "A", forward=not forward)


def log_uniform(rng: np.random.Generator, bounds: Range) -> float:
    """Draw log-uniformly from a range, so that all orders of magnitude are equally likely."""
    low, high = bounds
    return float(low * (high / low) ** rng.random())


def packets(rng: np.random.Generator, dialogue: Dialogue, path: NetworkPath) -> tuple[Packet, ...]:
    """Return the packets of one flow, at most 320 of them within 120 s."""
    wire = _Wire(path, _HEADERS[dialogue.protocol])
    sent = list[Packet]()
    for packet in _flow(rng, dialogue, wire):
        if len(sent) == MAX_PACKETS or packet.at_us > MAX_FLOW_US:
            break
        sent.append(packet)
    return tuple(sent)


def _flow(rng: np.random.Generator, dialogue: Dialogue, wire: _Wire) -> Iterator[Packet]:
    answered = rng.random() < dialogue.answered
    exchanges = round(log_uniform(rng, dialogue.exchanges))
    pause_us, steady = log_uniform(rng, dialogue.pause_ms) * 1000, log_uniform(rng, dialogue.steady)
    request, response = log_uniform(rng, dialogue.request), log_uniform(rng, dialogue.response)
    tcp = dialogue.protocol == "tcp"
    if tcp and answered:
        yield from _handshake(rng, wire)
    for _ in range(exchanges):
        if tcp and not answered:
            yield wire.packet(0, "S", forward=True)
        else:
            yield from wire.segments(_varied(rng, request), forward=True)
        if answered:
            wire.now_us += wire.path.round_trip_us * rng.lognormal(0.2, 0.3)
            yield from wire.segments(_varied(rng, response), forward=False)
        wire.now_us += pause_us * rng.lognormal(-(steady**2) / 2, steady)
    if tcp and answered:
        yield from _terminate(rng, wire)


def _varied(rng: np.random.Generator, size: float) -> int:
    return max(1, round(size * rng.lognormal(0, 0.25)))


def _handshake(rng: np.random.Generator, wire: _Wire) -> Iterator[Packet]:
    yield wire.packet(0, "S", forward=True)
    wire.now_us += wire.path.round_trip_us * rng.lognormal(0, 0.2)
    yield wire.packet(0, "SA", forward=False)
    wire.now_us += rng.uniform(20, 400)
    yield wire.packet(0, "A", forward=True)
    wire.now_us += rng.uniform(20, 3000)


def _terminate(rng: np.random.Generator, wire: _Wire) -> Iterator[Packet]:
    """End the flow with FIN or RST; one flow in five is left open."""
    end = rng.random()
    if end < 0.65:
        yield wire.packet(0, "FA", forward=True)
        wire.now_us += wire.path.round_trip_us
        yield wire.packet(0, "FA", forward=False)
        wire.now_us += rng.uniform(20, 400)
        yield wire.packet(0, "A", forward=True)
    elif end < 0.8:
        yield wire.packet(0, "RA", forward=bool(rng.random() < 0.5))
