"""Rules of the `netsec` model. Points are summed and calibrated; a veto applies regardless of other engines."""

from typing import Any

MAX_PACKETS_PER_S = 100_000
MAX_PORTS = 1000


def _is(feature: str, op: str, value: float | str) -> dict[str, Any]:
    return {"feature": feature, "op": op, "value": value}


RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "packet_rate",
        "text": "More than 100,000 packets a second.",
        "when": _is("packets_per_s", ">", MAX_PACKETS_PER_S),
        "points": 4,
        "severity": "high",
        "veto": True,
    },
    {
        "name": "port_sweep",
        "text": "The source tried more than 1,000 ports within an hour.",
        "when": _is("source_unique_destination_ports", ">", MAX_PORTS),
        "points": 4,
        "severity": "high",
        "veto": True,
    },
    {
        "name": "half_open",
        "text": "Many SYN packets and no answer.",
        "when": {"all": [_is("syn_count", ">=", 12), _is("bwd_packets", "==", 0)]},
        "points": 2,
        "severity": "moderate",
    },
    {
        "name": "amplification",
        "text": "Small requests and large answers, from a service known for amplification.",
        "when": {
            "all": [
                _is("protocol", "==", "udp"),
                {"feature": "service", "in": ["dns", "amplifiable"]},
                _is("fwd_payload_share", "<", 0.03),
                _is("bwd_packets", ">=", 20),
            ]
        },
        "points": 2,
        "severity": "moderate",
    },
    {
        "name": "crowd_without_answer",
        "text": "Many sources at once to a destination that hardly answers.",
        "when": {"all": [_is("destination_flows_10s", ">", 80), _is("destination_unanswered_share", ">", 0.5)]},
        "points": 2,
        "severity": "moderate",
    },
    {
        "name": "clockwork",
        "text": "The same connection again and again, at regular intervals.",
        "when": {
            "all": [
                _is("pair_flows", ">=", 8),
                _is("pair_gap_mean_s", ">", 10),
                _is("pair_gap_variation", "<", 0.15),
                {"not": {"feature": "service", "in": ["messaging"]}},
            ]
        },
        "points": 1,
        "severity": "moderate",
    },
    {
        "name": "unanswered_search",
        "text": "Many destinations, most of which do not answer.",
        "when": {"all": [_is("source_unique_destinations", ">", 60), _is("source_unanswered_share", ">", 0.6)]},
        "points": 2,
        "severity": "moderate",
    },
    {
        "name": "ordinary_lookup",
        "text": "One short query to a name server that answered.",
        "when": {
            "all": [
                _is("service", "==", "dns"),
                _is("fwd_packets", "<=", 2),
                _is("bwd_packets", ">=", 1),
                _is("source_unanswered_share", "<", 0.1),
            ]
        },
        "vote": "negative",
        "points": 1,
    },
)
