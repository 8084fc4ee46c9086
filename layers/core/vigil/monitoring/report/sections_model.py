"""Sections of the health page, in the order of the report. Every `write_` function returns escaped markup."""

from collections.abc import Sequence

from vigil.monitoring.findings.model import Effect
from vigil.monitoring.findings.suppression_model import Estimate
from vigil.monitoring.report import figures_model as draw
from vigil.monitoring.report.markup_model import (
    NO_NUMBER,
    Figures,
    badge,
    table,
    write_count,
    write_estimate,
    write_number,
    write_share,
    write_text,
    write_times,
    write_words,
)
from vigil.monitoring.report.model import (
    Calibration,
    DriftRow,
    GroupRow,
    HealthReport,
    Part,
    Performance,
    Status,
    Trial,
    Volume,
    Week,
)
from vigil.monitoring.report.words_model import EFFECTS, MEASURES, SHARES

MAX_CHARTS = 40
"""Maximum features with a chart; the table has all of them."""


def write_status(status: Status) -> str:
    """Return the first section: the state in one line, the next steps, and the open findings."""
    steps = "".join(f"<li>{write_text(step)}</li>" for step in status.advice)
    findings = "".join(
        f"<p>{write_text(finding.text)} <span>Changed since {write_text(finding.since)}; "
        f"alarm on {write_text(finding.day)}; evidence {write_number(finding.e_value)}.</span></p>"
        for finding in status.findings
    )
    return (
        f'<section class="status {status.state}" aria-label="State"><h2>{write_text(status.headline)}</h2>'
        f"{findings}<ul>{steps}</ul></section>"
    )


def write_facts(report: HealthReport) -> str:
    """Return the section of the figures that a reader needs first: alarms with their budget, decisions, and the AUC."""
    budget, volume = report.budget, report.volume
    cards = [
        ("Alarms so far", str(budget.used), f"since {budget.since}; chance alone: {budget.expected_per_year:g} a year"),
        ("Decisions", write_count(volume.decisions), f"{volume.start} to {volume.end}"),
        ("Decisions monitored", write_share(volume.coverage), f"{write_count(volume.counted)} counted"),
        _auc_card(report),
    ]
    texts = (f"<div><dt>{a}</dt><dd>{write_text(b)}<small>{write_text(c)}</small></dd></div>" for a, b, c in cards)
    return f'<dl class="facts">{"".join(texts)}</dl>'


def _auc_card(report: HealthReport) -> tuple[str, str, str]:
    for performance, note in ((report.confirmed, "confirmed by outcomes"), (report.estimated, "estimated")):
        for measure in performance.measures if performance else ():
            if measure.name == "auc" and measure.estimate.value is not None:
                return "Ranking of people (AUC)", write_number(measure.estimate.value), note
    return "Ranking of people (AUC)", NO_NUMBER, "not known yet"


def write_volume(volume: Volume) -> str:
    """Return the section with the abstentions by reason, and the decisions without an engine's vote by engine."""
    return _section(
        "Abstentions and missing votes",
        '<div class="pair">' + _parts_table("Abstentions", "Reason", volume.abstained),
        _parts_table("Decisions without the vote of an engine", "Engine", volume.degraded) + "</div>",
    )


def _parts_table(caption: str, heading: str, parts: Sequence[Part]) -> str:
    rows = ([write_text(write_words(part.name)), _count(part.rows), write_share(part.share)] for part in parts)
    return table(caption, (heading, "Decisions", "Share"), rows)


def write_performance(estimated: Performance | None, confirmed: Performance | None) -> str:
    """Return the section on performance, as estimated now and as confirmed by outcomes, side by side."""
    columns = [each for each in (estimated, confirmed) if each is not None]
    names = dict.fromkeys(measure.name for each in columns for measure in each.measures)
    found = [{measure.name: measure.estimate for measure in each.measures} for each in columns]
    rows = (
        [MEASURES[name], *(write_estimate(each.get(name), is_share=name in SHARES) for each in found)] for name in names
    )
    headings = ["Measure", *(["Estimated now"] if estimated else []), *(["Confirmed by outcomes"] if confirmed else [])]
    return _section(
        "Performance",
        *([_estimated_note(estimated)] if estimated else []),
        *([_confirmed_note(confirmed)] if confirmed else ["<p>No decisions have confirmed outcomes yet.</p>"]),
        table("Measures with 95 % intervals", headings, rows),
    )


