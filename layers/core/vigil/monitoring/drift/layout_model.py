"""Layout of a model version: the sensors of its features and predictions, and their cells in a profile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from vigil.errors import DamagedData
from vigil.monitoring.findings.model import Family
from vigil.monitoring.profiles.model import SCORE_BINS, Profile
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import ABSTAIN, UNKNOWN_BAND, AbstentionReason
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.reference_model import FeatureReference, Reference

Counts: TypeAlias = tuple[int, ...]
"""Rows per cell of a sensor."""
SensorKind = Literal["number", "levels", "share"]
"""Kind of a sensor: ordered bins, unordered levels, or a share with two cells: rows with a property, and without."""
Aspect = Literal["values", "missing", "score", "bands", "decisions", "abstention", "engine"]
"""Aspect of a subject that a sensor counts. `missing`, `abstention` and `engine` are shares."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Names and bins that the profiles of one model version count.

    `features` come from the signed reference, in the order of the contract. Without a reference, their counts are 0;
    then only the baseline from production is used. The other members are the names that the contract allows, including
    `unknown` and `abstain`. Rows with another band or decision are counted together.
    """

    features: tuple[FeatureReference, ...]
    bands: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    abstention_reasons: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sensor:
    """Counts that drift detection can watch. Sensors of one subject share its weight in the family.

    `subject` is a feature, `score`, `bands`, `decisions`, a reason such as `abstention missing`, or `engine linear`.
    Findings and reports have the same names. `expected` has the counts of the reference by cell; they are 0 without a
    reference. `wobble` is in standard deviations of a number or of an indicator of a level, and in natural log-odds for
    a share. A sensor that is not `watched` never alarms.
    """

    family: Family
    subject: str
    aspect: Aspect
    kind: SensorKind
    expected: Counts
    wobble: float = 0.0
    watched: bool = True


def profile_layout(contract: ModelContract, reference: Reference | None) -> Layout:
    """Return the layout of a model version from its package.

    A package of format 2 has no reference. A number then has the typical values of the contract as edges, or a single
    bin.
    """
    features = reference.features if reference else tuple(_plain(spec, contract) for spec in contract.features)
    reasons = [reason for reason in get_args(AbstentionReason) if contract.abstention or reason != "low_confidence"]
    return Layout(
        features=features,
        bands=(*(band.name for band in contract.bands), UNKNOWN_BAND),
        decisions=tuple(dict.fromkeys((*(band.decision for band in contract.bands), ABSTAIN))),
        abstention_reasons=tuple(reasons),
        engines=tuple(engine.name for engine in contract.engines),
    )


def sensors(layout: Layout) -> tuple[Sensor, ...]:
    """Return the sensors of a layout: for each feature, one of its values and then one of its missing values.

    The sensors of the answers follow: score, bands, decisions, reasons for abstention, and degraded engines.
    """
    return (*_feature_sensors(layout.features), *_answer_sensors(layout))


def count_cells(layout: Layout, profile: Profile) -> tuple[Counts, ...]:
    """Return the counts of a profile by cell for each sensor, in the order of `sensors`.

    Raises DamagedData if the profile has another number of features, or of bins of a feature, than the layout.
    """
    widths = [len(feature.counts) for feature in layout.features]
    is_known = all(mask >> len(widths) == 0 for mask in profile.missing_patterns)
    if [len(feature.counts) for feature in profile.features] != widths or not is_known:
        raise DamagedData(
            f"the {len(widths)} features of profile {profile.day} must have {widths} cells, as in the layout of their "
            "model version; count the day again with this version"
        )
    cells: list[Counts] = []
    for feature in profile.features:
        cells += [feature.counts, (feature.missing, sum(feature.counts))]
    rows, share = profile.counted, _share
    return (
        *cells,
        profile.scores.rows,
        _levels(profile.bands, layout.bands),
        _levels(profile.decisions, layout.decisions),
        *(share(profile.abstention_reasons.get(reason, 0), rows) for reason in layout.abstention_reasons),
        *(share(profile.degraded_engines.get(engine, 0), rows) for engine in layout.engines),
    )


def missing_sensor(feature: int) -> int:
    """Return the place in `sensors` of the sensor of missing values of a feature, given by its place."""
    return 2 * feature + 1


def _plain(spec: FeatureSpec, contract: ModelContract) -> FeatureReference:
    """Return the cells of a feature without counts; only the baseline from production is used then."""
    edges: tuple[float, ...] = ()
    if spec.type in {"number", "integer"}:
        edges = tuple(sorted({value for value in contract.typical.get(spec.name, ()) if value != spec.minimum}))
    cells = len(edges) + 1 if spec.type in {"number", "integer"} else len(spec.categories) or 2
    return FeatureReference(spec.name, "input", edges, (0,) * cells, 0)


def _feature_sensors(features: Sequence[FeatureReference]) -> Iterator[Sensor]:
    for each in features:
        kind: SensorKind = "number" if each.edges else "levels"
        is_input = each.role in {"input", "process"}
        yield Sensor("covariates", each.name, "values", kind, each.counts, each.mean_wobble, is_input)
        split = (each.missing, sum(each.counts))
        is_watched = each.role != "calendar"
        yield Sensor("covariates", each.name, "missing", "share", split, each.missing_wobble, is_watched)


def _answer_sensors(layout: Layout) -> Iterator[Sensor]:
    yield Sensor("predictions", "score", "score", "number", (0,) * SCORE_BINS)
    yield Sensor("predictions", "bands", "bands", "levels", (0,) * (len(layout.bands) + 1))
    yield Sensor("predictions", "decisions", "decisions", "levels", (0,) * (len(layout.decisions) + 1))
    for reason in layout.abstention_reasons:
        yield Sensor("predictions", f"abstention {reason}", "abstention", "share", (0, 0))
    for engine in layout.engines:
        yield Sensor("predictions", f"engine {engine}", "engine", "share", (0, 0))


def _levels(found: Mapping[str, int], names: Sequence[str]) -> Counts:
    """Return the rows by name, and the rows with any other name as the last cell."""
    known = tuple(found.get(name, 0) for name in names)
    return (*known, sum(found.values()) - sum(known))


def _share(part: int, rows: int) -> Counts:
    return part, rows - part
