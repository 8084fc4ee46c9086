"""Behaviours of hosts on the simulated networks, with ranges that overlap between classes on purpose.

Every range is drawn log-uniformly. A backup looks like exfiltration, a sensor like a beacon, a call like a flood, an
inventory like a scan, a popular page like the target of a flood. One number alone never separates them.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vigil.prediction.features.flows.model import Protocol

Kind: TypeAlias = Literal["benign", "ddos", "malware"]
Range: TypeAlias = tuple[float, float]

MAX_PACKETS = 320
MAX_NEIGHBOURS = 1800
MIMIC_SHARE = 0.05
"""Share of threats drawn completely from a harmless behaviour; they cannot be detected."""
DISGUISED_SHARE = 0.20
"""Share of threats with the packets of a harmless behaviour; only the flows around them are suspicious."""
LOAD_TEST_SHARE = 0.03
"""Share of harmless flows with the packets of a threat: load tests, drills, broken clients."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Parameters of one flow; requests and responses are bytes of payload, `pause_ms` is between exchanges.

    `steady` is the variation of the pauses: 0.01 is a clock, 1 a person. TCP that is not `answered` repeats its SYN.
    """

    protocol: Protocol
    ports: tuple[int, ...]
    exchanges: Range
    request: Range
    response: Range
    pause_ms: Range
    steady: Range = (0.3, 1.2)
    answered: float = 0.97


@dataclass(frozen=True, slots=True)
class NeighbourPreset:
    """Parameters of the flows around one flow: sent by its source, of the same pair, received by its destination."""

    sent: Range = (2, 90)
    destinations: Range = (1, 25)
    ports: Range = (1, 4)
    sent_unanswered: Range = (0.01, 0.15)
    pair: Range = (1, 6)
    pair_gap_s: Range = (1, 300)
    pair_steady: Range = (0.4, 1.5)
    received: Range = (1, 160)
    sources: Range = (1, 60)
    received_unanswered: Range = (0.01, 0.25)
    received_gap_s: Range = (0.02, 30)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour of hosts, and its share among the behaviours of its kind."""

    name: str
    kind: Kind
    share: float
    dialogue: Dialogue
    company: NeighbourPreset = field(default_factory=NeighbourPreset)


