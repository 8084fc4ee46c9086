"""Evidence that a challenger is better or worse than the champion, from outcomes: a betting e-process.

The difference of squared errors of each subject is a bet. Evidence exceeds 20 with a probability of at most 5 % if the
challenger is not better, however often one looks, so a trial may stop at any time (Ramdas et al., 2023).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vigil.prediction.trials.intervals_model import MeanInterval, mean_interval

STAKES = (0.1, 0.25, 0.5, 0.9)
"""Parts of the evidence that are bet on each subject; the evidence is the mean over them."""
DECISIVE = 20.0
"""Evidence that decides a trial."""
MAX_EVIDENCE = 1e6
"""Largest evidence that is reported."""
MIN_LABELLED = 11
"""Minimum labelled subjects of a report; fewer could identify a person."""

TrialVerdict = Literal["better", "worse", "undecided"]
"""Verdict on the challenger."""


@dataclass(frozen=True, slots=True)
class DecisionLabel:
    """Label of a decision. `occurred` is None if there is no label by definition, as after a transfer.

    `treated` is True if the subject was helped because of the score.
    """

    occurred: bool | None
    treated: bool = False


@dataclass(frozen=True, slots=True)
class DuePair:
    """Probabilities of champion and challenger for a decision whose label is due; `due_at` is ISO 8601 in UTC."""

    decision: str
    subject: str
    due_at: str
    champion: float
    challenger: float


@dataclass(frozen=True, slots=True)
class TrialEvidence:
    """Evidence for and against the challenger, of `labelled` subjects; null below 11 subjects.

    `brier_difference` is the Brier score (mean squared error) of the challenger minus that of the champion: below 0,
    the challenger is better.
    """

    verdict: TrialVerdict
    labelled: int | None
    better: float | None
    worse: float | None
    brier_difference: MeanInterval | None


def weigh_outcomes(pairs: Iterable[DuePair], labels: Mapping[str, DecisionLabel]) -> TrialEvidence:
    """Return the evidence of these decisions.

    Each subject counts once, with the decision whose label was due first, because labels of one person depend on each
    other. Treated, excluded and overdue decisions are left out.
    """
    gained = {
        pair.subject: _gain(pair, label.occurred)
        for pair, label in _first_labelled(pairs, labels)
        if label.occurred is not None
    }
    gains = list(gained.values())
    if len(gains) < MIN_LABELLED:
        return TrialEvidence("undecided", None, None, None, None)
    better, worse = _evidence(gains), _evidence([-gain for gain in gains])
    verdict: TrialVerdict = "better" if better >= DECISIVE else "worse" if worse >= DECISIVE else "undecided"
    return TrialEvidence(verdict, len(gains), better, worse, mean_interval([-gain for gain in gains], list(gained)))


def first_due(pairs: Iterable[DuePair]) -> list[DuePair]:
    """Return the decision of each subject whose label was due first, in the order of due times."""
    first: dict[str, DuePair] = {}
    for pair in sorted(pairs, key=lambda each: (each.due_at, each.decision)):
        first.setdefault(pair.subject, pair)
    return list(first.values())


def _first_labelled(
    pairs: Iterable[DuePair], labels: Mapping[str, DecisionLabel]
) -> list[tuple[DuePair, DecisionLabel]]:
    return [
        (pair, label)
        for pair in first_due(pairs)
        if (label := labels.get(pair.decision)) is not None and not label.treated
    ]


def _gain(pair: DuePair, occurred: bool) -> float:
    """Return the squared error of the champion minus that of the challenger; from -1 to 1."""
    return (pair.champion - occurred) ** 2 - (pair.challenger - occurred) ** 2


def _evidence(gains: Sequence[float]) -> float:
    logs = [math.fsum(math.log1p(stake * gain) for gain in gains) for stake in STAKES]
    most = max(logs)
    log = most + math.log(math.fsum(math.exp(each - most) for each in logs) / len(logs))
    return math.exp(min(log, math.log(MAX_EVIDENCE)))
