"""Features of the parts of a flow: bulks of one direction, subflows between short pauses, bursts between long ones."""

from collections.abc import Sequence
from itertools import pairwise

from vigil.prediction.features.flows.model import Packet
from vigil.prediction.features.flows.statistics import Summary, mean, summarize

MIN_BULK_PACKETS = 4
"""Minimum packets of a bulk: packets with payload in one direction, with no payload from the other side between them.
"""
SUBFLOW_PAUSE_US = 1_000_000
ACTIVITY_PAUSE_US = 5_000_000


def bulk_features(name: str, packets: Sequence[Packet], *, forward: bool) -> Summary:
    """Return mean bytes and packets per bulk of one direction, and the payload bytes per second within bulks.

    A bulk is a run of packets in one direction; see `MIN_BULK_PACKETS`. `name` starts the names of the features.
    """
    runs = [run for run in _runs(packets) if run[0].forward == forward and len(run) >= MIN_BULK_PACKETS]
    sizes = [sum(p.payload for p in run) for run in runs]
    lasted_us = sum(run[-1].at_us - run[0].at_us for run in runs)
    return {
        f"{name}_bulk_bytes_mean": mean(sizes),
        f"{name}_bulk_packets_mean": mean([len(run) for run in runs]),
        f"{name}_bulk_bytes_per_s": sum(sizes) * 1_000_000 / lasted_us if lasted_us else None,
    }


def _runs(packets: Sequence[Packet]) -> list[list[Packet]]:
    """Split packets with payload at each change of direction and at pauses over 1 s."""
    runs: list[list[Packet]] = []
    for packet in packets:
        if not packet.payload:
            continue
        last = runs[-1][-1] if runs else None
        if last and last.forward == packet.forward and packet.at_us - last.at_us <= SUBFLOW_PAUSE_US:
            runs[-1].append(packet)
        else:
            runs.append([packet])
    return runs


def subflow_features(packets: Sequence[Packet]) -> Summary:
    """Return the number of subflows, and the packets and payload of each direction per subflow."""
    count = len(_pieces(packets, SUBFLOW_PAUSE_US + 1))
    found: Summary = {"subflows": count}
    for name, forward in (("fwd", True), ("bwd", False)):
        sent = [p.payload for p in packets if p.forward == forward]
        found[f"subflow_{name}_packets"] = len(sent) / count
        found[f"subflow_{name}_bytes"] = sum(sent) / count
    return found


def activity_features(packets: Sequence[Packet]) -> Summary:
    """Return durations of activity between pauses of at least 5 s, and durations of these pauses, in ms."""
    pieces = _pieces(packets, ACTIVITY_PAUSE_US)
    active = [(piece[-1] - piece[0]) / 1000 for piece in pieces]
    idle = [(b[0] - a[-1]) / 1000 for a, b in pairwise(pieces)]
    return {**summarize("active", active, "_ms"), **summarize("idle", idle, "_ms")}


def _pieces(packets: Sequence[Packet], pause_us: int) -> list[list[int]]:
    """Split the packet times at every gap of at least `pause_us`."""
    pieces = [[packets[0].at_us]]
    for packet in packets[1:]:
        if packet.at_us - pieces[-1][-1] >= pause_us:
            pieces.append([])
        pieces[-1].append(packet.at_us)
    return pieces
