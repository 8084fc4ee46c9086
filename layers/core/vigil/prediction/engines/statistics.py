"""How far a row is from what the package was trained on, and tests of entropy and of rates where they are declared.

Robust z: `asinh((x - median) / scale)`, linear near the middle and logarithmic in the tails; a missing value counts
as the middle. Distance: the Mahalanobis distance of those, or their root sum of squares. Gate: the conformal p-value
of the distance among rows that took no part in fitting the domain (Vovk, Gammerman & Shafer, 2005): of rows like those
of training at most a share `gate` is called out of domain.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from operator import mul
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vigil.errors import ModelRefused
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.votes import EngineSpec, EngineVote, Evidence, vote_for

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


class _ParameterModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Domain(_ParameterModel):
    """Where training rows lie: middle and scale per feature, and the rows of a lower triangular whitening matrix.

    `distances` are those of the rows held out for the gate, rising.
    """

    features: tuple[str, ...] = Field(min_length=1)
    center: tuple[FiniteFloat, ...]
    scale: tuple[PositiveFloat, ...]
    whitening: tuple[tuple[FiniteFloat, ...], ...] | None = None
    distances: tuple[FiniteFloat, ...] = Field(min_length=1)
    gate: Annotated[float, Field(gt=0, lt=1)]


class EntropyTest(_ParameterModel):
    """Fires when the Shannon entropy (bits) of counts is outside its range; not where counts are missing or all 0."""

    name: str
    text: str
    counts: tuple[str, ...] = Field(min_length=2)
    minimum: float = 0.0
    maximum: float = math.inf


class RateTest(_ParameterModel):
    """Fires when a count is far above `rate` per unit of exposure, for a Poisson count.

    `most` bounds `2 (sqrt(count + 3/8) - sqrt(rate * exposure + 3/8))`, nearly a normal deviate (Anscombe, 1948).
    """

    name: str
    text: str
    count: str
    exposure: str
    rate: PositiveFloat
    most: PositiveFloat


class StatisticsParameters(_ParameterModel):
    """The content of a file. With `votes` false the distance gives no vote: it only gates."""

    domain: Domain
    entropy: tuple[EntropyTest, ...] = ()
    rates: tuple[RateTest, ...] = ()
    votes: bool = True


def load(spec: EngineSpec, content: bytes, contract: ModelContract, version: str) -> "StatisticsEngine":
    """Return the engine of parameters in JSON.

    Raises ModelRefused: `malformed`, or `schema_mismatch` for features that the engine does not see.
    """
    try:
        parameters = _parameters().validate_json(content)
    except ValidationError as error:
        raise ModelRefused("malformed", f"{spec.file} does not hold the parameters of a domain") from error
    _check(parameters.domain, spec.file)
    names = [feature.name for feature in contract.engine_features(spec)]
    if unknown := _used(parameters) - set(names):
        raise ModelRefused("schema_mismatch", f"{spec.file} needs {', '.join(sorted(unknown))}")
    return StatisticsEngine(parameters, names, spec, contract.ensemble.positive_from, version)


class StatisticsEngine:
    """Says whether a row is in the domain, and votes on what its distance and its tests say."""

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
        self._tested = bool(parameters.entropy or parameters.rates)
        self._calibration = spec.calibration if parameters.votes else None
        self._positive_from = positive_from
        self._version = version

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the distance of one row from the middle of the domain."""
        asinh = math.asinh
        z = [asinh((x - c) * s) if (x := row[place]) == x else 0.0 for place, c, s in self._scaled]
        if (whitening := self._parameters.domain.whitening) is not None:
            z = [sum(map(mul, weights, z)) for weights in whitening]
        return math.sqrt(sum(map(mul, z, z)))

    def assess(self, row: Sequence[float]) -> EngineVote:
        """Return the vote of one row, with the conformal p-value and every test that fired as evidence."""
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
        raise ModelRefused("malformed", f"center, scale and whitening of {file} must fit its features")
    if list(domain.distances) != sorted(domain.distances):
        raise ModelRefused("malformed", f"the distances of {file} must rise")


@cache
def _parameters() -> TypeAdapter[StatisticsParameters]:
    return TypeAdapter(StatisticsParameters)
