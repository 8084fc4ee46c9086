"""Selection of the missing fact that gives an answer most often per unit of cost.

For every missing feature, the row is assessed with each of the feature's typical values (quartiles of training, or the
categories). `resolves` is the share of these values with an answer. If no single fact gives an answer, a fact without
which the model never answers is suggested. At most `MAX_FACTS_TRIED` facts are tried, the cheapest first.
"""

import math
from collections.abc import Sequence

from vigil.prediction.engines.ensemble import MissingFact, Verdict
from vigil.prediction.engines.ensemble_runner import EnsembleRunner

MAX_FACTS_TRIED = 8


def suggest_missing_fact(runner: EnsembleRunner, row: Sequence[float], verdict: Verdict) -> MissingFact | None:
    """Return the fact to obtain first, or None if no missing fact would help."""
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