_WEB = (443, 443, 443, 80, 8443, 8080)
_BENIGN = (
    Behaviour("browse", "benign", 0.26, Dialogue("tcp", _WEB, (1, 9), (180, 2400), (300, 30_000), (30, 9000))),
    Behaviour("download", "benign", 0.10, Dialogue("tcp", _WEB, (1, 5), (200, 900), (2e4, 3e5), (10, 2000))),
    Behaviour("backup", "benign", 0.07, Dialogue("tcp", (443, 22, 873, 445), (1, 6), (2e4, 3e5), (40, 600), (5, 900))),
    Behaviour(
        "lookup",
        "benign",
        0.13,
        Dialogue("udp", (53, 53, 53, 5353, 123), (1, 3), (28, 90), (44, 900), (5, 900)),
        NeighbourPreset(sent=(10, 160), ports=(1, 5), pair=(3, 80), pair_gap_s=(0.3, 60)),
    ),
    Behaviour(
        "call",
        "benign",
        0.09,
        Dialogue(
            "udp", (3478, 5004, 16_384, 30_000, 51_820), (40, 150), (60, 1200), (60, 1200), (0.5, 40), (0.02, 0.4)
        ),
    ),
    Behaviour(
        "telemetry",
        "benign",
        0.11,
        Dialogue("tcp", (8883, 1883, 443, 5671), (1, 8), (40, 900), (10, 400), (500, 15_000), (0.02, 0.5)),
        NeighbourPreset(sent=(4, 60), destinations=(1, 5), pair=(4, 50), pair_gap_s=(10, 300), pair_steady=(0.01, 0.6)),
    ),
    Behaviour(
        "shell",
        "benign",
        0.06,
        Dialogue("tcp", (22, 3389, 5900), (8, 80), (30, 200), (40, 1400), (40, 4000)),
        NeighbourPreset(pair=(1, 20), pair_gap_s=(2, 600)),
    ),
    Behaviour(
        "crowd",
        "benign",
        0.09,
        Dialogue("tcp", _WEB, (1, 6), (180, 1500), (300, 30_000), (20, 4000), answered=0.85),
        NeighbourPreset(
            received=(60, 700), sources=(25, 500), received_unanswered=(0.02, 0.5), received_gap_s=(0.003, 0.6)
        ),
    ),
    Behaviour(
        "inventory",
        "benign",
        0.05,
        Dialogue("tcp", (22, 80, 135, 161, 443, 445, 3389, 9100), (1, 4), (1, 300), (1, 900), (1, 2000), answered=0.4),
        NeighbourPreset(sent=(40, 800), destinations=(5, 150), ports=(3, 250), sent_unanswered=(0.2, 0.9), pair=(1, 8)),
    ),
    Behaviour(
        "unreachable",
        "benign",
        0.04,
        Dialogue("tcp", (443, 80, 8080, 5432, 9092), (1, 7), (1, 2), (1, 2), (100, 4000), answered=0.0),
        NeighbourPreset(
            sent_unanswered=(0.05, 0.7), pair=(2, 60), pair_gap_s=(0.5, 60), received_unanswered=(0.1, 0.95)
        ),
    ),
)
_FLOOD = NeighbourPreset(
    sent=(2, 200),
    destinations=(1, 8),
    sent_unanswered=(0.03, 0.9),
    pair=(1, 60),
    pair_gap_s=(0.05, 120),
    received=(8, 800),
    sources=(4, 400),
    received_unanswered=(0.03, 0.95),
    received_gap_s=(0.002, 6),
)
_DDOS = (
    Behaviour(
        "syn_flood",
        "ddos",
        0.24,
        Dialogue("tcp", (80, 443, 22, 25), (1, 300), (1, 2), (1, 2), (0.005, 400), (0.05, 1.0), 0.06),
        _FLOOD,
    ),
    Behaviour(
        "udp_flood",
        "ddos",
        0.20,
        Dialogue(
            "udp", (80, 443, 3478, 27_015, 30_000), (20, 300), (20, 1400), (20, 300), (0.002, 20), (0.02, 0.8), 0.15
        ),
        _FLOOD,
    ),
    Behaviour(
        "amplification",
        "ddos",
        0.16,
        Dialogue("udp", (53, 123, 389, 1900, 11_211), (1, 60), (24, 90), (400, 12_000), (0.05, 900), (0.05, 0.9)),
        _FLOOD,
    ),
    Behaviour(
        "http_flood",
        "ddos",
        0.24,
        Dialogue("tcp", _WEB, (1, 40), (150, 900), (100, 9000), (1, 1500), (0.1, 1.0), 0.8),
        _FLOOD,
    ),
    Behaviour(
        "slow_requests",
        "ddos",
        0.16,
        Dialogue("tcp", _WEB, (3, 20), (8, 200), (1, 60), (1500, 15_000), (0.02, 0.4), 0.95),
        _FLOOD,
    ),
)
_MALWARE = (
    Behaviour(
        "beacon",
        "malware",
        0.30,
        Dialogue("tcp", (443, 443, 80, 8080, 8443, 4444), (1, 5), (60, 1200), (20, 1500), (100, 8000), (0.05, 0.9)),
        NeighbourPreset(sent=(3, 80), pair=(5, 60), pair_gap_s=(15, 400), pair_steady=(0.02, 0.5), sources=(1, 15)),
    ),
    Behaviour(
        "tunnel",
        "malware",
        0.14,
        Dialogue("udp", (53, 53, 5353, 443), (1, 60), (60, 230), (80, 500), (5, 900), (0.1, 1.0)),
        NeighbourPreset(sent=(20, 300), destinations=(1, 6), pair=(15, 250), pair_gap_s=(0.05, 15)),
    ),
    Behaviour(
        "exfiltration",
        "malware",
        0.18,
        Dialogue("tcp", (443, 443, 80, 22, 21, 8443), (1, 8), (1.2e4, 3e5), (20, 400), (5, 4000)),
        NeighbourPreset(pair=(1, 25), sources=(1, 25)),
    ),
    Behaviour(
        "scan",
        "malware",
        0.12,
        Dialogue("tcp", (22, 23, 445, 3389, 5985, 8080), (1, 3), (1, 200), (1, 300), (0.5, 1500), answered=0.25),
        NeighbourPreset(
            sent=(50, 1700), destinations=(10, 400), ports=(2, 300), sent_unanswered=(0.3, 0.98), pair=(1, 5)
        ),
    ),
    Behaviour(
        "sweep",
        "malware",
        0.04,
        Dialogue("tcp", (22, 80, 443, 3306, 8443, 9200), (1, 3), (1, 60), (1, 200), (0.3, 900), answered=0.15),
        NeighbourPreset(
            sent=(200, 1700), destinations=(1, 4), ports=(100, 30_000), sent_unanswered=(0.5, 0.99), pair=(1, 4)
        ),
    ),
    Behaviour(
        "guessing",
        "malware",
        0.12,
        Dialogue("tcp", (22, 3389, 21, 25, 5900), (2, 14), (30, 300), (30, 600), (20, 2500), (0.05, 0.8), 0.85),
        NeighbourPreset(sent=(15, 300), sent_unanswered=(0.03, 0.6), pair=(10, 150), pair_gap_s=(0.2, 20)),
    ),
    Behaviour(
        "mining",
        "malware",
        0.10,
        Dialogue("tcp", (3333, 4444, 443, 14_444), (4, 24), (90, 400), (60, 500), (800, 12_000), (0.2, 1.0)),
        NeighbourPreset(destinations=(1, 10), pair=(1, 12), pair_gap_s=(20, 600), sources=(1, 20)),
    ),
)
BEHAVIOURS: dict[Kind, tuple[Behaviour, ...]] = {"benign": _BENIGN, "ddos": _DDOS, "malware": _MALWARE}
KIND_SHARES: dict[Kind, float] = {"benign": 0.72, "ddos": 0.14, "malware": 0.14}
"""Shares of the kinds of flows. Threats are far more frequent than on a real network; the model card states this."""
