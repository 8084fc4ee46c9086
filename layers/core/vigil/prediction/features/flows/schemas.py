"""JSON schema of a flow with its packets and neighbours: shapes and bounds."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from vigil.prediction.features.flows.model import Protocol
from vigil.prediction.features.schemas import HistoryRecord
from vigil.web.field_types import Boolean, Moment, as_whole_number, bound_error

MAX_PACKETS = 2000
MAX_NEIGHBOURS = 2000
MAX_FLOW_US = 120_000_000
"""Maximum time of a packet after the start of the flow, in microseconds. CICFlowMeter also ends flows after 120 s."""
EARLIEST_START_US = -3_600_000_000

Address = Annotated[
    str, Field(max_length=45, pattern=r"^[0-9A-Za-z.:_-]{1,45}$", description="An address or its pseudonym")
]
Port = Annotated[int, Field(ge=0, le=65_535), as_whole_number]


class PacketIn(HistoryRecord):
    """One packet, in bytes and microseconds since the flow's `started_at`."""

    at_us: Annotated[int, Field(ge=0, le=MAX_FLOW_US), as_whole_number]
    forward: Boolean = Field(description="From source to destination")
    length: Annotated[
        int, Field(ge=20, le=65_575, description="length in bytes of IP, headers included"), as_whole_number
    ]
    header: Annotated[
        int, Field(ge=20, le=200, description="length in bytes of the IP and transport headers"), as_whole_number
    ]
    flags: Annotated[
        str, Field(max_length=8, pattern="^[FSRPAUEC]{0,8}$", description="TCP flags by initial; C is CWR")
    ] = ""
    window: Annotated[int, Field(ge=0, le=65_535), as_whole_number] | None = None
    ttl: Annotated[int, Field(ge=0, le=255), as_whole_number] | None = None

    @field_validator("header")
    @classmethod
    def _within_the_packet(cls, value: int, info: ValidationInfo) -> int:
        if "length" in info.data and value > info.data["length"]:
            raise bound_error("must not be above length", "at most length")
        return value


class FlowRecordIn(HistoryRecord):
    """Another flow within the last hour from the same source or to the same destination."""

    started_us: Annotated[int, Field(ge=EARLIEST_START_US, le=MAX_FLOW_US), as_whole_number]
    duration_us: Annotated[int, Field(ge=0, le=-EARLIEST_START_US), as_whole_number]
    source: Address
    destination: Address
    source_port: Port
    destination_port: Port
    packets: Annotated[int, Field(ge=1, le=10**9), as_whole_number]
    bytes: Annotated[int, Field(ge=20, le=10**11), as_whole_number]
    answered: Boolean


class TrafficIn(HistoryRecord):
    """One flow as packets, and the flows around it, in any order. Facts seen after `as_of` are ignored."""

    started_at: Moment
    protocol: Protocol
    source: Address
    destination: Address
    source_port: Port
    destination_port: Port
    packets: Annotated[list[PacketIn], Field(min_length=1, max_length=MAX_PACKETS)]
    neighbours: Annotated[list[FlowRecordIn], Field(max_length=MAX_NEIGHBOURS, default_factory=list)]
