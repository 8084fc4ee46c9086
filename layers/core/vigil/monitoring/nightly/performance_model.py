"""Estimated performance of a window of days against the reference, for the words of findings of drift."""

from collections.abc import Sequence

from vigil.monitoring.drift.stories_model import Performance
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.monitoring.report.performance_facts_model import estimated_facts
from vigil.prediction.packages.reference_model import ScoreReference

AUC_TOLERANCE = 0.05
"""Tolerated fall of the area under the curve below that of the reference."""


def judge_estimate(window: Sequence[Profile], version: MonitoredVersion, *, is_calibrated: bool) -> Performance:
    """Return the estimated area under the curve (AUC) of a window as a word.

    `below`: the 95 % interval is wholly more than `AUC_TOLERANCE` below the AUC of the reference. `inside`: it is not.
    `unknown`: one of both numbers is missing. A package without a reference, and a reference without events, have no
    AUC. A window of fewer than 11 rows with a probability has no estimate, and `is_calibrated` False withdraws it.
    `window` is in the order of its days.
    """
    known = reference_auc(version.reference.scores) if version.reference else None
    facts = estimated_facts(window, version.contract, is_withdrawn=False) if known and is_calibrated else None
    found = next((each for each in facts.measures if each.name == "auc"), None) if facts else None
    if known is None or found is None or found.high is None:
        return "unknown"
    return "below" if found.high < known - AUC_TOLERANCE else "inside"


def reference_auc(scores: ScoreReference) -> float | None:
    """Return the area under the ROC curve of the held-out rows, from 0 to 1.

    Rows of one bin are ties, which count half. The result is None without events, or without rows that are not events.
    """
    events, rest = sum(scores.events), sum(scores.rows) - sum(scores.events)
    if not events or not rest:
        return None
    below = pairs = 0.0
    for rows, hits in zip(scores.rows, scores.events, strict=True):
        others = rows - hits
        pairs += hits * (below + others / 2)
        below += others
    return pairs / (events * rest)
