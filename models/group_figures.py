"""Figures of a model by declared group over held-out rows, without groups or remainders of few rows."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.training import Floats, Ints
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.group_attributes import NOT_GIVEN, GroupAttribute
from vigil.prediction.packages.reference_model import MIN_CELL, GroupReference

_Outcomes: TypeAlias = NDArray[np.int64]
"""True positives, false positives, false negatives and true negatives."""


def group_references(
    contract: ModelContract,
    rows: Floats,
    labels: Ints,
    given: Mapping[str, Sequence[str]],
    bands: Sequence[str],
) -> tuple[GroupReference, ...]:
    """Return the figures of each publishable value of the contract's group attributes, in declared order.

    `rows` are encoded features, `labels` are 0 or 1, and `bands` has the band of each answer. An answer in a
    high-risk band is flagged. `given` has the value of each row, by attribute that callers give. A value is left out
    if one of its four outcomes has fewer than `MIN_CELL` rows, or if the rows that are left out would be so few.
    Raises KeyError if `given` lacks an attribute that callers give.
    """
    flagged = np.array([contract.is_high_risk(band) for band in bands])
    outcome = np.where(labels == 1, np.where(flagged, 0, 2), np.where(flagged, 1, 3))
    found: list[GroupReference] = []
    for attribute in contract.groups:
        values = given[attribute.name] if attribute.is_given else _derived(attribute, contract, rows)
        masks = {value: np.array([own == value for own in values]) for value in attribute.values}
        counts = {value: np.bincount(outcome[mask], minlength=4) for value, mask in masks.items()}
        shown = _publishable(counts, np.bincount(outcome, minlength=4))
        found += [_reference(attribute.name, value, counts[value]) for value in shown]
    return tuple(found)


def _derived(attribute: GroupAttribute, contract: ModelContract, rows: Floats) -> list[str]:
    """Return the value of each row of a derived attribute."""
    place = [spec.name for spec in contract.features].index(attribute.source or "")
    column = rows[:, place]
    cells = np.searchsorted(attribute.cuts, column, side="right")
    is_missing = np.isnan(column)
    return [NOT_GIVEN if lost else attribute.values[cell] for cell, lost in zip(cells, is_missing, strict=True)]


def _publishable(counts: Mapping[str, _Outcomes], totals: _Outcomes) -> list[str]:
    """Return the values whose outcomes all have enough rows, and of whose omission no small outcome follows."""
    shown = [value for value, outcomes in counts.items() if outcomes.min() >= MIN_CELL]
    while shown:
        rest = totals - sum(counts[value] for value in shown)
        if not ((rest > 0) & (rest < MIN_CELL)).any():
            break
        shown.remove(min(shown, key=lambda value: (counts[value].sum(), value)))
    return shown


def _reference(attribute: str, value: str, outcomes: _Outcomes) -> GroupReference:
    hits, alarms, misses, rest = outcomes.tolist()
    return GroupReference(attribute, value, hits + alarms + misses + rest, hits + alarms, hits, alarms, misses)
