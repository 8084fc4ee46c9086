"""Tests of strict parsing of flows: errors contain the field and its bound, never the value."""

from datetime import UTC, datetime

import pytest

from vigil.errors import InvalidInput
from vigil.prediction.features.flows.model import FlowRecord, Packet, Traffic
from vigil.prediction.features.schemas import to_json
from vigil.prediction.features.service import get_feature_set

FLOWS = get_feature_set("flows/1")


def document(**changes):
    packet = {"at_us": 0, "forward": True, "length": 60, "header": 40, "flags": "S", "window": 1024, "ttl": 64}
    record = {"started_us": -5, "duration_us": 3, "source": "10.0.0.5", "destination": "10.0.0.9", "source_port": 4,
              "destination_port": 53, "packets": 2, "bytes": 120, "answered": True}  # fmt: skip
    flow = {"started_at": "2026-03-01T12:00:00Z", "protocol": "udp", "source": "10.0.0.5", "destination": "fe80::1",
            "source_port": 5, "destination_port": 53, "packets": [packet], "neighbours": [record]}  # fmt: skip
    return flow | changes


def packet(**changes):
    return document(packets=[document()["packets"][0] | changes])


def record(**changes):
    return document(neighbours=[document()["neighbours"][0] | changes])


def refused(changed):
    with pytest.raises(InvalidInput) as caught:
        FLOWS.parse(changed)
    return {e.field: e.bound for e in caught.value.errors}


def test_a_valid_document_becomes_traffic():
    assert FLOWS.parse(document()) == Traffic(
        datetime(2026, 3, 1, 12, tzinfo=UTC),
        "udp",
        "10.0.0.5",
        "fe80::1",
        5,
        53,
        (Packet(0, True, 60, 40, "S", 1024, 64),),
        (FlowRecord(-5, 3, "10.0.0.5", "10.0.0.9", 4, 53, 2, 120, True),),
    )


def test_traffic_survives_a_round_trip_through_json():
    traffic = FLOWS.parse(document())
    assert FLOWS.parse(to_json(traffic)) == traffic


@pytest.mark.parametrize(
    ("body", "field", "bound"),
    [
        (document(started_at="2026-03-01T12:00:00"), "history.started_at", "RFC 3339 with a UTC offset"),
        (document(protocol="sctp"), "history.protocol", "one of 'tcp', 'udp' or 'icmp'"),
        (document(source="two words"), "history.source", None),
        (document(destination_port=65_536), "history.destination_port", "at most 65535"),
        (document(source_port="5"), "history.source_port", "integer"),
        (document(surprise=1), "history.surprise", "a known field"),
        (document(packets=[]), "history.packets", "at least 1"),
        (document(packets=document()["packets"] * 2001), "history.packets", "at most 2000"),
        (document(neighbours=document()["neighbours"] * 2001), "history.neighbours", "at most 2000"),
        (document(neighbours={}), "history.neighbours", "array"),
        (packet(at_us=-1), "history.packets[0].at_us", "at least 0"),
        (packet(at_us=120_000_001), "history.packets[0].at_us", "at most 120000000"),
        (packet(at_us=0.5), "history.packets[0].at_us", "integer"),
        (packet(forward=1), "history.packets[0].forward", "boolean"),
        (packet(length=19), "history.packets[0].length", "at least 20"),
        (packet(header=61), "history.packets[0].header", "at most length"),
        (packet(flags="SX"), "history.packets[0].flags", None),
        (packet(window=70_000), "history.packets[0].window", "at most 65535"),
        (packet(ttl=256), "history.packets[0].ttl", "at most 255"),
        (packet(payload="x"), "history.packets[0].payload", "a known field"),
        (record(packets=0), "history.neighbours[0].packets", "at least 1"),
        (record(started_us=-3_600_000_001), "history.neighbours[0].started_us", "at least -3600000000"),
        (record(bytes=10**11 + 1), "history.neighbours[0].bytes", "at most 100000000000"),
        (record(duration_us=True), "history.neighbours[0].duration_us", "integer"),
        (record(source="10.0.0.7"), "history.neighbours[0].source", "the flow's source or destination"),
    ],
)
def test_an_invalid_value_is_refused_with_its_field_and_bound(body, field, bound):
    errors = refused(body)
    assert errors.keys() == {field}
    assert errors[field] == bound if bound else "[" not in errors[field]


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_document_that_is_no_object_is_refused(body):
    assert refused(body) == {"history": "object"}


def test_the_largest_valid_flow_can_be_scored():
    """The bounds of the features cover all values that the bounds of the records allow."""
    big = {"length": 65_575, "header": 20, "flags": "FSRPAUEC", "window": 65_535, "ttl": 255}
    packets = [document()["packets"][0] | big | {"at_us": i % 1001, "forward": i % 2 == 0} for i in range(2000)]
    huge = {"bytes": 10**11, "packets": 10**9, "duration_us": 3_600_000_000, "started_us": -3_600_000_000}
    neighbours = [document()["neighbours"][0] | huge for _ in range(2000)]
    found = FLOWS.extract(FLOWS.parse(document(packets=packets, neighbours=neighbours)), datetime.now(UTC))
    assert len([spec.encode(found[spec.name]) for spec in FLOWS.specs]) == 120
    assert (found["source_flows"], found["packets_per_s"]) == (2001, 2_000_000)


def test_errors_are_limited_to_20_and_contain_no_values():
    body = document(packets=[{"at_us": "SECRET", "flags": "SECRET", "SECRET": 1}] * 100)
    with pytest.raises(InvalidInput) as caught:
        FLOWS.parse(body)
    assert len(caught.value.errors) == 20
    assert not any("SECRET" in f"{e.message} {e.bound}" for e in caught.value.errors)


def test_the_json_schema_contains_the_limits():
    schema = FLOWS.schema()
    assert schema["properties"]["packets"]["maxItems"] == 2000
    assert schema["$defs"]["PacketIn"]["additionalProperties"] is False
