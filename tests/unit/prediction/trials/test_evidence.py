"""Evidence of outcomes for and against a challenger: errors, power, and the decisions that count."""

import math

import numpy as np
import pytest

from vigil.prediction.trials.evidence_model import MAX_EVIDENCE, STAKES, DecisionLabel, DuePair, weigh_outcomes
from vigil.prediction.trials.intervals_model import MeanInterval


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def pair(number, champion=0.2, challenger=0.3, subject=None, due="2026-01-01"):
    return DuePair(f"acme#{number}", subject or f"s-{number}", due, champion, challenger)


def world(seed, rows, noise, better):
    """Return evidence of a model that sees the truth, and of one whose log-odds have noise."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.0, rows)
    labels = rng.random(rows) < sigmoid(odds)
    noisy = [sigmoid(odds + rng.normal(0, noise, rows)) for _ in range(2)]
    champion, challenger = (noisy[0], sigmoid(odds)) if better else (noisy[0], noisy[1])
    pairs = [
        pair(n, float(a), float(b), due=f"{n:06}") for n, (a, b) in enumerate(zip(champion, challenger, strict=True))
    ]
    return pairs, {f"acme#{n}": DecisionLabel(bool(label)) for n, label in enumerate(labels)}


def swapped(pairs):
    return [DuePair(p.decision, p.subject, p.due_at, p.challenger, p.champion) for p in pairs]


def test_better_challengers_are_declared_and_worse_ones_too():
    worlds = [world(seed, 3000, 1.0, better=True) for seed in range(8)]
    assert [weigh_outcomes(*each).verdict for each in worlds] == ["better"] * 8
    assert [weigh_outcomes(swapped(pairs), labels).verdict for pairs, labels in worlds] == ["worse"] * 8


def test_equal_challengers_are_seldom_declared_at_any_look():
    wrong = 0
    for seed in range(60):
        pairs, labels = world(seed, 800, 0.6, better=False)
        looks = (weigh_outcomes(pairs[:end], labels).verdict for end in range(50, 801, 150))
        wrong += any(look != "undecided" for look in looks)
    assert wrong <= 6  # each side may err in 5 % of the trials


def test_evidence_equals_the_mean_of_the_bets():
    pairs = [pair(n) for n in range(12)]
    labels = {p.decision: DecisionLabel(n < 6) for n, p in enumerate(pairs)}
    gains = [(0.2 - (n < 6)) ** 2 - (0.3 - (n < 6)) ** 2 for n in range(12)]
    expected = sum(math.prod(1 + stake * gain for gain in gains) for stake in STAKES) / len(STAKES)
    found = weigh_outcomes(pairs, labels)
    assert found.better == pytest.approx(expected)
    assert found.brier_difference == MeanInterval(pytest.approx(-sum(gains) / 12), None, None)
    assert found.verdict == "undecided"


def test_a_better_challenger_has_a_difference_below_0():
    found = weigh_outcomes(*world(1, 3000, 1.0, better=True))
    assert found.brier_difference.low < found.brier_difference.mean < found.brier_difference.high < 0
    opposite = weigh_outcomes(swapped(world(1, 3000, 1.0, better=True)[0]), world(1, 3000, 1.0, better=True)[1])
    assert opposite.brier_difference.mean == pytest.approx(-found.brier_difference.mean)


def test_treated_excluded_and_overdue_decisions_do_not_count():
    pairs = [pair(n) for n in range(40)]
    labels = {p.decision: DecisionLabel(True) for p in pairs[:12]}
    expected = weigh_outcomes(pairs, labels)
    labels |= {p.decision: DecisionLabel(True, treated=True) for p in pairs[12:20]}
    labels |= {p.decision: DecisionLabel(None) for p in pairs[20:30]}
    assert weigh_outcomes(pairs, labels) == expected
    assert expected.labelled == 12


def test_each_subject_counts_once_with_the_first_due_label():
    pairs = [pair(n) for n in range(11)]
    later = [pair(100 + n, 0.9, 0.1, subject="s-0", due="2026-02-01") for n in range(50)]
    labels = {p.decision: DecisionLabel(True) for p in (*pairs, *later)}
    assert weigh_outcomes([*later, *pairs], labels) == weigh_outcomes(pairs, labels)


def test_few_subjects_show_nothing():
    pairs = [pair(n) for n in range(10)]
    found = weigh_outcomes(pairs, {p.decision: DecisionLabel(True) for p in pairs})
    assert (found.verdict, found.labelled, found.better, found.brier_difference) == ("undecided", None, None, None)


def test_overwhelming_evidence_stays_finite():
    pairs = [pair(n, 1.0, 0.0) for n in range(2000)]
    found = weigh_outcomes(pairs, {p.decision: DecisionLabel(False) for p in pairs})
    assert found.verdict == "better"
    assert found.better == pytest.approx(MAX_EVIDENCE)
    assert found.worse >= 0
