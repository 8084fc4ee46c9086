"""Rules in a small declarative language: conditions on features, votes with points, and vetoes; no code is evaluated.

A file is `{"rules": [{"name", "text", "when", "vote", "points", "severity", "veto"}]}`. A condition is one of `{"all":
[...]}`, `{"any": [...]}`, `{"not": ...}`, `{"feature", "op", "value"}` with `op` one of `< <= > >= == !=`, `{"feature",
"in": [...]}` and `{"feature", "missing": true | false}`.

A comparison with a missing value is neither true nor false, also through `not`, `all` and `any` (Kleene, 1938). A rule
fires only if its condition is true.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vigil.errors import InvalidInput, ModelRefused
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.votes import EngineSpec, EngineVote, Evidence, Vote, vote_for
from vigil.prediction.features.feature_spec import FeatureSpec

RowTest = Callable[[Sequence[float]], bool | None]
"""Compiled condition: returns True, False, or None if a missing value makes the result unknown."""

MAX_RULES = 256
MAX_CONDITION_PARTS = 32
MAX_CONDITION_DEPTH = 8
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class _RuleModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AllOf(_RuleModel):
    """Condition that is true if all its parts are true."""

    all: tuple["Condition", ...] = Field(min_length=1, max_length=MAX_CONDITION_PARTS)


class AnyOf(_RuleModel):
    """Condition that is true if at least one part is true."""

    any: tuple["Condition", ...] = Field(min_length=1, max_length=MAX_CONDITION_PARTS)


class Not(_RuleModel):
    """Condition that is true if its part is false."""

    not_: "Condition" = Field(alias="not")


class Compare(_RuleModel):
    """Comparison of a feature with a constant, in the feature's own unit."""

    feature: str
    op: Literal["<", "<=", ">", ">=", "==", "!="]
    value: float | bool | str


class OneOf(_RuleModel):
    """Condition that is true if the feature equals one of several constants."""

    feature: str
    in_: tuple[float | bool | str, ...] = Field(alias="in", min_length=1, max_length=MAX_CONDITION_PARTS)


class IsMissing(_RuleModel):
    """Test for a missing value; the only condition that a missing value can satisfy."""

    feature: str
    missing: bool


Condition = AllOf | AnyOf | Not | Compare | OneOf | IsMissing


class Rule(_RuleModel):
    """One rule: a condition, its vote and points, its severity (a band), and `veto` to enforce that severity."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    text: str = Field(min_length=1, max_length=300)
    when: Condition
    vote: Literal["positive", "negative"] = "positive"
    points: Annotated[float, Field(ge=0, le=100)] = 1.0
    severity: str | None = None
    veto: bool = False


class RuleBook(_RuleModel):
    """Content of a rules file."""

    rules: tuple[Rule, ...] = Field(min_length=1, max_length=MAX_RULES)


@dataclass(frozen=True, slots=True)
class _Compiled:
    test: RowTest
    points: float
    veto: int
    """Index of the lowest allowed band; -1 without a veto."""
    evidence: Evidence


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "RulesEngine":
    """Return the engine of a rule book in JSON.

    Raises ModelRefused: `malformed`, or `schema_mismatch` if a rule names an unknown feature, value or band.
    """
    try:
        book = _books().validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise ModelRefused("malformed", f"{spec.file} is not a valid rule book") from error
    features = {feature.name: (place, feature) for place, feature in enumerate(contract.engine_features(spec))}
    bands = [band.name for band in contract.bands]
    if len({rule.name for rule in book.rules}) != len(book.rules):
        raise ModelRefused("malformed", f"{spec.file} contains two rules with the same name")
    rules = tuple(_compile(rule, features, bands) for rule in book.rules)
    return RulesEngine(rules, bands, spec, contract.ensemble.positive_from, version)


class RulesEngine:
    """Engine that sums the points of all rules that fire; it abstains if no rule fires.

    The highest veto of these rules is the engine's veto.
    """

    def __init__(
        self, rules: Sequence[_Compiled], bands: Sequence[str], spec: EngineSpec, positive_from: float, version: str
    ) -> None:
        self._rules = rules
        self._bands = bands
        self._calibration = spec.calibration
        self._positive_from = positive_from
        self._version = version

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote on one row; the evidence is every rule that fired."""
        fired = [rule for rule in self._rules if rule.test(row)]
        if not fired:
            return EngineVote("abstain", None, version=self._version)
        raw = math.fsum(rule.points for rule in fired)
        veto = max(rule.veto for rule in fired)
        vote, probability = self._vote(raw)
        evidence = tuple(rule.evidence for rule in fired)
        return EngineVote(vote, probability, evidence, self._bands[veto] if veto >= 0 else None, self._version, raw)

    def _vote(self, raw: float) -> tuple[Vote, float | None]:
        if self._calibration is None:
            return ("positive" if raw > 0 else "negative" if raw < 0 else "abstain"), None
        probability = self._calibration.probability(raw)
        return vote_for(probability, self._positive_from), probability


