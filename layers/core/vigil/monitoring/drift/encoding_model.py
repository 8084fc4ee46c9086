"""Bytes of a state: integers of variable length and numbers in single precision, the same for the same state."""

import math
import struct
import zlib
from collections.abc import Iterable
from datetime import date

from vigil.errors import DamagedData
from vigil.monitoring.drift.state_model import DriftState, SensorState

_FORMAT = 1
_MAX_ITEMS = 100_000
_CHECKSUM_BYTES = 4
_MAX_SHIFT = 63
"""Place of the last seven bits of an integer of 64 bits."""


def to_bytes(state: DriftState) -> bytes:
    """Return the bytes of a state: about 8 kB for 40 features. Equal states give equal bytes."""
    out = bytearray()
    header = (_FORMAT, state.first, state.through, state.rows, state.days, int(state.settling))
    _write(out, (*header, state.revision, state.after, state.profiles_digest))
    _write_all(out, state.together)
    _write(out, (len(state.sensors),))
    for each in state.sensors:
        _write_all(out, each.baseline)
        _write(out, each.recent)
        _write(out, (len(each.logs), len(each.spreads), each.pairs, each.since, each.muted, each.reported_statistic))
        floats = (*each.logs, *each.spreads, each.dispersion, each.reported_mean)
        out += struct.pack(f"<{len(floats)}f", *floats)
    return bytes(out) + _checksum(out)


def from_bytes(data: bytes) -> DriftState:
    """Return the state of `to_bytes`. Raises DamagedData for bytes of another format, and for changed ones."""
    content, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    reader = _Reader(content)
    format_, first, through, rows, days, settling, *origin = reader.integers(9)
    if format_ != _FORMAT:
        raise DamagedData(f"the state must have format {_FORMAT}; build it again from the profiles")
    if checksum != _checksum(content):
        raise DamagedData("a state must end with its checksum; build it again from the profiles")
    together = reader.counted()
    sensors = tuple(_sensor(reader) for _ in range(reader.count()))
    reader.finish()
    check_ordinals(first, through, origin[1], *(day for each in sensors for day in (each.since, each.muted)))
    return DriftState(sensors, together, first, through, rows, days, bool(settling), *origin)


def _checksum(content: bytes | bytearray) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big")


def check_ordinals(*days: int) -> None:
    """Raise DamagedData for a number that is no ordinal of a day; 0 is none."""
    if min(days) < 0 or max(days) > date.max.toordinal():
        raise DamagedData("the days of a state must be ordinals; build it again from the profiles")


def _sensor(reader: "_Reader") -> SensorState:
    baseline = reader.counted()
    recent = reader.integers(len(baseline))
    logs, spreads = reader.count(), reader.count()
    pairs, since, muted, reported_statistic = reader.integers(4)
    *values, dispersion, reported_mean = reader.floats(logs + spreads + 2)
    evidence, sums = tuple(values[:logs]), tuple(values[logs:])
    return SensorState(
        baseline, recent, evidence, sums, pairs, dispersion, since, muted, reported_mean, reported_statistic
    )


def _write(out: bytearray, numbers: Iterable[int]) -> None:
    for number in numbers:
        rest = number
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)


def _write_all(out: bytearray, numbers: tuple[int, ...]) -> None:
    _write(out, (len(numbers), *numbers))


class _Reader:
    """Reader of the bytes from their start."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self._integer() for _ in range(count))

    def count(self) -> int:
        number = self._integer()
        if number > _MAX_ITEMS:
            raise DamagedData(f"a state must have at most {_MAX_ITEMS} items; build it again from the profiles")
        return number

    def counted(self) -> tuple[int, ...]:
        return self.integers(self.count())

    def floats(self, count: int) -> tuple[float, ...]:
        end = self._at + 4 * count
        if end > len(self._data):
            raise self._incomplete()
        values: tuple[float, ...] = struct.unpack_from(f"<{count}f", self._data, self._at)
        self._at = end
        if any(map(math.isnan, values)):
            raise DamagedData("a state must have numbers only; build it again from the profiles")
        return values

    def finish(self) -> None:
        if self._at != len(self._data):
            raise self._incomplete()

    def _integer(self) -> int:
        number = shift = 0
        while self._at < len(self._data):
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > _MAX_SHIFT:
                break
        raise self._incomplete()

    def _incomplete(self) -> DamagedData:
        return DamagedData("the state must end with its last sensor; build it again from the profiles")
