"""A package from a LightGBM file that a team already has: calibrated, certified and evaluated on held-out rows."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from models import parts
from models.assembly import DecisionPlan, ModelFrame, Sample, assemble
from models.card import CardText
from models.certification import Guarantee
from models.evaluation import Bootstrap, auc, brier, calibration_error, judge, precision
from models.finishing import finish_model
from models.reference import DatedRows, HeldOutRows, make_reference
from models.training import Floats
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import Label, TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.engines.group_attributes import NOT_GIVEN, GroupAttribute
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.model import TrainedModel

__all__ = [
    "AboutModel", "Band", "CardText", "FeatureSpec", "GroupAttribute", "Guarantee", "Label", "TrainingData", "bring",
    "read_csv", "score_bodies",
]  # fmt: skip

MIN_ROWS_OF_A_CLASS = 40
"""Minimum held-out rows of each class: 12 to calibrate, 14 to certify, 14 to evaluate."""
GUARANTEE = Guarantee(alpha=0.1, delta=0.1)
"""Guarantee of a model that does not state one: at most one answer in ten is wrong, with confidence 0.9."""
GROUP_PREFIX = "group:"
"""Start of the names of columns with values of attributes."""
_TUNE_SHARE = 0.3
_BOOLEANS = {"true": True, "false": False}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AboutModel:
    """All of a package that its model file does not state.

    `bands` have fixed lower edges. An answer is positive from the last band on. `guarantee` is the error that answers
    may have; without enough rows to certify it, each answer has the warning `no_calibration`. `groups` are the
    attributes by which fairness is measured, `intersections` pairs of them.
    """

    name: str
    label: Label
    training: TrainingData
    bands: tuple[Band, ...]
    card: CardText
    guarantee: Guarantee = GUARANTEE
    groups: tuple[GroupAttribute, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()


def bring(
    model_text: bytes,
    rows: Sequence[Row],
    labels: Sequence[int],
    specs: tuple[FeatureSpec, ...],
    about: AboutModel,
    seed: int = 1,
) -> TrainedModel:
    """Return the package of a model in LightGBM's text format; the same seed gives the same bytes.

    `rows` have the features in the units and words of `specs`, as callers send them, None or NaN where missing. A row
    may have the value of an attribute, such as `group:region`. The rows are independent, and training has not used
    them. `labels` are 0 or 1. The rows are split: 30 % calibrate the model, 35 % certify its guarantee, 35 % give the
    metrics. Raises InvalidInput for unsuitable rows, and ModelRefused for a file that was trained otherwise than
    `specs` state.
    """
    encoded, known = _encoded(rows, specs), np.array(labels, np.int64)
    _check_labels(known, len(encoded))
    given = {group.name: _values(rows, group) for group in about.groups if group.is_given}
    tune, rest = train_test_split(np.arange(len(known)), train_size=_TUNE_SHARE, stratify=known, random_state=seed)
    certified, test = train_test_split(rest, test_size=0.5, stratify=known[rest], random_state=seed)
    tuning, certifying, testing = (Sample(encoded[chosen], known[chosen]) for chosen in (tune, certified, test))
    typical = parts.typical_values(encoded, specs)
    declared = about.groups, about.intersections
    frame = ModelFrame(about.name, specs, about.label, about.training, typical, None, *declared)
    plan = DecisionPlan(lambda _: about.bands, about.bands[-1].name, about.guarantee)
    engine = parts.EnginePart("lgbm", "lightgbm", model_text)
    assembled = assemble(frame, [engine], plan, tuning, certifying)
    judged = judge(assembled.runner, testing.rows, testing.labels)
    measures = auc, precision, brier, calibration_error
    estimates = Bootstrap(test, seed).estimates(testing.labels, judged.chance, *measures)
    reference = make_reference(assembled.runner, DatedRows(encoded), HeldOutRows(encoded, known, given))
    return finish_model(assembled, testing, judged, estimates, {}, about.card, reference)


def read_csv(file: Path, specs: Iterable[FeatureSpec], label: str) -> tuple[list[dict[str, FeatureValue]], list[int]]:
    """Return the rows and labels of a CSV file with a column for each feature and one for the label.

    An empty cell is a missing value. Columns such as `group:region` are read too, and others are left out. Raises
    InvalidInput for a missing column, or for a cell of the wrong type.
    """
    with file.open(newline="", encoding="utf-8-sig") as opened:
        reader = csv.DictReader(opened)
        wanted = [*(spec.name for spec in specs), label]
        if absent := [name for name in wanted if name not in (reader.fieldnames or ())]:
            raise InvalidInput(*(FieldError(name, "is not a column of the file", "a column") for name in absent))
        table = list(reader)
    rows = [
        {spec.name: _value(number, spec, row[spec.name]) for spec in specs}
        | {name: value or None for name, value in row.items() if name.startswith(GROUP_PREFIX)}
        for number, row in enumerate(table, 2)
    ]
    return rows, [int(float(row[label])) for row in table]


def score_bodies(rows: Sequence[Row], labels: Sequence[int]) -> list[dict[str, Any]]:
    """Return bodies of `POST /v1/scores` for the `samples` of a recipe."""
    return [
        {
            "subject_id": f"row-{number}",
            "features": {name: value for name, value in row.items() if not name.startswith(GROUP_PREFIX)},
            "_label": label,
        }
        for number, (row, label) in enumerate(zip(rows, labels, strict=True))
    ]


def _values(rows: Sequence[Row], attribute: GroupAttribute) -> list[str]:
    """Return the value of each row by an attribute that callers give."""
    name = f"{GROUP_PREFIX}{attribute.name}"
    values = [_plain(row.get(name)) or NOT_GIVEN for row in rows]
    if unknown := [number for number, value in enumerate(values) if value not in {*attribute.values, NOT_GIVEN}]:
        bound = f"one of {', '.join(attribute.values)}"
        raise InvalidInput(FieldError(f"rows[{unknown[0]}].{name}", f"must be {bound}", bound))
    return values


def _value(line: int, spec: FeatureSpec, cell: str) -> FeatureValue:
    if not cell:
        return None
    try:
        if spec.type == "boolean":
            return _BOOLEANS[cell.lower()]
        return cell if spec.type == "category" else float(cell)
    except (KeyError, ValueError):
        raise InvalidInput(FieldError(f"line {line}, {spec.name}", f"must be of the type {spec.type}", None)) from None


def _encoded(rows: Sequence[Row], specs: Sequence[FeatureSpec]) -> Floats:
    """Return the rows as engines receive them."""
    for spec in specs:
        if not any(spec.name in row for row in rows):
            raise InvalidInput(FieldError(spec.name, "is in no row", "a value in each row, None where missing"))
    encoded = np.empty((len(rows), len(specs)))
    for number, row in enumerate(rows):
        for place, spec in enumerate(specs):
            try:
                encoded[number, place] = spec.encode(_plain(row.get(spec.name)))
            except InvalidInput as error:
                raise InvalidInput(
                    *(FieldError(f"rows[{number}].{spec.name}", e.message, e.bound) for e in error.errors)
                ) from error
    return encoded


def _plain(value: Any) -> Any:
    """Return a value of numpy or pandas as a value of JSON; NaN is None."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value


def _check_labels(labels: np.ndarray[Any, np.dtype[np.int64]], rows: int) -> None:
    if len(labels) != rows or not set(labels.tolist()) <= {0, 1}:
        raise InvalidInput(FieldError("labels", "must be 0 or 1, one for each row", "0 or 1"))
    if (fewest := min(np.bincount(labels, minlength=2).tolist())) < MIN_ROWS_OF_A_CLASS:
        bound = f"at least {MIN_ROWS_OF_A_CLASS} held-out rows with each label"
        raise InvalidInput(FieldError("labels", f"must have {bound}; one of them has {fewest}", bound))
