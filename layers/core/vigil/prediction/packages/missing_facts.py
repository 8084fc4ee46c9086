"""What to find out so that the model would answer: the missing fact that resolves most per unit of its cost.

For every missing feature the row is assessed again with each of its typical values (quartiles of training, or the
categories); `resolves` is the share of them with which there is an answer. A fact without which the model never answers
stands in where no single fact would do. At most `MOST_FACTS` are tried, the cheapest first.
"""

import math
from collections.abc import Sequence

from vigil.prediction.engines.ensemble import MissingFact, Verdict
from vigil.prediction.engines.ensemble_runner import EnsembleRunner

MAX_FACTS_TRIED = 8


def suggest_missing_fact(runner: EnsembleRunner, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
    """Return the fact to find out first, or None if no missing fact would help."""
    if verdict.degraded:
        return None
    specs = runner.contract.features
    typical = runner.contract.typical
    absent = [i for i, spec in enumerate(specs) if math.isnan(row[i]) and typical.get(spec.name)]
    tried = sorted(absent, key=lambda i: (specs[i].missing != "abstain", specs[i].cost))[:MAX_FACTS_TRIED]
    facts = [_fact(runner, row, place) for place in tried]
    helpful = [fact for fact in facts if fact.resolves] or [
        fact for fact, place in zip(facts, tried, strict=True) if specs[place].missing == "abstain"
    ]
    return max(helpful, key=lambda fact: (fact.resolves / fact.cost, -fact.cost), default=None)


def _fact(runner: EnsembleRunner, row: Sequence[float], place: int) -> MissingFact:
    spec = runner.contract.features[place]
    values = runner.contract.typical[spec.name]
    answered = sum(not runner.assess((*row[:place], value, *row[place + 1 :])).reasons for value in values)
    return MissingFact(spec.name, spec.label, spec.unit, spec.cost, answered / len(values))
