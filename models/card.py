"""Model cards in Markdown: intended use, limits and performance of a model (Mitchell et al., 2019)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.evaluation import MIN_GROUP_ROWS, Estimate, GroupRow
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.features.quantities import format_exact


@dataclass(frozen=True, slots=True)
class CardText:
    """The hand-written parts of a card; `first_line` is its first line."""

    first_line: str
    intended_use: Sequence[str]
    not_for: Sequence[str]
    data: Sequence[str]
    bands: str
    limits: Sequence[str]


def render_card(
    contract: ModelContract,
    prose: CardText,
    estimates: Mapping[str, Estimate],
    groups: Sequence[GroupRow],
    never_missing: Sequence[int],
) -> str:
    """Return the card of a model; `never_missing` are positions of features, as in `EnsembleRunner`."""
    training = contract.training
    rows = format_exact(training.rows, "training rows", "training row")
    sections = [
        prose.first_line,
        f"# Model card: {contract.name}",
        _bullets("Intended use", prose.intended_use),
        _bullets("Not for", prose.not_for),
        _bullets(
            "Data",
            [*prose.data, f"{rows}, SHA-256 `{training.sha256}`. {training.description}"],
        ),
        _missing([contract.features[place].label for place in never_missing]),
        _label(contract),
        _metrics(estimates),
        _bands(contract, prose.bands),
        _engines(contract),
        _abstention(contract),
        _groups(groups),
        _bullets("Limits", prose.limits),
    ]
    return "\n\n".join(sections) + "\n"


def _bullets(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines)


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _missing(labels: Sequence[str]) -> str:
    lines = ["Every feature that may be missing was missing in training too."]
    if labels:
        warning = "An answer without one of these has the warning `never_missing_in_training`"
        lines = [f"{warning}, because every row of the training had it: {', '.join(labels)}."]
    return _bullets("Missing values", lines)


def _label(contract: ModelContract) -> str:
    label = contract.label
    given = {"grace period": label.grace_days, "horizon": label.horizon_days}
    parameters = [f"{name}: {format_exact(days, 'days', 'day')}" for name, days in given.items() if days is not None]
    return _bullets("Label passport", [f"`{label.name}`, version {label.version}", label.definition, *parameters])


def _metrics(estimates: Mapping[str, Estimate]) -> str:
    rows = [(name.replace("_", " "), str(estimate)) for name, estimate in estimates.items()]
    return _table("Performance on held-out rows", ("measure", "value (95 % interval)"), rows)


def _bands(contract: ModelContract, how: str) -> str:
    rows = [(band.name, f"{band.lower:g}", band.decision) for band in contract.bands]
    return _table("Bands", ("band", "from probability", "decision"), rows) + f"\n\n{how}"


def _engines(contract: ModelContract) -> str:
    ensemble = contract.ensemble
    rows = [
        (spec.name, spec.kind, str(len(contract.engine_features(spec))), f"{ensemble.weights.get(spec.name, 0):.3f}")
        for spec in contract.engines
    ]
    table = _table("Engines", ("engine", "kind", "features", "weight"), rows)
    return (
        f"{table}\n\nPolicy on disagreement: {ensemble.policy}. Positive from probability {ensemble.positive_from:g}."
    )


def _abstention(contract: ModelContract) -> str:
    rule, metrics = contract.abstention, contract.metrics
    lines = ["No threshold could be certified: every answer is marked `no_calibration`."]
    if rule:
        what = "negative answers" if rule.harm == "missed" else "answers"
        lines = [
            f"Of the {what} given, at most {rule.alpha:g} are in error, with confidence {1 - rule.delta:g}.",
            f"Method: fixed-sequence Clopper-Pearson; upper bound found: {rule.accepted_error_bound:.4f}.",
            f"Threshold on the error probability: {rule.threshold:.4f}, which accepts {rule.coverage:.3f} of the rows.",
        ]
    figures = [f"{name.replace('_', ' ')}: {metrics[name]:.4f}" for name in sorted(metrics) if _is_abstention(name)]
    return _bullets("Abstention", [*lines, *(f"Held-out {figure}" for figure in figures)])


def _is_abstention(name: str) -> bool:
    return name in {"coverage", "abstention_rate", "accepted_error"} or name.startswith("abstained_")


def _groups(groups: Sequence[GroupRow]) -> str:
    rows = [
        (
            g.group,
            _count(g.rows),
            *map(
                _figure,
                (g.event_rate, g.mean_probability, g.auc, g.coverage, None if g.coverage is None else 1 - g.coverage),
            ),
        )
        for g in groups
    ]
    header = ("group", "rows", "event rate", "mean probability", "AUC", "coverage", "abstention rate")
    table = _table("By group, held-out rows", header, rows)
    return (
        f"{table}\n\nn/a: fewer than {MIN_GROUP_ROWS} rows in total or in one class. Within a band, AUC has no meaning."
    )


def _count(rows: int) -> str:
    return format_exact(rows) if rows >= MIN_GROUP_ROWS else f"< {MIN_GROUP_ROWS}"


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
