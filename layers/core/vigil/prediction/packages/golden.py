"""Golden rows: known rows with the answers that a package must give on every machine that loads it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vigil.errors import InvalidInput, ModelRefused
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.votes import EngineVote, Vote

GOLDEN_TOLERANCE = 1e-9
"""Maximum absolute difference of contributions and logarithms, which vary between C libraries in their last bits.

LightGBM's raw scores must be equal.
"""


@dataclass(frozen=True, slots=True)
class GoldenVote:
    """One engine's vote on a golden row.

    For an engine that cannot be explained, `contributions` is empty and `base` is None.
    """

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
    """A row with its known result, checked when a package is loaded. `row` has the encoded values, None for NaN."""

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
    """Return the answer of these engines for one row of named values.

    Raises InvalidInput if the values do not fit the schema, ModelRefused if an engine fails or returns no finite
    number.
    """
    row = contract.encode(features)
    verdict = runner.assess(row)
    if set(verdict.votes) != runner.engine_names:
        raise ModelRefused("golden_mismatch", "an engine fails on a golden row")
    votes = {name: _vote(runner, name, vote, row) for name, vote in verdict.votes.items()}
    encoded = tuple(None if math.isnan(x) else x for x in row)
    return GoldenRow(features, encoded, votes, verdict.probability, verdict.band, verdict.decision, verdict.reasons)


def check_golden_rows(contract: ModelContract, runner: EnsembleRunner, expected: Iterable[GoldenRow]) -> None:
    """Run every golden row; raise ModelRefused at the first row whose encoding or answer is not the signed one.

    If engines are missing, only the answers of the loaded engines are compared.
    """
    for number, golden in enumerate(expected):
        try:
            actual = compute_golden_row(contract, runner, golden.features)
        except InvalidInput as error:
            raise ModelRefused("schema_mismatch", f"golden row {number} does not fit the feature schema") from error
        if actual.row != golden.row:
            raise ModelRefused("schema_mismatch", f"golden row {number} has another encoding than the signed one")
        if broken := _difference(golden, actual, runner):
            raise ModelRefused("golden_mismatch", f"golden row {number} has another {broken} than the signed one")


def _vote(runner: EnsembleRunner, name: str, vote: EngineVote, row: Sequence[float]) -> GoldenVote:
    if vote.raw is not None and not math.isfinite(vote.raw):
        raise ModelRefused("golden_mismatch", "an engine returns no finite number for a golden row")
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
            return f"set of engines ({name} is not signed)"
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
