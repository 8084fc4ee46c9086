"""Checks of a reference: it fits the contract, its sums agree, and each published cell has enough rows."""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import UNKNOWN_BAND
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.reference_model import (
    MAX_BINS,
    MAX_WOBBLE,
    MIN_CELL,
    FeatureReference,
    GroupReference,
    Reference,
    ScoreReference,
)

_TOO_SMALL = f"must be at least {MIN_CELL}, because fewer rows could identify a person; pool or omit it"
_NOT_RISING = "must be finite and rise"


def find_problem(reference: Reference, contract: ModelContract) -> str | None:
    """Return a text with the first invalid member of a reference and the rule that it breaks; None if all are valid."""
    return next(_problems(reference, contract), None)


def _problems(reference: Reference, contract: ModelContract) -> Iterator[str]:
    yield from _totals(reference)
    names = [feature.name for feature in reference.features]
    if names != [spec.name for spec in contract.features]:
        yield "features must name the features of the contract, in its order"
        return
    for place, (feature, spec) in enumerate(zip(reference.features, contract.features, strict=True)):
        for problem in _feature(feature, spec, reference.rows):
            yield f"features[{place}] ({spec.name}): {problem}"
    yield from _scores(reference.scores, reference.rows)
    yield from _bands(reference, {band.name for band in contract.bands})
    yield from _groups(reference, contract)


def _totals(reference: Reference) -> Iterator[str]:
    if reference.rows < MIN_CELL:
        yield f"rows {_TOO_SMALL}"
    if not MIN_CELL <= reference.subjects <= reference.rows:
        yield f"subjects must be between {MIN_CELL} and the {reference.rows} rows"
    if (reference.start is None) != (reference.end is None):
        yield "start and end must both be days, or both be null"
    if reference.start is None or reference.end is None:
        return
    try:
        is_ordered = date.fromisoformat(reference.start) <= date.fromisoformat(reference.end)
    except ValueError:
        is_ordered = False
    if not is_ordered:
        yield "start and end must be days such as 2021-03-01, and start must not be after end"


def _feature(feature: FeatureReference, spec: FeatureSpec, rows: int) -> Iterator[str]:
    is_number = spec.type in {"number", "integer"}
    if feature.edges and not is_number:
        yield f"edges must be empty, because the feature is a {spec.type}"
    if not _is_rising(feature.edges):
        yield f"edges {_NOT_RISING}"
    cells = len(feature.edges) + 1 if is_number else len(spec.categories) or 2
    if len(feature.counts) != cells or (is_number and cells > MAX_BINS):
        yield f"counts must have {min(cells, MAX_BINS) if is_number else cells} cells"
    for name, count in (*_numbered("counts", feature.counts), ("missing", feature.missing)):
        if count != 0 and count < MIN_CELL:
            yield f"{name} must be 0 or at least {MIN_CELL}; count the rows of smaller cells in the largest one"
    if sum(feature.counts) + feature.missing != rows:
        yield f"the sum of counts and missing must be the {rows} rows of the reference"
    for name, wobble in (("mean_wobble", feature.mean_wobble), ("missing_wobble", feature.missing_wobble)):
        if not 0 <= wobble <= MAX_WOBBLE:
            yield f"{name} must be a number from 0 to {MAX_WOBBLE:,}"


def _scores(scores: ScoreReference, rows: int) -> Iterator[str]:
    columns = scores.rows, scores.events, scores.expected
    if not any((scores.edges, *columns)):
        return
    if not _is_rising(scores.edges):
        yield f"scores.edges {_NOT_RISING}"
    if {len(column) for column in columns} != {len(scores.edges) + 1}:
        yield f"scores.rows, scores.events and scores.expected must each have {len(scores.edges) + 1} bins"
        return
    for place, (count, events, expected) in enumerate(zip(*columns, strict=True)):
        if min(events, count - events) < MIN_CELL:
            yield f"scores.events[{place}] {_TOO_SMALL}, and so must the other rows of the bin"
        if not 0 <= expected <= count:
            yield f"scores.expected[{place}] must be between 0 and the {count} rows of the bin"
    if sum(scores.rows) != rows:
        yield f"the sum of scores.rows must be the {rows} rows of the reference"


def _bands(reference: Reference, names: set[str]) -> Iterator[str]:
    for name, count in reference.bands.items():
        if name not in names | {UNKNOWN_BAND}:
            yield f"bands.{name[:64]} must be a band of the contract, or {UNKNOWN_BAND}"
        if count < MIN_CELL:
            yield f"bands.{name[:64]} {_TOO_SMALL}"
    if sum(reference.bands.values()) != reference.rows:
        yield f"the sum of bands must be the {reference.rows} rows of the reference"


def _groups(reference: Reference, contract: ModelContract) -> Iterator[str]:
    declared = {(group.name, value) for group in contract.groups for value in group.values}
    for place, group in enumerate(reference.groups):
        for problem in _group(group, declared):
            yield f"groups[{place}]{problem}"
    named = [(group.attribute, group.value) for group in reference.groups]
    if len(set(named)) != len(named):
        yield "groups must name each value of an attribute once"
    events = sum(reference.scores.events) or None
    for attribute in dict.fromkeys(group.attribute for group in reference.groups):
        own = [group for group in reference.groups if group.attribute == attribute]
        rest = [reference.rows - sum(group.rows for group in own)]
        if events is not None:
            rest.append(events - sum(group.true_positives + group.false_negatives for group in own))
        if any(count != 0 and count < MIN_CELL for count in rest):
            yield f"groups of {attribute[:64]} must leave 0 or at least {MIN_CELL} rows and events to omitted values"


def _group(group: GroupReference, declared: set[tuple[str, str]]) -> Iterator[str]:
    if (group.attribute, group.value) not in declared:
        yield " must have an attribute and a value of the contract's groups"
    others = group.rows - group.true_positives - group.false_positives - group.false_negatives
    if min(group.true_positives, group.false_positives, group.false_negatives, others) < MIN_CELL:
        yield f" must be omitted, because one of its four outcomes has fewer than {MIN_CELL} rows"
    if group.flagged != group.true_positives + group.false_positives:
        yield ".flagged must be the sum of true_positives and false_positives"


def _numbered(name: str, counts: Sequence[int]) -> list[tuple[str, int]]:
    return [(f"{name}[{place}]", count) for place, count in enumerate(counts)]


def _is_rising(edges: Sequence[float]) -> bool:
    return all(map(math.isfinite, edges)) and all(low < high for low, high in pairwise(edges))
