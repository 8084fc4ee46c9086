"""Golden vectors: what a package must answer for known rows, on every machine that loads it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vigil.errors import InvalidInput, ModelRefused
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.votes import EngineVote, Vote

GOLDEN_TOLERANCE = 1e-9
"""Allowed where last bits differ between C libraries: contributions, logarithms. LightGBM's raw scores are exact."""


@dataclass(frozen=True, slots=True)
class GoldenVote:
    """What one engine says of a row; `contributions` and `base` are empty and None where it cannot be explained."""

    vote: Vote
    raw: float | None
    probability: float | None
    veto: str | None
    out_of_domain: bool
    evidence: tuple[str, ...]
    contributions: tuple[float, ...]
    base: float | None


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One known row: named values, as the engines see it (None for NaN), and all that comes out."""

    features: Mapping[str, FeatureValue]
    row: tuple[float | None, ...]
    votes: Mapping[str, GoldenVote]
    probability: float | None
    band: str
    decision: str
    reasons: tuple[str, ...]


def compute_golden_row(
    contract: ModelContract, runner: EnsembleRunner, features: Mapping[str, FeatureValue]
) -> GoldenRow:
    """Return what these engines answer for one row of named values.

    Raises InvalidInput if the values break the schema, ModelRefused if an engine fails or gives no finite number.
    """
    row = contract.encode(features)
    verdict = runner.assess(row)
    if set(verdict.votes) != runner.engine_names:
        raise ModelRefused("golden_mismatch", "an engine fails on a golden row")
    votes = {name: _vote(runner, name, vote, row) for name, vote in verdict.votes.items()}
    encoded = tuple(None if math.isnan(x) else x for x in row)
    return GoldenRow(features, encoded, votes, verdict.probability, verdict.band, verdict.decision, verdict.reasons)


def check_golden_rows(contract: ModelContract, runner: EnsembleRunner, expected: Iterable[GoldenRow]) -> None:
    """Run every golden row; raise ModelRefused at the first that the schema or an engine answers otherwise.

    Of a runner that is not whole, only the engines that are there are asked.
    """
    for number, golden in enumerate(expected):
        try:
            actual = compute_golden_row(contract, runner, golden.features)
        except InvalidInput as error:
            raise ModelRefused("schema_mismatch", f"golden row {number} breaks the feature schema") from error
        if actual.row != golden.row:
            raise ModelRefused("schema_mismatch", f"golden row {number} is encoded otherwise")
        if broken := _difference(golden, actual, runner):
            raise ModelRefused("golden_mismatch", f"golden row {number} has another {broken}")


def _vote(runner: EnsembleRunner, name: str, vote: EngineVote, row: Sequence[float]) -> GoldenVote:
    if vote.raw is not None and not math.isfinite(vote.raw):
        raise ModelRefused("golden_mismatch", "an engine answers a golden row with no finite number")
    contributions: tuple[float, ...] = ()
    base = None
    if name in runner.explainers:
        explained = runner.explain(name, row)
        contributions, base = explained.contributions, explained.base
    codes = tuple(evidence.code for evidence in vote.evidence)
    return GoldenVote(vote.vote, vote.raw, vote.probability, vote.veto, vote.out_of_domain, codes, contributions, base)


def _difference(golden: GoldenRow, actual: GoldenRow, runner: EnsembleRunner) -> str:
    for name, vote in actual.votes.items():
        expected = golden.votes.get(name)
        if expected is None:
            return f"set of engines: {name} is not in it"
        if broken := _vote_difference(expected, vote, exact=name in runner.explainers):
            return f"{broken} of {name}"
    if len(actual.votes) < len(golden.votes):
        return "" if not runner.is_complete else "set of engines"
    if not _near(actual.probability, golden.probability):
        return "probability"
    same = (actual.band, actual.decision, actual.reasons) == (golden.band, golden.decision, golden.reasons)
    return "" if same else "band, decision or abstention"


def _vote_difference(golden: GoldenVote, actual: GoldenVote, *, exact: bool) -> str:
    if actual.raw != golden.raw if exact else not _near(actual.raw, golden.raw):
        return "raw score"
    if not _near(actual.probability, golden.probability):
        return "probability"
    if (actual.vote, actual.veto, actual.out_of_domain) != (golden.vote, golden.veto, golden.out_of_domain):
        return "vote"
    if actual.evidence != golden.evidence:
        return "evidence"
    return _explanation_difference(golden, actual)


def _explanation_difference(golden: GoldenVote, actual: GoldenVote) -> str:
    same = len(actual.contributions) == len(golden.contributions) and _near(actual.base, golden.base)
    if not same or not all(map(_near, actual.contributions, golden.contributions)):
        return "explanation"
    if actual.base is None:
        return ""
    explained = math.fsum(actual.contributions) + actual.base
    return "" if _near(explained, golden.raw) else "explanation"


def _near(actual: float | None, expected: float | None) -> bool:
    if actual is None or expected is None:
        return actual is expected
    return abs(actual - expected) <= GOLDEN_TOLERANCE
