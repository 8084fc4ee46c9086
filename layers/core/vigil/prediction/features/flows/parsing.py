"""Parsing of untrusted flow documents, with an error for each invalid field."""

from collections.abc import Iterator

from vigil.errors import FieldError, InvalidInput
from vigil.prediction.features.flows.model import FlowRecord, Packet, Traffic
from vigil.prediction.features.flows.schemas import TrafficIn
from vigil.prediction.features.parsing import validate_document


def parse_traffic(document: object) -> Traffic:
    """Return the network traffic that a JSON document describes.

    Raises InvalidInput with at most 20 fields such as `history.packets[3].length`. Messages never contain values.
    """
    schema = validate_document(TrafficIn, document)
    traffic = Traffic(
        started_at=schema.started_at,
        protocol=schema.protocol,
        source=schema.source,
        destination=schema.destination,
        source_port=schema.source_port,
        destination_port=schema.destination_port,
        packets=tuple(p.to_domain(Packet) for p in schema.packets),
        neighbours=tuple(n.to_domain(FlowRecord) for n in schema.neighbours),
    )
    if errors := list(_unrelated_neighbours(traffic)):
        raise InvalidInput(*errors)
    return traffic


def _unrelated_neighbours(traffic: Traffic) -> Iterator[FieldError]:
    for i, neighbour in enumerate(traffic.neighbours):
        if neighbour.source != traffic.source and neighbour.destination != traffic.destination:
            bound = "the flow's source or destination"
            yield FieldError(f"history.neighbours[{i}].source", "must share the flow's source or destination", bound)
