"""Ports of metrics: their sources, the reader of CloudWatch, and the stored states."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from vigil.operations.metrics.model import Collected, SourceState
from vigil.operations.metrics.series_model import Metric


class Source(Protocol):
    """A source of families. A part of the product adds its metrics with a source of its own."""

    @property
    def name(self) -> str:
        """Name of the source in `vigil_collected_timestamp_seconds`."""
        ...

    def collect(self, before: Collected | None, now: datetime) -> Collected | None:
        """Return the families with the memory for the next collection, or None if no collection is due yet.

        `before` is the previous result, or None before the first one. Raises Unavailable if the source is away.
        """
        ...


class MetricReader(Protocol):
    """Reader of CloudWatch metrics."""

    def read(self, metrics: Sequence[Metric], start: int, end: int) -> Mapping[Metric, Mapping[int, float]]:
        """Return the values by metric and minute. `start` and `end` are minutes since 1970; `end` is not included.

        A minute without data has no value. Raises Unavailable if CloudWatch does not return all values.
        """
        ...

    def active_routes(self) -> Sequence[Metric]:
        """Return one latency metric per function, route and model with requests in the last three hours.

        A route without a model has one metric per function. The statistic is the number of requests. Raises
        Unavailable.
        """
        ...


class StateStore(Protocol):
    """Stored states of sources. Every method raises Unavailable."""

    def read_all(self) -> Sequence[SourceState]:
        """Return one state per source, in the order of their names, read consistently."""
        ...

    def find(self, name: str) -> SourceState | None:
        """Return the state of a source, read consistently, or None before its first collection."""
        ...

    def write(self, state: SourceState) -> bool:
        """Store a state over the one with the previous version, and return True.

        Return False and store nothing if another version is stored.
        """
        ...
