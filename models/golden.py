"""Selection of golden rows: their answers are packaged with a model, so that deviating engines are refused."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.training import Floats
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import Verdict

GOLDEN_ROWS = 32


def select_golden_rows(
    contract: ModelContract, rows: Floats, verdicts: Sequence[Verdict]
) -> tuple[Mapping[str, FeatureValue], ...]:
    """Return about 32 named rows that together cover every category, missing value, band, reason and rule that occurs.

    Held-out rows come first: a greedy cover, then an even spread over probabilities. Values that never occur in them
    are added as variants of the first row.
    """
    real = [contract.decode(rows[i].tolist()) for i in _cover(contract, rows, verdicts)]
    return (*real, *_unseen(contract, real))


def _cover(contract: ModelContract, rows: Floats, verdicts: Sequence[Verdict]) -> list[int]:
    chance = np.array([verdict.probability or 0.0 for verdict in verdicts])
    facets = [_facets(contract, row, verdict) for row, verdict in zip(rows.tolist(), verdicts, strict=True)]
    uncovered, chosen = set().union(*facets), list[int]()
    while uncovered:
        best = max(range(len(facets)), key=lambda i: len(facets[i] & uncovered))
        uncovered -= facets[best]
        chosen.append(best)
    by_chance = np.argsort(chance, kind="stable")
    for i in by_chance[np.linspace(0, len(rows) - 1, GOLDEN_ROWS).astype(int)].tolist():
        if len(chosen) < GOLDEN_ROWS and i not in chosen:
            chosen.append(i)
    return chosen


def _facets(contract: ModelContract, row: Sequence[float], verdict: Verdict) -> set[tuple[str, object]]:
    shown: set[tuple[str, object]] = {("band", verdict.band), *(("reason", reason) for reason in verdict.reasons)}
    shown |= {("evidence", evidence.code) for vote in verdict.votes.values() for evidence in vote.evidence}
    if verdict.probability is not None:
        shown.add(("probability", contract.band_for(verdict.probability).name))
    for spec, value in zip(contract.features, row, strict=True):
        decoded = spec.decode(value)
        if decoded is None or spec.type in {"category", "boolean"}:
            shown.add((spec.name, decoded))
    return shown


def _unseen(
    contract: ModelContract, shown: Sequence[Mapping[str, FeatureValue]]
) -> Iterator[Mapping[str, FeatureValue]]:
    for spec in contract.features:
        seen = {row[spec.name] for row in shown}
        for category in spec.categories:
            if category not in seen:
                yield {**shown[0], spec.name: category}
    if optional := [spec.name for spec in contract.features if spec.missing != "refuse"]:
        yield {**shown[0], **dict.fromkeys(optional)}
