"""Packet features beyond CICFlowMeter: regularity, dialogue and handshake; packets are in order of time."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from vigil.prediction.features.flows.model import Packet
from vigil.prediction.features.flows.packets import gaps_ms
from vigil.prediction.features.flows.statistics import (
    Summary,
    coefficient_of_variation,
    mean,
    median,
    shannon_entropy,
    share,
)

SMALL_PACKET_BYTES, LARGE_PACKET_BYTES = 64, 1200
LENGTH_BIN_BYTES = 64
PEAK_WINDOW_US = 100_000


def shape_features(packets: Sequence[Packet]) -> Summary:
    """Return the shape features of a flow by name; the flow has at least one packet."""
    gaps, lengths = gaps_ms(packets), [p.payload for p in packets]
    forward = sum(p.payload for p in packets if p.forward)
    return {
        "length_entropy": shannon_entropy(n // LENGTH_BIN_BYTES for n in lengths),
        "iat_entropy": shannon_entropy((b.at_us - a.at_us).bit_length() for a, b in pairwise(packets)),
        "iat_variation": coefficient_of_variation(gaps),
        "iat_median_ms": median(gaps),
        "small_packet_share": share(sum(n < SMALL_PACKET_BYTES for n in lengths), len(lengths)),
        "large_packet_share": share(sum(n >= LARGE_PACKET_BYTES for n in lengths), len(lengths)),
        "fwd_payload_share": share(forward, sum(lengths)),
        "turn_share": share(sum(a.forward != b.forward for a, b in pairwise(packets)), len(packets) - 1),
        **_hops(packets),
        **_dialogue(packets),
        "bare_ack_share": share(sum(p.flags == "A" and not p.payload for p in packets), len(packets)),
        "zero_window_count": sum(p.window == 0 for p in packets),
        "peak_packets_100ms": max(Counter(p.at_us // PEAK_WINDOW_US for p in packets).values()),
    }


def _hops(packets: Sequence[Packet]) -> Summary:
    forward = [p.ttl for p in packets if p.forward and p.ttl is not None]
    backward = [p.ttl for p in packets if not p.forward and p.ttl is not None]
    return {
        "fwd_ttl_mean": mean(forward),
        "fwd_ttl_distinct": len(set(forward)) if forward else None,
        "bwd_ttl_mean": mean(backward),
    }


def _dialogue(packets: Sequence[Packet]) -> Summary:
    request = next((p for p in packets if p.forward and p.payload), None)
    response = next((p for p in packets if not p.forward and p.payload), None)
    answer = next((p for p in packets if request and not p.forward and p.payload and p.at_us >= request.at_us), None)
    syn = next((p for p in packets if p.forward and "S" in p.flags), None)
    syn_answer = next((p for p in packets if syn and not p.forward and "S" in p.flags and p.at_us >= syn.at_us), None)
    return {
        "handshake_ms": (syn_answer.at_us - syn.at_us) / 1000 if syn and syn_answer else None,
        "fwd_first_payload_bytes": request.payload if request else None,
        "bwd_first_payload_bytes": response.payload if response else None,
        "answer_delay_ms": (answer.at_us - request.at_us) / 1000 if request and answer else None,
    }