def _estimated_note(estimated: Performance) -> str:
    if estimated.is_withdrawn:
        return "<p>The estimate is withdrawn, because the model is no longer calibrated.</p>"
    start, end, rows = write_text(estimated.start), write_text(estimated.end), _count(estimated.rows)
    return f"<p>Estimated from {rows} decisions, {start} to {end}. It holds if the model is still calibrated.</p>"


def _confirmed_note(confirmed: Performance) -> str:
    start, end, rows = write_text(confirmed.start), write_text(confirmed.end), _count(confirmed.rows)
    return (
        f"<p>Confirmed by {rows} outcomes that were due from {start} to {end}, with {_count(confirmed.events)} events. "
        f"Overdue outcomes: {_count(confirmed.overdue)}.</p>"
    )


def write_calibration(figures: Figures, calibration: Calibration) -> str:
    """Return the section with the plot of calibration and its numbers; one sentence without any bins."""
    if not calibration.production and not calibration.reference:
        return _section("Calibration", "<p>Too few outcomes to compare probabilities with events.</p>")
    labelled = [(point, "Now") for point in calibration.production]
    labelled += [(point, "Test") for point in calibration.reference]
    rows = (
        [name, write_share(point.predicted), write_estimate(point.observed, is_share=True), _count(point.rows)]
        for point, name in labelled
    )
    numbers = table(
        "Now: outcomes in production. Test: the package's own test rows.",
        ("Data", "Predicted", "Observed", "Rows"),
        rows,
    )
    return _section("Calibration", f'<div class="pair">{draw.plot_calibration(figures, calibration)}{numbers}</div>')


def write_drift(figures: Figures, drift: Sequence[DriftRow]) -> str:
    """Return the section with the ranking of changes, its numbers, and the charts of at most 40 features."""
    if not drift:
        return _section("Changes in the data", "<p>No feature can be compared yet.</p>")
    charts = "".join(f"<div>{draw.plot_cells(figures, row)}{_cells_table(row)}</div>" for row in _charted(drift))
    return _section(
        "Changes in the data",
        '<div class="pair">' + draw.plot_ranking(figures, drift) + _DRIFT_NOTE + "</div>",
        _drift_table("Changes against the usual state", drift),
        f'<div class="many">{charts}</div>',
    )


_DRIFT_NOTE = (
    "<p>Each bar is the change of one feature, divided by the largest change that chance usually makes with so few or "
    "many rows. A red bar is an alarm. Long blue bars are worth a look, and need no action.</p>"
)


def _charted(drift: Sequence[DriftRow]) -> list[DriftRow]:
    return [row for row in drift if row.aspect == "values"][:MAX_CHARTS]


