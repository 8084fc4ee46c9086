"""The 120 inputs of the feature set `flows/1`: names, units, ranges and optional values.

The first 78 follow CICFlowMeter's list (Lashkari et al., 2017), with lengths in bytes of payload. The rest describe the
shape of the flow and its neighbours. Undefined values (the rate of one packet, the gaps of two flows) are missing;
CICFlowMeter reports 0 or Infinity for them.
"""

from typing import get_args

from vigil.prediction.features.feature_spec import FeatureSpec, with_words
from vigil.prediction.features.flows.model import Protocol

SERVICES: dict[str, frozenset[int]] = {
    "web": frozenset({80, 443, 8000, 8080, 8443}),
    "dns": frozenset({53, 853, 5353}),
    "mail": frozenset({25, 110, 143, 465, 587, 993, 995}),
    "remote_access": frozenset({22, 23, 2222, 3389, 5900, 5985}),
    "files": frozenset({20, 21, 139, 445, 873, 2049}),
    "amplifiable": frozenset({19, 111, 123, 161, 389, 1900, 11211}),
    "messaging": frozenset({1883, 5222, 5672, 6667, 8883}),
}
"""Destination ports by the service that usually answers there; every other port is `other`."""

_DIRECTIONS = (("fwd", "forward"), ("bwd", "backward"))
_PARTS = (("mean", "mean"), ("std", "standard deviation of the"), ("max", "largest"), ("min", "smallest"))
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "cwr", "ece")
_HUGE = 1e15


def _number(name: str, label: str, unit: str = "", top: float = _HUGE) -> FeatureSpec:
    return FeatureSpec(name, "number", label, unit, 0, top)


def _count(name: str, label: str, unit: str, *, least: int = 0) -> FeatureSpec:
    return FeatureSpec(name, "integer", label, unit, least, 1e12, missing="refuse")


def _summary(prefix: str, label: str, unit: str, suffix: str = "") -> tuple[FeatureSpec, ...]:
    return tuple(_number(f"{prefix}_{part}{suffix}", f"{words} {label}", unit) for part, words in _PARTS)


