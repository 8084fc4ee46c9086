"""Packet features of one flow, after CICFlowMeter; packets are in order of time and at least one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from vigil.prediction.features.flows.bulks import activity_features, bulk_features, subflow_features
from vigil.prediction.features.flows.model import Packet
from vigil.prediction.features.flows.statistics import Summary, mean, median, summarize

MIN_RATE_DURATION_US = 1000
"""Minimum duration in microseconds for which rates are computed.

Two packets 5 us apart do not mean 400,000 packets a second, so below 1 ms a flow has no rate.
"""
_FLAGS = {"fin": "F", "syn": "S", "rst": "R", "psh": "P", "ack": "A", "urg": "U", "cwr": "C", "ece": "E"}


def packet_features(packets: Sequence[Packet]) -> Summary:
    """Return the CICFlowMeter features of a flow by name."""
    forward = [p for p in packets if p.forward]
    backward = [p for p in packets if not p.forward]
    duration_us = packets[-1].at_us - packets[0].at_us
    return {
        "duration_ms": duration_us / 1000,
        **_direction("fwd", forward),
        **_direction("bwd", backward),
        **_lengths("length", packets),
        "length_median": median([p.payload for p in packets]),
        **_rates(forward, backward, duration_us),
        **summarize("iat", gaps_ms(packets), "_ms"),
        **_flags(packets, _FLAGS),
        "down_up_ratio": len(backward) / len(forward) if forward else None,
        "packet_bytes_mean": mean([p.length for p in packets]),
        "fwd_data_packets": sum(p.payload > 0 for p in forward),
        "fwd_header_min_bytes": min((p.header for p in forward), default=None),
        **bulk_features("fwd", packets, forward=True),
        **bulk_features("bwd", packets, forward=False),
        **subflow_features(packets),
        **activity_features(packets),
    }


def gaps_ms(packets: Sequence[Packet]) -> list[float]:
    """Return the times between successive packets, in ms."""
    return [(b.at_us - a.at_us) / 1000 for a, b in pairwise(packets)]


def _direction(name: str, packets: Sequence[Packet]) -> Summary:
    gaps = gaps_ms(packets)
    return {
        f"{name}_packets": len(packets),
        f"{name}_payload_bytes": sum(p.payload for p in packets),
        **_lengths(f"{name}_length", packets),
        f"{name}_iat_total_ms": (packets[-1].at_us - packets[0].at_us) / 1000 if gaps else None,
        **summarize(f"{name}_iat", gaps, "_ms"),
        **_flags(packets, {f"{name}_{flag}": _FLAGS[flag] for flag in ("psh", "urg", "rst")}),
        f"{name}_header_bytes": sum(p.header for p in packets),
        f"{name}_initial_window": packets[0].window if packets else None,
    }


def _lengths(prefix: str, packets: Sequence[Packet]) -> Summary:
    return summarize(prefix, [p.payload for p in packets])


def _flags(packets: Sequence[Packet], letters: Mapping[str, str]) -> Summary:
    """Return the number of packets with each flag.

    Packets are grouped by flag combination first, because there are few combinations and many packets.
    """
    combinations = Counter(p.flags for p in packets)
    return {
        f"{name}_count": sum(count for flags, count in combinations.items() if letter in flags)
        for name, letter in letters.items()
    }


def _rates(forward: Sequence[Packet], backward: Sequence[Packet], duration_us: int) -> Summary:
    amounts = {
        "bytes_per_s": sum(p.payload for p in (*forward, *backward)),
        "packets_per_s": len(forward) + len(backward),
        "fwd_packets_per_s": len(forward),
        "bwd_packets_per_s": len(backward),
    }
    if duration_us < MIN_RATE_DURATION_US:
        return dict.fromkeys(amounts)
    return {name: amount * 1_000_000 / duration_us for name, amount in amounts.items()}
