"""Distance of a row from the training data, and declared tests of entropy and rates.

Robust z: `asinh((x - median) / scale)`, linear near the median and logarithmic in the tails; a missing value counts as
the median. Distance: the Mahalanobis distance of the z values, or their root sum of squares. Gate: the conformal
p-value of the distance among rows that took no part in fitting the domain (Vovk, Gammerman & Shafer, 2005). Of rows
like those of training, at most a share `gate` is reported as out of domain.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from math import asinh
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vigil.errors import ModelRefused
from vigil.prediction.engines import distance
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.votes import EngineSpec, EngineVote, Evidence, vote_for

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


class _ParameterModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Domain(_ParameterModel):
    """Location of the training rows: median and scale per feature, and a lower triangular whitening matrix by rows.

    `distances` are the distances of the rows held out for the gate, in rising order.
    """

    features: tuple[str, ...] = Field(min_length=1)
    center: tuple[FiniteFloat, ...]
    scale: tuple[PositiveFloat, ...]
    whitening: tuple[tuple[FiniteFloat, ...], ...] | None = None
    distances: tuple[FiniteFloat, ...] = Field(min_length=1)
    gate: Annotated[float, Field(gt=0, lt=1)]


class EntropyTest(_ParameterModel):
    """Test that fires if the Shannon entropy (in bits) of counts is out of range.

    It does not fire if counts are missing or all 0.
    """

    name: str
    text: str
    counts: tuple[str, ...] = Field(min_length=2)
    minimum: float = 0.0
    maximum: float = math.inf


class RateTest(_ParameterModel):
    """Test that fires if a Poisson count is far above `rate` per unit of exposure.

    `most` is the upper bound of `2 (sqrt(count + 3/8) - sqrt(rate * exposure + 3/8))`, nearly a normal deviate
    (Anscombe, 1948).
    """

    name: str
    text: str
    count: str
    exposure: str
    rate: PositiveFloat
    most: PositiveFloat


class StatisticsParameters(_ParameterModel):
    """Content of an engine file. If `votes` is false, the distance only gates and never votes."""

    domain: Domain
    entropy: tuple[EntropyTest, ...] = ()
    rates: tuple[RateTest, ...] = ()
    votes: bool = True


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "StatisticsEngine":
    """Return the engine of parameters in JSON.

    Raises ModelRefused: `malformed`, or `schema_mismatch` for features that the engine does not receive.
    """
    try:
        parameters = _parameters().validate_json(content)
    except ValidationError as error:
        raise ModelRefused("malformed", f"{spec.file} does not contain valid statistics parameters") from error
    _check(parameters.domain, spec.file)
    names = [feature.name for feature in contract.engine_features(spec)]
    if unknown := _used(parameters) - set(names):
        raise ModelRefused(
            "schema_mismatch",
            f"{spec.file} needs features that the engine does not receive: {', '.join(sorted(unknown))}",
        )
    return StatisticsEngine(parameters, names, spec, contract.ensemble.positive_from, version)


class StatisticsEngine:
    """Engine that reports rows unlike the training data, and votes by their distance and the tests of its file."""

    def __init__(
        self,
        parameters: StatisticsParameters,
        names: Sequence[str],
        spec: EngineSpec,
        positive_from: float,
        version: str,
    ) -> None:
        domain = parameters.domain
        self._parameters = parameters
        self._places = {name: place for place, name in enumerate(names)}
        self._scaled = [
            (self._places[name], center, 1 / scale)
            for name, center, scale in zip(domain.features, domain.center, domain.scale, strict=True)
        ]
        self._distance = distance.load(domain.whitening)
        self._tested = bool(parameters.entropy or parameters.rates)
        self._calibration = spec.calibration if parameters.votes else None
        self._positive_from = positive_from
        self._version = version

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the distance of one row from the centre of the domain."""
        return self._distance([asinh((x - c) * s) if (x := row[place]) == x else 0.0 for place, c, s in self._scaled])

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote on one row; the evidence is the conformal p-value and every test that fired."""
        raw, domain = self.raw_score(row), self._parameters.domain
        others = len(domain.distances)
        p = (1 + others - bisect_left(domain.distances, raw)) / (1 + others)
        evidence = [Evidence("typicality", "Share of known rows that are at least as unusual.", p, domain.gate)]
        fired = list(self._fired(row)) if self._tested else []
        evidence += fired
        outside = p <= domain.gate
        probability = None if outside or self._calibration is None else self._calibration.probability(raw)
        if outside:
            return EngineVote("abstain", None, tuple(evidence), None, self._version, raw, out_of_domain=True)
        if fired:
            return EngineVote("positive", probability, tuple(evidence), None, self._version, raw)
        if probability is None:
            return EngineVote("abstain", None, tuple(evidence), None, self._version, raw)
        vote = vote_for(probability, self._positive_from)
        return EngineVote(vote, probability, tuple(evidence), None, self._version, raw)

    def _fired(self, row: Sequence[float]) -> Iterator[Evidence]:
        for entropy in self._parameters.entropy:
            bits = _entropy([row[self._places[name]] for name in entropy.counts])
            if bits is not None and not entropy.minimum <= bits <= entropy.maximum:
                bound = entropy.minimum if bits < entropy.minimum else entropy.maximum
                yield Evidence(entropy.name, entropy.text, bits, bound)
        for rate in self._parameters.rates:
            count, exposure = row[self._places[rate.count]], row[self._places[rate.exposure]]
            if not (math.isnan(count) or math.isnan(exposure)) and count >= 0 and exposure >= 0:
                deviate = 2 * (math.sqrt(count + 0.375) - math.sqrt(rate.rate * exposure + 0.375))
                if deviate > rate.most:
                    yield Evidence(rate.name, rate.text, deviate, rate.most)


def _entropy(counts: Sequence[float]) -> float | None:
    total = math.fsum(counts)
    if math.isnan(total) or total <= 0 or min(counts) < 0:
        return None
    return -math.fsum(share * math.log2(share) for count in counts if (share := count / total) > 0)


def _used(parameters: StatisticsParameters) -> set[str]:
    counts = [name for test in parameters.entropy for name in test.counts]
    exposures = [name for test in parameters.rates for name in (test.count, test.exposure)]
    return {*parameters.domain.features, *counts, *exposures}


def _check(domain: Domain, file: str) -> None:
    width = len(domain.features)
    triangular = domain.whitening is None or [len(row) for row in domain.whitening] == list(range(1, width + 1))
    if len(domain.center) != width or len(domain.scale) != width or not triangular:
        raise ModelRefused("malformed", f"center, scale and whitening of {file} must match the number of its features")
    if list(domain.distances) != sorted(domain.distances):
        raise ModelRefused("malformed", f"the distances of {file} must be in rising order")


@cache
def _parameters() -> TypeAdapter[StatisticsParameters]:
    return TypeAdapter(StatisticsParameters)
