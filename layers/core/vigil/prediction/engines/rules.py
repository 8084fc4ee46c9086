"""Rules in a small declarative language: conditions over features, votes with points, and vetoes. Nothing is evaluated.

A file is `{"rules": [{"name", "text", "when", "vote", "points", "severity", "veto"}]}`. A condition is one of
`{"all": [...]}`, `{"any": [...]}`, `{"not": ...}`, `{"feature", "op", "value"}` with `op` one of `< <= > >= == !=`,
`{"feature", "in": [...]}` and `{"feature", "missing": true | false}`. A comparison with a missing value is neither true
nor false, and stays so through `not`, `all` and `any` (Kleene, 1938): a rule fires only if its condition is true.
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
"""True, false, or None where a missing value leaves it open."""

MAX_RULES = 256
MAX_CONDITION_PARTS = 32
MAX_CONDITION_DEPTH = 8
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class _RuleModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AllOf(_RuleModel):
    """True if every part is."""

    all: tuple["Condition", ...] = Field(min_length=1, max_length=MAX_CONDITION_PARTS)


class AnyOf(_RuleModel):
    """True if some part is."""

    any: tuple["Condition", ...] = Field(min_length=1, max_length=MAX_CONDITION_PARTS)


class Not(_RuleModel):
    """True if its part is false."""

    not_: "Condition" = Field(alias="not")


class Compare(_RuleModel):
    """A feature beside a constant, in the feature's own unit."""

    feature: str
    op: Literal["<", "<=", ">", ">=", "==", "!="]
    value: float | bool | str


class OneOf(_RuleModel):
    """A feature among constants."""

    feature: str
    in_: tuple[float | bool | str, ...] = Field(alias="in", min_length=1, max_length=MAX_CONDITION_PARTS)


class IsMissing(_RuleModel):
    """Whether a feature has no value: the one test that a missing value answers."""

    feature: str
    missing: bool


Condition = AllOf | AnyOf | Not | Compare | OneOf | IsMissing


class Rule(_RuleModel):
    """What to look for and what it means: a vote of so many points, the severity (a band), and whether it is a veto."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    text: str = Field(min_length=1, max_length=300)
    when: Condition
    vote: Literal["positive", "negative"] = "positive"
    points: Annotated[float, Field(ge=0, le=100)] = 1.0
    severity: str | None = None
    veto: bool = False


class RuleBook(_RuleModel):
    """The content of a file."""

    rules: tuple[Rule, ...] = Field(min_length=1, max_length=MAX_RULES)


@dataclass(frozen=True, slots=True)
class _Compiled:
    test: RowTest
    points: float
    veto: int
    """The place of the band that the answer must reach, -1 without a veto."""
    evidence: Evidence


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "RulesEngine":
    """Return the engine of a rule book in JSON.

    Raises ModelRefused: `malformed`, or `schema_mismatch` where a rule names a feature, value or band not there.
    """
    try:
        book = _books().validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise ModelRefused("malformed", f"{spec.file} is not a rule book") from error
    features = {feature.name: (place, feature) for place, feature in enumerate(contract.engine_features(spec))}
    bands = [band.name for band in contract.bands]
    if len({rule.name for rule in book.rules}) != len(book.rules):
        raise ModelRefused("malformed", f"two rules of {spec.file} have one name")
    rules = tuple(_compile(rule, features, bands) for rule in book.rules)
    return RulesEngine(rules, bands, spec, contract.ensemble.positive_from, version)


class RulesEngine:
    """Adds up the points of the rules that fire; abstains when none does. The highest veto is the engine's veto."""

    def __init__(
        self, rules: Sequence[_Compiled], bands: Sequence[str], spec: EngineSpec, positive_from: float, version: str
    ) -> None:
        self._rules = rules
        self._bands = bands
        self._calibration = spec.calibration
        self._positive_from = positive_from
        self._version = version

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote of one row, with every rule that fired as evidence."""
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
        raise ValueError(f"conditions may be {MAX_CONDITION_DEPTH} deep")
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
        raise ValueError(f"categories of {spec.name} have no order")
    return _compare(place, _ORDER[condition.op], spec.encode(condition.value))


def _all(parts: Sequence[RowTest]) -> RowTest:
    def test(row: Sequence[float]) -> bool | None:
        known: bool | None = True
        for part in parts:
            if (said := part(row)) is False:
                return False
            known = known and said
        return known

    return test


def _negated(part: RowTest) -> RowTest:
    def test(row: Sequence[float]) -> bool | None:
        return None if (said := part(row)) is None else not said

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
