"""Many subjects scored with one version of a model: to each the answer that POST /v1/scores gives."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeAlias

from pydantic_core import to_json

from vigil.engines.model import Calibration, logit, sigmoid
from vigil.ensemble.model import doubt
from vigil.errors import InvalidInput
from vigil.flags.model import EXPLAIN_HIGH_RISK, Switches, all_off
from vigil.registry.model import ModelContract
from vigil.registry.ports import Explainer
from vigil.scoring.drafting import draft
from vigil.scoring.encoding import Encoder
from vigil.scoring.model import Decision, Flat, ScoreRequest, iso
from vigil.scoring.ports import FeatureSet, ScoringModel
from vigil.scoring.schemas import plainly_named, subject

Render: TypeAlias = Callable[[Decision], str]
"""Writes a decision as part of a line."""
Kind: TypeAlias = tuple[int, bool, bool, bool]
"""Band, side of the answer, side of the vote, whether it is too doubtful: what an answer depends on but for numbers."""

_NONE = partial(all_off, "")
_NAME = "vigil:the:subject"
_PROBABILITY, _RAW, _VOTED = 1.0000000000000002e-290, 1.0000000000000002e-291, 1.0000000000000002e-292
_MARKS = (_NAME, repr(_PROBABILITY), repr(_RAW), repr(_VOTED))
"""Nothing else in an answer reads like them."""


class Bulk:
    """The answers of one version of a model as of a moment, written by `render`.

    Where the model is one boosted engine, rows that are plainly right are scored in one native call, and answers that
    differ only in numbers share a text. All others are answered one by one, as a request is.
    """

    def __init__(
        self,
        model: ScoringModel,
        feature_sets: Callable[[str], FeatureSet],
        now: datetime,
        warnings: Sequence[str],
        render: Render,
        switches: Callable[[str], Switches] = _NONE,
    ) -> None:
        self._model = model
        self._switches = switches
        self._feature_sets = feature_sets
        self._now = now
        self._warnings = warnings
        self._render = render
        self._names = [spec.name for spec in model.contract.features]
        engine = model.lone()
        self._texts = _Texts(engine, model.contract, self._decision, render, switches) if engine else None

    def answers(self, documents: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer to each row, or what is wrong with it; values are never echoed.

        A row is a `Flat`, a document that should be a `schemas.SubjectBody`, or what is wrong with it already.
        """
        found = self._texts.answers(documents) if self._texts else [None] * len(documents)
        return [
            self._answer(document) if text is None else text for document, text in zip(documents, found, strict=True)
        ]

    def _answer(self, document: object) -> str | InvalidInput:
        if isinstance(document, InvalidInput):
            return document
        try:
            return self._render(self._decision(document))
        except InvalidInput as error:
            return error

    def _decision(self, document: object) -> Decision:
        body = subject(document.named(self._names) if isinstance(document, Flat) else document)
        request = ScoreRequest(self._model.name, body.subject_id, body.features, body.history, body.as_of)
        flags = self._switches(body.subject_id)
        # A row has no explanation: what is on is told of it, and the work is not done.
        obeyed = replace(flags, on=tuple(name for name in flags.on if name != EXPLAIN_HIGH_RISK))
        drafted = draft(self._model, request, self._feature_sets, self._now, self._warnings, obeyed)
        return replace(drafted.decide("", iso(self._now)), flags=flags)


class _Texts:
    """The texts of a lone boosted engine's answers, with gaps for what differs between rows."""

    def __init__(
        self,
        engine: Explainer,
        contract: ModelContract,
        decide: Callable[[object], Decision],
        render: Render,
        switches: Callable[[str], Switches],
    ) -> None:
        self._engine = engine
        self._switches = switches
        self._encoder = Encoder(contract)
        self._decide = decide
        self._render = render
        self._chances = _Chances(contract)
        self._texts: dict[tuple[Kind, Switches], str | None] = {}

    def answers(self, documents: Sequence[object]) -> list[str | None]:
        """Return the answer to each row, or None where it must be found one by one."""
        found: list[str | None] = [None] * len(documents)
        rows, places, subjects = self._encode(documents)
        chances = [self._chances.of(raw) for raw in self._engine.raw_batch(rows, len(places))]
        texts = self._texts
        for place, name, (_, sort), numbers in zip(places, subjects, chances, _numbers(chances), strict=True):
            kind = sort, self._switches(name)
            if kind not in texts:
                texts[kind] = self._text(documents[place])
            if (pattern := texts[kind]) is not None:
                found[place] = pattern % (name, *numbers)
        return found

    def _encode(self, documents: Sequence[object]) -> tuple["memoryview[float]", list[int], list[str]]:
        rows: list[bytes] = []
        places: list[int] = []
        subjects: list[str] = []
        name: object
        for place, document in enumerate(documents):
            if type(document) is Flat:
                name, packed = document.subject_id, None if document.as_of else self._encoder.pack(document.values)
            elif type(document) is dict and len(document) == 2 and type(features := document.get("features")) is dict:
                name, packed = document.get("subject_id"), self._encoder.encode(features)
            else:
                continue
            if packed is not None and type(name) is str and plainly_named(name):
                rows.append(packed)
                places.append(place)
                subjects.append(name)
        return memoryview(bytearray().join(rows)).cast("d"), places, subjects

    def _text(self, document: object) -> str | None:
        """Return the text of answers like this row's, with a gap for each thing that differs; None if more does.

        The answer is written once more with marks for name and numbers: where they come out is where the gaps are.
        """
        decision = self._decide(document)
        if decision.abstention:
            return None
        engines = tuple(replace(engine, probability=_VOTED) for engine in decision.engines)
        marked = replace(decision, subject_id=_NAME, probability=_PROBABILITY, raw_score=_RAW, engines=engines)
        text = self._render(marked).replace("%", "%%")
        if _MARKS[-1] not in text:
            text += "%.0s"  # takes the vote's probability and writes nothing
        for mark in _MARKS:
            text = text.replace(mark, "%s")
        return text


def _numbers(chances: Sequence[tuple[tuple[float, float, float], Kind]]) -> Iterator[tuple[str, ...]]:
    """Return all numbers as JSON; one call writes them, because a float's own `repr` takes ten times as long."""
    flat = iter(to_json([number for numbers, _ in chances for number in numbers])[1:-1].decode().split(","))
    return zip(flat, flat, flat, strict=True) if chances else iter(())


class _Chances:
    """From a raw score to what the answer says of it, in the very terms of `ensemble.model.decide`."""

    def __init__(self, contract: ModelContract) -> None:
        (spec,) = contract.engines
        assert isinstance(spec.calibration, Calibration)  # noqa: S101 - a lone engine has one
        self._calibration = spec.calibration
        self._weight = contract.ensemble.weights[spec.name]
        self._intercept = contract.ensemble.intercept
        self._positive_from = contract.ensemble.positive_from
        self._lowers = [band.lower for band in contract.bands]
        self._abstention = contract.abstention

    def of(self, raw: float) -> tuple[tuple[float, float, float], Kind]:
        """Return probability, raw score and the vote's probability, and what kind of answer it is."""
        voted = self._calibration.probability(raw)
        probability = sigmoid(self._intercept + self._weight * logit(voted))
        edge, rule = self._positive_from, self._abstention
        doubtful = rule is not None and doubt(probability, edge, rule.harm) > rule.threshold
        band = bisect_right(self._lowers, probability)
        return (probability, raw, voted), (band, probability >= edge, voted >= edge, doubtful)
