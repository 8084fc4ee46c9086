"""Features of the flows around one flow; scans, beacons and floods are visible only across several connections."""

from collections.abc import Sequence
from itertools import pairwise

from vigil.prediction.features.flows.model import FlowRecord, Traffic
from vigil.prediction.features.flows.statistics import Summary, coefficient_of_variation, mean, shannon_entropy, share

RECENT_WINDOW_US = 10_000_000


def neighbour_features(known: Traffic) -> Summary:
    """Return the features of the other flows of the source and the destination, by name."""
    sent = [n for n in known.neighbours if n.source == known.source]
    received = [n for n in known.neighbours if n.destination == known.destination]
    pair = [n for n in sent if (n.destination, n.destination_port) == (known.destination, known.destination_port)]
    return {**_source(known, sent), **_pair(pair), **_destination(known, received)}


def _source(known: Traffic, sent: Sequence[FlowRecord]) -> Summary:
    destinations = [known.destination, *(n.destination for n in sent)]
    ports = [known.destination_port, *(n.destination_port for n in sent)]
    return {
        "source_flows": len(destinations),
        "source_flows_10s": _recent(sent),
        "source_unique_destinations": len(set(destinations)),
        "source_unique_destination_ports": len(set(ports)),
        "source_destination_entropy": shannon_entropy(destinations),
        "source_destination_port_entropy": shannon_entropy(ports),
        **_amounts("source", sent),
    }


def _pair(pair: Sequence[FlowRecord]) -> Summary:
    starts = sorted([0, *(n.started_us for n in pair)])
    gaps = [(b - a) / 1_000_000 for a, b in pairwise(starts)]
    return {
        "pair_flows": len(starts),
        "pair_gap_mean_s": mean(gaps),
        "pair_gap_variation": coefficient_of_variation(gaps),
        "pair_bytes_variation": coefficient_of_variation([n.bytes for n in pair]),
    }


def _destination(known: Traffic, received: Sequence[FlowRecord]) -> Summary:
    sources = [known.source, *(n.source for n in received)]
    return {
        "destination_flows": len(sources),
        "destination_flows_10s": _recent(received),
        "destination_unique_sources": len(set(sources)),
        "destination_source_entropy": shannon_entropy(sources),
        "destination_source_port_entropy": shannon_entropy([known.source_port, *(n.source_port for n in received)]),
        **_amounts("destination", received),
    }


def _recent(flows: Sequence[FlowRecord]) -> int:
    """Return the number of flows that started within 10 s before or after this flow's start."""
    return sum(abs(n.started_us) <= RECENT_WINDOW_US for n in flows)


def _amounts(name: str, flows: Sequence[FlowRecord]) -> Summary:
    return {
        f"{name}_unanswered_share": share(sum(not n.answered for n in flows), len(flows)),
        f"{name}_packets_mean": mean([n.packets for n in flows]),
        f"{name}_bytes_mean": mean([n.bytes for n in flows]),
        f"{name}_bytes_total": sum(n.bytes for n in flows) if flows else None,
    }
