"""Findings of an alarm: the effect of its strongest sensor and a sentence for people."""

import math
from collections.abc import Mapping, Sequence
from datetime import date

from vigil.kernel.time import format_day
from vigil.monitoring.drift.cells_model import compared_cells, split_cells
from vigil.monitoring.drift.detectors_model import Reading
from vigil.monitoring.drift.effects_model import measure_distances, measure_odds, measure_shift
from vigil.monitoring.drift.stories_model import Alarm, Change, Story
from vigil.monitoring.findings.evidence_model import from_log
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.profiles.model import Source

MAX_NAMES = 3
"""Maximum features that a text names; the finding has all of them."""
_CHANGES: Mapping[Change, str] = {
    "missing_more": "missing more often",
    "missing_less": "missing less often",
    "constant": "nearly constant or in another unit",
    "moved": "distributed differently",
    "engine": "failing more often",
}
_STEPS = {
    "fix_feed": "Check the source of these values; the model needs no retraining.",
    "watch": "Watch the model, and start a new baseline once the change is understood.",
    "collect_labels": "Estimated performance is below its band: collect outcomes before a retraining.",
    "review": "Review the engine's errors: answers are degraded.",
}


def write_finding(alarm: Alarm, story: Story, log_evidence: float, day: int, origin: tuple[int, Source]) -> Finding:
    """Return the finding of a story of an alarm on the day `day` (`date.toordinal`).

    `log_evidence` is the natural logarithm of the family's evidence; `Finding.e_value` is the evidence with two digits.
    `origin` is the version and the source.
    """
    leader = alarm.readings[story.places[0]]
    effect = main_effect(leader)
    subjects = tuple(dict.fromkeys(alarm.readings[place].sensor.subject for place in story.places))
    since = format_day(date.fromordinal(leader.state.since or day))
    return Finding(
        version=origin[0],
        source=origin[1],
        family=alarm.family,
        kind=story.kind,
        subjects=subjects,
        day=format_day(date.fromordinal(day)),
        since=since,
        effect=effect,
        e_value=float(f"{from_log(log_evidence):.2g}"),
        recommendation=story.recommendation,
        text=_text(leader, story, subjects, since, effect),
    )


def main_effect(reading: Reading) -> Effect:
    """Return the effect that the strongest bet is about, measured over the recent rows.

    The effect is a shift or a total variation for numbers, and an odds ratio for others. With too few rows to show it,
    the effect is the tolerated edge in the direction of the bet. This edge has no interval, and the true effect is
    probably larger. Raises ValueError if the sensor has no evidence.
    """
    bet = reading.plan.bets[reading.strongest]
    sensor, state = reading.sensor, reading.state
    if sensor.kind == "number":
        cells = compared_cells("number", state.recent, state.baseline)
        if cells and bet.statistic == 0 and (shift := measure_shift(cells, state.dispersion)):
            return shift
        if cells:
            return Effect("total_variation", measure_distances(cells).total_variation.value)
        return Effect("mean_shift_sd", _edge(reading))
    part = {cell for cell, score in enumerate(reading.plan.scores[bet.statistic]) if score}
    split = split_cells(state.recent, state.baseline, part)
    return (
        measure_odds(split, state.dispersion)
        if split
        else Effect("odds_ratio", float(f"{from_log(_edge(reading)):.3g}"))
    )


def _edge(reading: Reading) -> float:
    bet = reading.plan.bets[reading.strongest]
    return float(f"{math.copysign(reading.plan.edges[bet.statistic], bet.slope):.3g}")


def _text(leader: Reading, story: Story, subjects: Sequence[str], since: str, effect: Effect) -> str:
    verb = "is" if len(subjects) == 1 else "are"
    size = {
        "mean_shift_sd": f"its mean moved by {effect.value:+.2g} standard deviations",
        "odds_ratio": f"its odds are {effect.value:.2g} times the former ones",
        "total_variation": f"{100 * effect.value:.2g} % of its rows are elsewhere",
    }[effect.measure]
    first = "" if len(subjects) == 1 else f"{leader.sensor.subject}: "
    return (
        f"{_names(subjects)} {verb} {_CHANGES[story.change]} than in the baseline since about {since} "
        f"({first}{size}). {_STEPS[story.recommendation]}"
    )


def _names(subjects: Sequence[str]) -> str:
    shown, hidden = list(subjects[:MAX_NAMES]), len(subjects) - MAX_NAMES
    if hidden > 0:
        return f"{len(subjects)} features ({', '.join(shown)} and {hidden} more)"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
