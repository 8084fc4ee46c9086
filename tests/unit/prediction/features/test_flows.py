"""Tests of the features of `flows/1` on flows that are small enough to check by hand."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.errors import InvalidInput
from vigil.prediction.features.flows.model import FlowRecord, Packet, Traffic
from vigil.prediction.features.service import get_feature_set

FLOWS = get_feature_set("flows/1")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = START + timedelta(hours=1)


def traffic(packets, neighbours=(), protocol="tcp", port=443):
    return Traffic(START, protocol, "client", "server", 50_000, port, tuple(packets), tuple(neighbours))


def features(packets, neighbours=(), as_of=LATER, **flow):
    return FLOWS.extract(traffic(packets, neighbours, **flow), as_of)


def neighbour(started_s, source="client", destination="server", port=443, **fields):
    given = {"duration_us": 1000, "source_port": 40_000, "packets": 4, "bytes": 400, "answered": True} | fields
    return FlowRecord(round(started_s * 1e6), source=source, destination=destination, destination_port=port, **given)


REQUEST = (
    Packet(0, True, 60, 60, "S", 64_240, 64),
    Packet(20_000, False, 60, 60, "SA", 65_160, 52),
    Packet(20_500, True, 52, 52, "A", 502, 64),
    Packet(21_000, True, 552, 52, "PA", 502, 64),
    Packet(61_000, False, 1452, 52, "A", 501, 52),
    Packet(61_200, False, 852, 52, "PA", 501, 52),
    Packet(61_400, True, 52, 52, "A", 480, 63),
    Packet(100_000, True, 52, 52, "FA", 0, 64),
)
"""A handshake, one request of 500 bytes, its answer of 1,400 and 800 bytes, and the termination."""


def test_all_120_features_are_extracted_and_encoded():
    found = features(REQUEST)
    assert len(FLOWS.specs) == len({spec.name for spec in FLOWS.specs}) == 120
    assert list(found.keys() ^ {spec.name for spec in FLOWS.specs}) == []
    assert len([spec.encode(found[spec.name]) for spec in FLOWS.specs]) == 120


def test_a_request_has_the_expected_counts_lengths_and_rates():
    found = features(REQUEST)
    assert found["duration_ms"] == 100
    assert (found["fwd_packets"], found["bwd_packets"], found["down_up_ratio"]) == (5, 3, 0.6)
    assert (found["fwd_payload_bytes"], found["bwd_payload_bytes"]) == (500, 2200)
    assert (found["fwd_header_bytes"], found["bwd_header_bytes"]) == (60 + 4 * 52, 60 + 2 * 52)
    assert (found["packets_per_s"], found["fwd_packets_per_s"], found["bwd_packets_per_s"]) == (80, 50, 30)
    assert found["bytes_per_s"] == 27_000
    assert found["length_mean"] == 2700 / 8
    assert found["length_median"] == 0
    assert (found["bwd_length_mean"], found["bwd_length_max"], found["bwd_length_min"]) == (2200 / 3, 1400, 0)
    squares = sum((x - 2200 / 3) ** 2 for x in (0, 1400, 800))
    assert found["bwd_length_std"] == pytest.approx(math.sqrt(squares / 2))
    assert found["packet_bytes_mean"] == (2700 + 268 + 164) / 8
    assert (found["fwd_data_packets"], found["fwd_header_min_bytes"]) == (1, 52)


def test_a_request_has_the_expected_times_between_packets():
    found = features(REQUEST)
    assert found["iat_mean_ms"] == pytest.approx(100 / 7)
    assert (found["iat_max_ms"], found["iat_min_ms"], found["iat_median_ms"]) == (40, 0.2, 0.5)
    assert found["fwd_iat_total_ms"] == 100
    assert found["fwd_iat_max_ms"] == pytest.approx(40.4)
    assert (found["bwd_iat_total_ms"], found["bwd_iat_min_ms"]) == (41.2, 0.2)
    assert found["bwd_iat_mean_ms"] == pytest.approx(20.6)


def test_a_request_has_the_expected_flags_windows_and_hops():
    found = features(REQUEST)
    counts = {flag: found[f"{flag}_count"] for flag in ("fin", "syn", "rst", "psh", "ack", "urg", "cwr", "ece")}
    assert counts == {"fin": 1, "syn": 2, "rst": 0, "psh": 2, "ack": 7, "urg": 0, "cwr": 0, "ece": 0}
    assert (found["fwd_psh_count"], found["bwd_psh_count"]) == (1, 1)
    assert (found["fwd_initial_window"], found["bwd_initial_window"], found["zero_window_count"]) == (64_240, 65_160, 1)
    assert (found["fwd_ttl_mean"], found["fwd_ttl_distinct"], found["bwd_ttl_mean"]) == (63.8, 2, 52)


def test_a_request_has_the_expected_dialogue():
    found = features(REQUEST)
    assert (found["handshake_ms"], found["answer_delay_ms"]) == (20, 40)
    assert (found["fwd_first_payload_bytes"], found["bwd_first_payload_bytes"]) == (500, 1400)
    assert found["turn_share"] == 4 / 7
    assert (found["small_packet_share"], found["large_packet_share"]) == (5 / 8, 1 / 8)
    assert found["bare_ack_share"] == 2 / 8
    assert found["fwd_payload_share"] == 500 / 2700
    assert found["length_entropy"] == pytest.approx(5 / 8 * math.log2(8 / 5) + 3 / 8 * 3)


def data(at_ms, forward=True, payload=100):
    return Packet(round(at_ms * 1000), forward, 40 + payload, 40, "PA")


def test_four_packets_without_interruption_are_a_bulk():
    four = [data(t) for t in (0, 10, 20, 40)]
    found = features([*four, data(50, forward=False), *(data(t) for t in (60, 70, 80)), data(90, forward=False)])
    assert (found["fwd_bulk_bytes_mean"], found["fwd_bulk_packets_mean"]) == (400, 4)
    assert found["fwd_bulk_bytes_per_s"] == 400 / 0.04
    assert found["bwd_bulk_bytes_mean"] is found["bwd_bulk_bytes_per_s"] is None


def test_a_bulk_is_interrupted_by_a_pause_but_not_by_an_empty_packet():
    acknowledged = [data(0), data(10), data(15, forward=False, payload=0), data(20), data(30)]
    assert features(acknowledged)["fwd_bulk_packets_mean"] == 4
    assert features([data(0), data(10), data(20), data(1021)])["fwd_bulk_packets_mean"] is None
    assert features([data(0), data(10), data(20), data(1020)])["fwd_bulk_packets_mean"] == 4


def test_pauses_separate_subflows_and_bursts():
    found = features([data(t) for t in (0, 100, 1101, 1200, 6200, 6500)] + [data(13_000, forward=False)])
    assert (found["subflows"], found["subflow_fwd_packets"], found["subflow_bwd_bytes"]) == (4, 1.5, 25)
    assert (found["active_max_ms"], found["active_min_ms"], found["active_mean_ms"]) == (1200, 0, 500)
    assert (found["idle_min_ms"], found["idle_max_ms"], found["idle_mean_ms"]) == (5000, 6500, 5750)


def test_a_flow_without_pause_has_no_idle_time():
    found = features(REQUEST)
    assert found["idle_mean_ms"] is None
    assert (found["active_mean_ms"], found["active_std_ms"], found["subflows"]) == (100, 0, 1)


def test_regular_packets_have_no_variation():
    assert features([data(t) for t in (0, 50, 100, 150)])["iat_variation"] == 0
    assert features([data(t) for t in (0, 50, 100)])["iat_variation"] is None


def test_the_peak_counts_packets_of_a_tenth_of_a_second():
    assert features([data(t) for t in (0, 99, 100, 110, 199, 200)])["peak_packets_100ms"] == 3


def test_one_packet_has_no_rate_gap_or_other_direction():
    found = features([Packet(0, True, 40, 40, "S", 1024, 64)])
    assert (found["fwd_packets"], found["bwd_packets"], found["duration_ms"]) == (1, 0, 0)
    missing = ("packets_per_s", "iat_mean_ms", "fwd_iat_total_ms", "bwd_length_mean", "bwd_initial_window",
               "handshake_ms", "turn_share", "fwd_payload_share", "iat_entropy", "bwd_ttl_mean")  # fmt: skip
    assert {found[name] for name in missing} == {None}
    assert (found["fwd_length_mean"], found["fwd_length_std"], found["length_entropy"]) == (0, 0, 0)
    assert (found["subflows"], found["peak_packets_100ms"]) == (1, 1)


def test_two_packets_within_a_millisecond_have_no_rate():
    assert features([data(0), Packet(5, True, 40, 40)])["packets_per_s"] is None
    assert features([data(0), Packet(1000, True, 40, 40)])["packets_per_s"] == 2000


def test_a_flow_may_have_only_backward_packets():
    found = features([data(0, forward=False), data(10, forward=False)])
    assert found["down_up_ratio"] is found["fwd_length_mean"] is found["fwd_header_min_bytes"] is None
    assert (found["bwd_packets"], found["fwd_payload_share"]) == (2, 0)


@pytest.mark.parametrize(
    ("port", "service"), [(443, "web"), (53, "dns"), (22, "remote_access"), (11_211, "amplifiable"), (31_337, "other")]
)
def test_the_destination_port_names_the_service(port, service):
    assert features([data(0)], port=port)["service"] == service


def test_a_scan_is_visible_in_the_flows_of_the_source():
    scan = [neighbour(-i, port=1000 + i, answered=i % 4 == 0, packets=1, bytes=40) for i in range(1, 21)]
    found = features([data(0)], [*scan, neighbour(-1, source="stranger")])
    assert (found["source_flows"], found["source_flows_10s"], found["source_unique_destination_ports"]) == (21, 10, 21)
    assert found["source_destination_port_entropy"] == pytest.approx(math.log2(21))
    assert (found["source_unique_destinations"], found["source_destination_entropy"]) == (1, 0)
    assert found["source_unanswered_share"] == 15 / 20
    assert (found["source_packets_mean"], found["source_bytes_mean"], found["source_bytes_total"]) == (1, 40, 800)


def test_a_beacon_is_visible_in_the_flows_of_the_pair():
    beacon = [neighbour(-60 * i, bytes=500 + i) for i in (1, 2, 3)]
    found = features([data(0)], [*beacon, neighbour(-30, port=80), neighbour(-45, source="stranger")])
    assert (found["pair_flows"], found["pair_gap_mean_s"], found["pair_gap_variation"]) == (4, 60, 0)
    assert found["pair_bytes_variation"] == pytest.approx(1 / 502)


def test_a_flood_is_visible_in_the_flows_to_the_destination():
    flood = [neighbour(-0.1 * i, source=f"bot{i % 3}", source_port=i, answered=False) for i in range(1, 10)]
    found = features([data(0)], [*flood, neighbour(-20, destination="elsewhere")])
    assert (found["destination_flows"], found["destination_flows_10s"], found["destination_unique_sources"]) == (
        10,
        9,
        4,
    )
    assert found["destination_source_port_entropy"] == pytest.approx(math.log2(10))
    assert (found["destination_unanswered_share"], found["destination_bytes_total"]) == (1, 3600)
    assert found["source_flows"] == 2


def test_without_neighbours_their_features_are_missing():
    found = features([data(0)])
    assert (found["source_flows"], found["destination_unique_sources"], found["pair_flows"]) == (1, 1, 1)
    assert (found["source_destination_entropy"], found["destination_source_entropy"]) == (0, 0)
    for name in ("source_unanswered_share", "source_bytes_total", "pair_gap_mean_s", "destination_packets_mean"):
        assert found[name] is None


PACKETS = st.lists(
    st.builds(
        Packet,
        at_us=st.integers(0, 30_000_000) | st.integers(0, 20),
        forward=st.booleans(),
        length=st.integers(60, 1500),
        header=st.integers(20, 60),
        flags=st.text("FSRPAUEC", max_size=3),
        window=st.none() | st.integers(0, 65_535),
        ttl=st.none() | st.integers(0, 255),
    ),
    min_size=1,
    max_size=30,
)
NEIGHBOURS = st.lists(
    st.builds(
        neighbour,
        st.integers(-3600, 60),
        source=st.sampled_from(["client", "bot1", "bot2"]),
        port=st.integers(0, 65_535),
        duration_us=st.integers(0, 3_600_000_000),
        packets=st.integers(1, 10**9),
        bytes=st.integers(20, 10**11),
        answered=st.booleans(),
    ),
    max_size=20,
)


@given(PACKETS, NEIGHBOURS)
def test_the_features_of_any_flow_can_be_encoded(packets, neighbours):
    found = features(packets, neighbours)
    assert len([spec.encode(found[spec.name]) for spec in FLOWS.specs]) == 120


@given(PACKETS, NEIGHBOURS, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_change_features(packets, neighbours, random):
    shuffled = random.sample(packets, len(packets)), random.sample(neighbours, len(neighbours))
    assert features(*shuffled) == features(packets, neighbours)


@given(PACKETS, NEIGHBOURS, st.integers(0, 31_000_000))
def test_packets_and_records_after_as_of_do_not_change_features(packets, neighbours, elapsed_us):
    as_of = START + timedelta(microseconds=elapsed_us)
    past = [p for p in packets if p.at_us <= elapsed_us]
    ended = [n for n in neighbours if n.started_us + n.duration_us <= elapsed_us]
    if not past:
        with pytest.raises(InvalidInput) as caught:
            features(packets, neighbours, as_of)
        assert [e.field for e in caught.value.errors] == ["as_of"]
    else:
        assert features(packets, neighbours, as_of) == features(past, ended)


@given(PACKETS, st.integers(1, 10**6))
def test_a_time_shift_changes_only_the_peak(packets, shift_us):
    moved = [Packet(p.at_us + shift_us, p.forward, p.length, p.header, p.flags, p.window, p.ttl) for p in packets]
    before, after = features(packets), features(moved)
    assert {name for name in before if before[name] != after[name]} <= {"peak_packets_100ms"}