def _compile(rule: Rule, features: Mapping[str, tuple[int, FeatureSpec]], bands: Sequence[str]) -> _Compiled:
    if rule.severity not in {None, *bands} or (rule.veto and rule.severity is None):
        raise ModelRefused("schema_mismatch", f"the severity of rule {rule.name} must be a band of the package")
    place = bands.index(rule.severity) if rule.veto and rule.severity else -1
    try:
        test = _test(rule.when, features, MAX_CONDITION_DEPTH)
    except (InvalidInput, LookupError, ValueError) as error:
        raise ModelRefused("schema_mismatch", f"rule {rule.name} does not fit the schema: {error}") from error
    points = rule.points if rule.vote == "positive" else -rule.points
    return _Compiled(test, points, place, Evidence(rule.name, rule.text, severity=rule.severity))


def _test(condition: Condition, features: Mapping[str, tuple[int, FeatureSpec]], depth: int) -> RowTest:
    if depth == 0:
        raise ValueError(f"conditions may be nested at most {MAX_CONDITION_DEPTH} deep")
    if isinstance(condition, AllOf):
        return _all([_test(part, features, depth - 1) for part in condition.all])
    if isinstance(condition, AnyOf):
        return _negated(_all([_negated(_test(part, features, depth - 1)) for part in condition.any]))
    if isinstance(condition, Not):
        return _negated(_test(condition.not_, features, depth - 1))
    if condition.feature not in features:
        raise LookupError(f"{condition.feature} is not a feature of the engine")
    place, spec = features[condition.feature]
    if isinstance(condition, IsMissing):
        return _missing(place, wanted=condition.missing)
    if isinstance(condition, OneOf):
        return _one_of(place, frozenset(spec.encode(value) for value in condition.in_))
    if spec.type == "category" and condition.op not in {"==", "!="}:
        raise ValueError(f"categories of {spec.name} have no order; use == or !=")
    return _compare(place, _ORDER[condition.op], spec.encode(condition.value))


def _all(parts: Sequence[RowTest]) -> RowTest:
    def test(row: Sequence[float]) -> bool | None:
        known: bool | None = True
        for part in parts:
            if (result := part(row)) is False:
                return False
            known = known and result
        return known

    return test


def _negated(part: RowTest) -> RowTest:
    def test(row: Sequence[float]) -> bool | None:
        return None if (result := part(row)) is None else not result

    return test


def _missing(place: int, *, wanted: bool) -> RowTest:
    return lambda row: math.isnan(row[place]) is wanted


def _one_of(place: int, values: frozenset[float]) -> RowTest:
    return lambda row: None if math.isnan(row[place]) else row[place] in values


def _compare(place: int, order: Callable[[float, float], bool], value: float) -> RowTest:
    return lambda row: None if math.isnan(row[place]) else order(row[place], value)


@cache
def _books() -> TypeAdapter[RuleBook]:
    return TypeAdapter(RuleBook)
