"""Join files: the facts of a chunk's rows that late labels need, until the last label is final.

A join file is self-contained: it has the label of the model version, so that its reader loads no model.
"""

import io
import json
import math
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import compress
from typing import Any

from vigil.kernel.time import format_timestamp, format_week
from vigil.prediction.engines.contract import MAX_DUE_DAYS, Label, ModelContract

KEPT_DAYS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Possible lives of join files in days; the lifecycle of the bucket has a rule for each one."""
LATE_DAYS = 31
"""Days after the last label is final in which reports are still joined."""
DAYS_WITHOUT_HORIZON = 512
"""Life in days of the join files of a model whose labels have no horizon."""
ERASED_CODE = 255
"""Band code of a row whose subject was erased."""
_FORMAT = 1
_MEMBERS = ("model", "version", "bands", "flagged", "as_of", "first_row", "erased_at", "own_as_of", "group_values")
_LENGTH_BYTES = 4
_FLOAT_BYTES, _DOUBLE_BYTES = 4, 8
_MAX_BYTES = 32 << 20
"""Maximum size of the unpacked part, so that a stored file cannot exhaust the memory."""


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """A row with an answer, or an erased row. `row` is its number in the file of the batch; the first one is 1.

    `due_at` is the time at which the label is final; None without a horizon. `probability` is None if the model could
    not give one. `features` has the values of `kept_features`, NaN for a missing one. An erased row has only `row`,
    `as_of`, and at first `subject_id`; the other members are empty, NaN or None.
    """

    row: int
    subject_id: str
    probability: float | None
    band: str
    is_flagged: bool
    as_of: datetime
    due_at: datetime | None
    features: Mapping[str, float]
    groups: Mapping[str, str]
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class JoinFile:
    """Rows of a chunk in their order, in columns; row `first_row` of the file of the batch is the first one.

    `band_codes` is 0 for a row without an answer and `ERASED_CODE` for an erased one, else the place of its band in
    `bands` from 1 on. `as_of` is the time of rows that state none; `own_as_of` has the other times by place from 0 on.
    Times are ISO 8601 in UTC. `probabilities` has NaN for a row without one. `features` has the values of
    `kept_features`. `group_codes` has the given groups by attribute: 0 for a row without a value, else the place of its
    value in `group_values` from 1 on. `erased_at` is the time at which rows were last marked as erased, or "".
    """

    model: str
    version: int
    label: Label
    bands: tuple[str, ...]
    flagged: tuple[str, ...]
    as_of: str
    first_row: int
    probabilities: "array[float]"
    band_codes: bytes
    subject_ids: tuple[str, ...]
    features: Mapping[str, "array[float]"] = field(default_factory=dict)
    own_as_of: Mapping[int, str] = field(default_factory=dict)
    group_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_codes: Mapping[str, bytes] = field(default_factory=dict)
    erased_at: str = ""

    def find(self, number: int) -> JoinedRow | None:
        """Return the row with this number in the file of the batch; the first one is 1.

        The result is None for a row without an answer, and for a row of another chunk. An erased row is returned.
        """
        place = number - self.first_row
        return self._row(place) if 0 <= place < len(self.band_codes) and self.band_codes[place] else None

    def rows(self) -> Iterator[JoinedRow]:
        """Yield the rows with an answer and the erased rows, in order."""
        return (self._row(place) for place, code in enumerate(self.band_codes) if code)

    def due_weeks(self) -> dict[str, int]:
        """Return the number of rows with an answer by the ISO week (`2026-W47`) in which their labels are final.

        A row without a due time is in no week.
        """
        if self.own_as_of:
            dues = Counter(row.due_at for row in self.rows())
        elif self.label.due_feature is None:
            due_at = self.label.due_at(datetime.fromisoformat(self.as_of), {})
            dues = Counter({due_at: len(self.band_codes) - self.band_codes.count(0)})
        else:
            name, as_of = self.label.due_feature, datetime.fromisoformat(self.as_of)
            answered = compress(self.features[name], self.band_codes)
            dues = Counter()
            for value, rows in Counter(answered).items():
                dues[self.label.due_at(as_of, {name: value})] += rows
        weeks = Counter[str]()
        for due_at, rows in dues.items():
            if due_at is not None:
                weeks[format_week(due_at.astimezone(UTC))] += rows
        return dict(weeks)

    def export(self, place: int) -> Mapping[str, Any]:
        """Return the row at a place, from 0 on, as JSON values for an export. It has an answer, or is erased.

        The `band` of an erased row is "".
        """
        row = self._row(place)
        return {
            "row": row.row,
            "probability": row.probability,
            "band": row.band,
            "as_of": format_timestamp(row.as_of),
            "label_due_at": format_timestamp(row.due_at) if row.due_at else None,
            "features": {name: None if math.isnan(value) else value for name, value in row.features.items()},
            "groups": row.groups,
        }

    def without(self, places: Collection[int], erased_at: str) -> "JoinFile":
        """Return the file with the rows at these places, from 0 on, marked as erased at a time (ISO 8601).

        They have only their number and subject left.
        """
        probabilities, codes = array("f", self.probabilities), bytearray(self.band_codes)
        features = {name: array("d", values) for name, values in self.features.items()}
        groups = {name: bytearray(values) for name, values in self.group_codes.items()}
        for place in places:
            codes[place] = ERASED_CODE
            for group in groups.values():
                group[place] = 0
            for values in (probabilities, *features.values()):
                values[place] = math.nan
        return replace(
            self,
            probabilities=probabilities,
            band_codes=bytes(codes),
            features=features,
            own_as_of={place: moment for place, moment in self.own_as_of.items() if place not in places},
            group_codes={name: bytes(values) for name, values in groups.items()},
            erased_at=erased_at,
        )

    def unlinked(self, places: Collection[int]) -> "JoinFile":
        """Return the file without the subjects of the rows at these places, from 0 on."""
        names = list(self.subject_ids)
        for place in places:
            names[place] = ""
        return replace(self, subject_ids=tuple(names))

    def to_bytes(self) -> bytes:
        """Return the bytes of the file; equal files give equal bytes.

        Probabilities and subjects are not compressed: they would take most of the time and become little shorter.
        """
        header = {name: getattr(self, name) for name in _MEMBERS}
        label = asdict(self.label) | {"definition": ""}
        header |= {"format": _FORMAT, "label": label, "features": list(self.features), "rows": len(self.band_codes)}
        values = (each.tobytes() for each in self.features.values())
        columns = [self.band_codes, *self.group_codes.values(), *values]
        packed = zlib.compress(b"\n".join([json.dumps(header).encode(), b"".join(columns)]), 1)
        names = "\n".join(self.subject_ids).encode()
        return b"".join([len(packed).to_bytes(_LENGTH_BYTES, "big"), packed, self.probabilities.tobytes(), names])

    @classmethod
    def from_bytes(cls, content: bytes) -> "JoinFile":
        """Return the file of `to_bytes`. Raises ValueError for bytes of another format or size."""
        try:
            return cls._read(content)
        except (AttributeError, KeyError, TypeError, zlib.error) as error:
            raise ValueError(f"the join file must have the header and the columns of format {_FORMAT}") from error

    @classmethod
    def _read(cls, content: bytes) -> "JoinFile":
        end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "big")
        unpacking = zlib.decompressobj()
        text, _, columns = unpacking.decompress(content[_LENGTH_BYTES:end], _MAX_BYTES).partition(b"\n")
        header: dict[str, Any] = json.loads(text)
        if not unpacking.eof or header["format"] != _FORMAT:
            raise ValueError(f"the join file must have format {_FORMAT} and at most {_MAX_BYTES} bytes")
        read, rows = io.BytesIO(columns).read, header["rows"]
        behind = end + _FLOAT_BYTES * rows
        return cls(
            **{name: header[name] for name in ("model", "version", "as_of", "first_row", "erased_at")},
            label=Label(**header["label"]),
            bands=tuple(header["bands"]),
            flagged=tuple(header["flagged"]),
            own_as_of={int(place): moment for place, moment in header["own_as_of"].items()},
            group_values={name: tuple(values) for name, values in header["group_values"].items()},
            probabilities=array("f", content[end:behind]),
            subject_ids=tuple(content[behind:].decode().split("\n")),
            band_codes=read(rows),
            group_codes={name: read(rows) for name in header["group_values"]},
            features={name: array("d", read(_DOUBLE_BYTES * rows)) for name in header["features"]},
        )

    def _row(self, place: int) -> JoinedRow:
        code, probability = self.band_codes[place], self.probabilities[place]
        is_erased = code == ERASED_CODE
        band = "" if is_erased else self.bands[code - 1]
        as_of = datetime.fromisoformat(self.own_as_of.get(place, self.as_of))
        features = {name: values[place] for name, values in self.features.items()}
        return JoinedRow(
            row=self.first_row + place,
            subject_id=self.subject_ids[place],
            probability=None if math.isnan(probability) else probability,
            band=band,
            is_flagged=band in self.flagged,
            as_of=as_of,
            due_at=None if is_erased else self.label.due_at(as_of, features),
            features=features,
            groups={n: self.group_values[n][codes[place] - 1] for n, codes in self.group_codes.items() if codes[place]},
            is_erased=is_erased,
        )


def kept_features(contract: ModelContract) -> tuple[str, ...]:
    """Return the names of the features that late labels need, in the order of the contract.

    They are the due feature of the label, if it has one, and the sources of derived groups.
    """
    named = {contract.label.due_feature, *(group.source for group in contract.groups)}
    return tuple(spec.name for spec in contract.features if spec.name in named)


def days_left(file: JoinFile, now: datetime) -> int:
    """Return the life in days of a file that is written again at `now`: one of `KEPT_DAYS`.

    The file lives at least `LATE_DAYS` after its last label is final. Without a horizon: `DAYS_WITHOUT_HORIZON`.
    """
    if file.label.due_feature is None and file.label.horizon_days is None:
        return DAYS_WITHOUT_HORIZON
    last = max((row.due_at for row in file.rows() if row.due_at), default=now)
    return _life(max((last - now).days + 1, 0))


def kept_days(contract: ModelContract) -> int:
    """Return the life in days of the new join files of a model: one of `KEPT_DAYS`.

    A file lives at least `LATE_DAYS` after the longest possible horizon of its labels, which is the maximum of the due
    feature if the label has one. Without a horizon: `DAYS_WITHOUT_HORIZON`.
    """
    label = contract.label
    bounds = {spec.name: spec.maximum for spec in contract.features}
    horizon = label.horizon_days if label.due_feature is None else bounds[label.due_feature]
    if label.due_feature is None and horizon is None:
        return DAYS_WITHOUT_HORIZON
    longest = MAX_DUE_DAYS if horizon is None else horizon + (label.grace_days or 0) + (label.settling_days or 0)
    return _life(min(max(longest, 0), MAX_DUE_DAYS))


def _life(days: float) -> int:
    return next(life for life in KEPT_DAYS if life >= days + LATE_DAYS)
