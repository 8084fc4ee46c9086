"""Many subjects scored with one version of a model: to each the answer that POST /v1/scores gives."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeAlias, cast

from pydantic_core import to_json

from vigil.access.flags.model import EXPLAIN_HIGH_RISK, Switches, all_off
from vigil.decisions.scoring.model import Decision, EncodedSubject, ScoreRequest
from vigil.decisions.scoring.ports import FeatureExtractor, ScoringModel
from vigil.decisions.scoring.prepare import Preparation
from vigil.decisions.scoring.schemas import is_plain_subject_id, parse_subject
from vigil.errors import InvalidInput
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import doubt
from vigil.prediction.engines.ports import Explainer
from vigil.prediction.engines.votes import Calibration, logit, sigmoid

RenderDecision: TypeAlias = Callable[[Decision], str]
"""Writes a decision as part of a line."""
AnswerShape: TypeAlias = tuple[int, bool, bool, bool]
"""Band, side of the answer, side of the vote, whether it is too doubtful: what an answer depends on but for numbers."""
Scored: TypeAlias = tuple[tuple[float, float, float], AnswerShape]
"""Probability, raw score and the vote's probability, and what kind of answer it is."""

_NONE = partial(all_off, "")
_NAME = "vigil:the:subject"
_PROBABILITY, _RAW, _VOTED = 1.0000000000000002e-290, 1.0000000000000002e-291, 1.0000000000000002e-292
_MARKS = (_NAME, repr(_PROBABILITY), repr(_RAW), repr(_VOTED))
"""Nothing else in an answer reads like them."""


class BatchScorer:
    """The answers of one version of a model as of a moment, written by `render`.

    Where the model is one boosted engine, rows that are encoded already are scored in one native call, and answers that
    differ only in numbers share a text. All others are answered one by one, as a request is.
    """

    def __init__(
        self,
        model: ScoringModel,
        feature_sets: Callable[[str], FeatureExtractor],
        now: datetime,
        warnings: Sequence[str],
        render: RenderDecision,
        switches: Callable[[str], Switches] = _NONE,
    ) -> None:
        self._model = model
        self._switches = switches
        self._feature_sets = feature_sets
        self._now = now
        self._warnings = warnings
        self._render = render
        engine = model.only_engine()
        self._texts = _AnswerTemplates(engine, model.contract, self._decision, render, switches) if engine else None

    def answer_rows(self, documents: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer to each row, or what is wrong with it; values are never echoed.

        A row is a `Flat`, a document that should be a `schemas.SubjectBody`, or what is wrong with it already.
        """
        found = self._texts.answer_rows(documents) if self._texts else [None] * len(documents)
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
        body = parse_subject(
            document.to_document(self._model.contract) if isinstance(document, EncodedSubject) else document
        )
        request = ScoreRequest(self._model.name, body.subject_id, body.features, body.history, body.as_of)
        flags = self._switches(body.subject_id)
        # A row has no explanation: what is on is told of it, and the work is not done.
        obeyed = replace(flags, on=tuple(name for name in flags.on if name != EXPLAIN_HIGH_RISK))
        assessed = Preparation(request, self._feature_sets, self._now).assess(self._model, self._warnings, obeyed)
        return replace(assessed.decide("", format_timestamp(self._now)), flags=flags)


class _AnswerTemplates:
    """The texts of a lone boosted engine's answers, with gaps for what differs between rows."""

    def __init__(
        self,
        engine: Explainer,
        contract: ModelContract,
        decide: Callable[[object], Decision],
        render: RenderDecision,
        switches: Callable[[str], Switches],
    ) -> None:
        self._engine = engine
        self._switches = switches
        self._decide = decide
        self._render = render
        self._chance = _chances(contract)
        self._texts: dict[Switches, dict[AnswerShape, str | None]] = {}

    def answer_rows(self, documents: Sequence[object]) -> list[str | None]:
        """Return the answer to each row, or None where it must be found one by one."""
        found: list[str | None] = [None] * len(documents)
        places = [
            place
            for place, one in enumerate(documents)
            if type(one) is EncodedSubject and is_plain_subject_id(one.subject_id)
        ]
        flats = cast("list[EncodedSubject]", [documents[place] for place in places])
        rows = memoryview(bytearray().join([flat.vector for flat in flats])).cast("d")
        chances = list(map(self._chance, self._engine.raw_batch(rows, len(places))))
        texts = dict[AnswerShape, str | None]()
        last = None
        for place, (name, _), (_, kind), numbers in zip(places, flats, chances, _numbers(chances), strict=True):
            if (obeyed := self._switches(name)) is not last:  # most often they are the same object for all
                last, texts = obeyed, self._texts.setdefault(obeyed, {})
            if kind not in texts:
                texts[kind] = self._text(documents[place])
            if (pattern := texts[kind]) is not None:
                found[place] = pattern % (name, *numbers)
        return found

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


def _numbers(chances: Sequence[Scored]) -> Iterator[tuple[str, ...]]:
    """Return all numbers as JSON; one call writes them, because a float's own `repr` takes ten times as long."""
    flat = iter(to_json([number for numbers, _ in chances for number in numbers])[1:-1].decode().split(","))
    return zip(flat, flat, flat, strict=True) if chances else iter(())


def _chances(contract: ModelContract) -> Callable[[float], Scored]:
    """Return what makes of a raw score the numbers of its answer, in the very terms of `ensemble.model.decide`."""
    (spec,) = contract.engines
    assert isinstance(spec.calibration, Calibration)  # noqa: S101 - a lone engine has one
    calibrated, weight = spec.calibration.probability, contract.ensemble.weights[spec.name]
    intercept, edge = contract.ensemble.intercept, contract.ensemble.positive_from
    lowers, rule = [band.lower for band in contract.bands], contract.abstention

    def chance(raw: float) -> Scored:
        voted = calibrated(raw)
        probability = sigmoid(intercept + weight * logit(voted))
        doubtful = rule is not None and doubt(probability, edge, rule.harm) > rule.threshold
        kind = bisect_right(lowers, probability), probability >= edge, voted >= edge, doubtful
        return (probability, raw, voted), kind

    return chance