def _cells_table(row: DriftRow) -> str:
    """Return the numbers of a chart, folded up."""
    cells = zip(row.cells, row.window, row.baseline, strict=True)
    rows = "".join(
        f"<tr><th>{write_text(name)}</th><td>{_count(now)}</td><td>{_count(usual)}</td></tr>"
        for name, now, usual in cells
    )
    head = '<tr><th scope="col">Value</th><th scope="col">Now</th><th scope="col">Usual</th></tr>'
    return _folded("Rows", f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>")


def _drift_table(caption: str, drift: Sequence[DriftRow]) -> str:
    headings = ("Feature", "Change", "PSI", "Usual at most", "Times usual", "Evidence", "Since")
    return table(caption, headings, map(_drift_cells, drift))


def _drift_cells(row: DriftRow) -> list[str]:
    name = write_text(draw.name_of(row))
    return [
        f"{name} {badge('alarm', 'alarm')}" if row.is_alarm else name,
        _effect(row.effect),
        write_number(row.distance),
        write_number(row.threshold),
        write_times(row.strength),
        write_number(row.e_value),
        write_text(row.since or NO_NUMBER),
    ]


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return NO_NUMBER
    text = write_estimate(Estimate(effect.value, effect.low, effect.high))
    return EFFECTS.get(effect.measure, "{}").format(text)


def write_groups(figures: Figures, groups: Sequence[GroupRow], not_given: Sequence[Part]) -> str:
    """Return the section with the comparison of groups: a figure, then a table of all measures.

    The figure has the share of events that are flagged. The true-positive rate is the main measure, because a flag
    brings help.
    """
    if not groups:
        return _section("Groups of people", "<p>The model declares no groups, or no decision has any.</p>")
    main = [row for row in groups if row.measure == "true_positive_rate"]
    missing = [_parts_table("Decisions without a group", "Attribute", not_given)] if not_given else []
    return _section(
        "Groups of people",
        "<p>Each group is compared with all others. A ratio from 0.8 to 1.25 is tolerated.</p>",
        *([_GROUP_PAIR.format(draw.plot_groups(figures, main))] if any(row.ratio for row in main) else []),
        table("Groups", _GROUP_HEADINGS, map(_group_cells, groups)),
        *missing,
    )


_GROUP_PAIR = (
    '<div class="pair">{}<p>A flag brings help, so the main question is how many events each group has flagged. '
    "A point left of the green zone is a group that the model helps less often. A line that crosses the edge of the "
    "zone is insufficient: more people must be counted.</p></div>"
)
_GROUP_HEADINGS = ("Group", "Measure", "Decisions", "Group", "All others", "Ratio", "Verdict", "Rows needed")


def _group_cells(row: GroupRow) -> list[str]:
    write = write_number if row.measure == "calibration" else write_share
    needed = NO_NUMBER if row.rows_needed is None else f"about {row.rows_needed:,}"
    verdict = badge(row.verdict, row.verdict + (", alarm" if row.is_alarm else ""))
    shares = [write(row.rate), write(row.others_rate)]
    name = write_text(f"{row.attribute}: {row.group}")
    return [name, MEASURES[row.measure], _count(row.rows), *shares, write_estimate(row.ratio), verdict, needed]


def write_trend(figures: Figures, weeks: Sequence[Week]) -> str:
    """Return the section with the weekly lines and their numbers; alarms are marked."""
    if not weeks:
        return _section("Week by week", "<p>No full week yet.</p>")
    rows = (
        [
            write_text(week.start),
            _count(week.rows),
            write_share(week.flagged),
            write_share(week.abstained),
            _alarms(week),
        ]
        for week in weeks
    )
    lines = draw.plot_weeks(figures, "Decisions a week", weeks, lambda week: week.rows)
    lines += draw.plot_weeks(figures, "People flagged", weeks, lambda week: week.flagged)
    headings = ("Week from", "Decisions", "Flagged", "Abstained", "Alarms")
    return _section(
        "Week by week", f'<div class="pair">{lines}</div>', _folded("Numbers", table("Weeks", headings, rows))
    )


def _folded(summary: str, content: str) -> str:
    """Return content that a reader opens with a click; print shows it."""
    return f"<details><summary>{summary}</summary>{content}</details>"


def _alarms(week: Week) -> str:
    return badge("alarm", str(week.alarms)) if week.alarms else "0"


def write_training_shift(drift: Sequence[DriftRow]) -> str:
    """Return the section with the changes between training and the usual state in production; they never alarm."""
    note = "<p>Production differs from training from the first day on, so these changes never alarm.</p>"
    return _section("Shift since training", note, _drift_table("Shift since training", drift))


def write_trial(trial: Trial | None) -> str:
    """Return the section with the comparison of the challenger and this version; one sentence without a trial."""
    if trial is None:
        return _section("Challenger", "<p>No challenger has been compared on outcomes.</p>")
    words = {"better": "better than", "worse": "worse than", "undecided": "not yet different from"}[trial.verdict]
    difference = write_estimate(trial.brier_difference)
    cells = [_count(trial.rows), difference, *map(write_number, (trial.better, trial.worse))]
    return _section(
        "Challenger",
        f"<p>Version {trial.challenger} is {words} this version on the same outcomes that were due until "
        f"{write_text(trial.until)}. A change of the Brier score below 0 is better. Evidence of 20 decides.</p>",
        table("Challenger against this version", _TRIAL_HEADINGS, [[f"Version {trial.challenger}", *cells]]),
    )


_TRIAL_HEADINGS = ("Challenger", "Outcomes", "Change of the Brier score", "Evidence for better", "Evidence for worse")


def write_guidance(guidance: Sequence[str]) -> str:
    """Return the section on how to read the page: a list with one item for each sentence."""
    lines = "".join(f"<li>{write_text(line)}</li>" for line in guidance)
    return _section("How to read this page", f"<ul>{lines}</ul>")


def _section(title: str, *content: str) -> str:
    return f"<section><h2>{title}</h2>{''.join(content)}</section>"


def _count(rows: int | None) -> str:
    return write_text(write_count(rows))