_FLOW = (
    FeatureSpec("protocol", "category", "protocol", categories=get_args(Protocol), missing="refuse"),
    FeatureSpec("service", "category", "kind of destination port", categories=(*SERVICES, "other"), missing="refuse"),
    FeatureSpec("duration_ms", "number", "duration", "ms", 0, 1e9, missing="refuse", other_units={"us": 1000}),
    *(_count(f"{d}_packets", f"{words} packets", "packets") for d, words in _DIRECTIONS),
    *(_count(f"{d}_payload_bytes", f"{words} payload", "bytes") for d, words in _DIRECTIONS),
)
_LENGTHS = (
    *(spec for d, words in _DIRECTIONS for spec in _summary(f"{d}_length", f"{words} payload length", "bytes")),
    *_summary("length", "payload length", "bytes"),
    _number("length_median", "median payload length", "bytes"),
)
_RATES = (
    _number("bytes_per_s", "payload rate", "bytes/s"),
    _number("packets_per_s", "packet rate", "packets/s"),
    *(_number(f"{d}_packets_per_s", f"{words} packet rate", "packets/s") for d, words in _DIRECTIONS),
)
_GAPS = (
    *_summary("iat", "time between packets", "ms", "_ms"),
    *(
        spec
        for d, words in _DIRECTIONS
        for spec in (
            _number(f"{d}_iat_total_ms", f"time from first to last {words} packet", "ms"),
            *_summary(f"{d}_iat", f"time between {words} packets", "ms", "_ms"),
        )
    ),
)
_HEADERS = (
    *(
        _count(f"{d}_{flag}_count", f"{words} packets with {flag.upper()}", "packets")
        for flag in ("psh", "urg", "rst")
        for d, words in _DIRECTIONS
    ),
    *(_count(f"{d}_header_bytes", f"{words} headers", "bytes") for d, words in _DIRECTIONS),
    *(_count(f"{flag}_count", f"packets with {flag.upper()}", "packets") for flag in _FLAGS),
    _number("down_up_ratio", "backward packets per forward packet"),
    _number("packet_bytes_mean", "mean packet with its headers", "bytes"),
)
_BULKS = (
    *(
        spec
        for d, words in _DIRECTIONS
        for spec in (
            _number(f"{d}_bulk_bytes_mean", f"mean {words} bulk", "bytes"),
            _number(f"{d}_bulk_packets_mean", f"mean {words} bulk", "packets"),
            _number(f"{d}_bulk_bytes_per_s", f"payload rate within {words} bulks", "bytes/s"),
        )
    ),
    *(
        spec
        for d, words in _DIRECTIONS
        for spec in (
            _number(f"subflow_{d}_packets", f"{words} packets per subflow", "packets"),
            _number(f"subflow_{d}_bytes", f"{words} payload per subflow", "bytes"),
        )
    ),
    *(_number(f"{d}_initial_window", f"first {words} TCP window", "bytes", 65_535) for d, words in _DIRECTIONS),
    _count("fwd_data_packets", "forward packets with payload", "packets"),
    _number("fwd_header_min_bytes", "smallest forward header", "bytes"),
    *_summary("active", "active time between pauses of 5 s", "ms", "_ms"),
    *_summary("idle", "pause of 5 s or more", "ms", "_ms"),
)
_SHAPE = (
    _number("length_entropy", "entropy of payload lengths", "bits", 20),
    _number("iat_entropy", "entropy of times between packets", "bits", 20),
    _number("iat_variation", "irregularity of times between packets"),
    _number("iat_median_ms", "median time between packets", "ms"),
    _number("small_packet_share", "share of packets below 64 bytes", "", 1),
    _number("large_packet_share", "share of packets of 1200 bytes or more", "", 1),
    _number("fwd_payload_share", "share of the payload that went forward", "", 1),
    _number("turn_share", "share of packets in the opposite direction to the previous one", "", 1),
    _number("fwd_ttl_mean", "mean forward TTL", "hops", 255),
    FeatureSpec("fwd_ttl_distinct", "integer", "distinct forward TTLs", "", 0, 256),
    _number("bwd_ttl_mean", "mean backward TTL", "hops", 255),
    _number("handshake_ms", "time from SYN to its answer", "ms"),
    _number("fwd_first_payload_bytes", "first forward payload", "bytes"),
    _number("bwd_first_payload_bytes", "first backward payload", "bytes"),
    _number("answer_delay_ms", "time to the first answer", "ms"),
    _number("bare_ack_share", "share of packets that only acknowledge", "", 1),
    _count("zero_window_count", "packets with a TCP window of 0", "packets"),
    _count("subflows", "subflows, parted by pauses over 1 s", "", least=1),
    _count("peak_packets_100ms", "most packets within 100 ms", "packets", least=1),
)
_SOURCE = (
    _count("source_flows", "flows of the source within an hour", "flows", least=1),
    _count("source_flows_10s", "flows of the source within 10 s", "flows"),
    _count("source_unique_destinations", "destinations contacted by the source", "", least=1),
    _count("source_unique_destination_ports", "ports that the source tried", "ports", least=1),
    _number("source_destination_entropy", "entropy of the source's destinations", "bits", 60),
    _number("source_destination_port_entropy", "entropy of the source's destination ports", "bits", 16),
    _number("source_unanswered_share", "share of the source's flows without answer", "", 1),
    _number("source_packets_mean", "mean packets of the source's flows", "packets"),
    _number("source_bytes_mean", "mean size of the source's flows", "bytes"),
    _number("source_bytes_total", "total bytes sent and received by the source", "bytes"),
    _count("pair_flows", "connections from the source to the same service", "flows", least=1),
    _number("pair_gap_mean_s", "mean time between connections to the same service", "s"),
    _number("pair_gap_variation", "irregularity of connections to the same service"),
    _number("pair_bytes_variation", "irregularity of the sizes of connections to the same service"),
)
_DESTINATION = (
    _count("destination_flows", "flows to the destination within an hour", "flows", least=1),
    _count("destination_flows_10s", "flows to the destination within 10 s", "flows"),
    _count("destination_unique_sources", "sources that contact the destination", "", least=1),
    _number("destination_source_entropy", "entropy of the destination's sources", "bits", 60),
    _number("destination_source_port_entropy", "entropy of source ports at the destination", "bits", 16),
    _number("destination_unanswered_share", "share of the destination's flows without answer", "", 1),
    _number("destination_packets_mean", "mean packets of flows to the destination", "packets"),
    _number("destination_bytes_mean", "mean size of flows to the destination", "bytes"),
    _number("destination_bytes_total", "total bytes received and sent by the destination", "bytes"),
)

_SINGULARS = {
    "bits": "bit",
    "bytes": "byte",
    "bytes/s": "byte/s",
    "flows": "flow",
    "hops": "hop",
    "packets": "packet",
    "packets/s": "packet/s",
    "ports": "port",
}
_LABELS = {
    "protocol": {protocol: protocol.upper() for protocol in get_args(Protocol)},
    "service": {"dns": "DNS", "remote_access": "remote access", "amplifiable": "known for amplification"},
}
"""Words for people by level, for the levels that are not words themselves."""

SPECS: tuple[FeatureSpec, ...] = with_words(
    (*_FLOW, *_LENGTHS, *_RATES, *_GAPS, *_HEADERS, *_BULKS, *_SHAPE, *_SOURCE, *_DESTINATION), _SINGULARS, _LABELS
)
