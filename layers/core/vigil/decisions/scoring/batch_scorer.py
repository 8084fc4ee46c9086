"""Scores the rows of a batch with one model version. Each answer equals the answer of POST /v1/scores."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import isnan
from operator import or_
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
from vigil.prediction.engines.ensemble import error_probability
from vigil.prediction.engines.ports import ExplainableEngine
from vigil.prediction.engines.votes import Calibration, logit, sigmoid

RenderDecision: TypeAlias = Callable[[Decision], str]
"""Function that writes a decision as part of a result line."""
AnswerShape: TypeAlias = tuple[int, bool, bool, bool]
"""Index of the band, side of the answer, side of the vote, and True if in doubt."""
Scored: TypeAlias = tuple[tuple[float, float, float], AnswerShape]
"""Probability, raw score and probability of the vote, and the shape of the answer."""

_NO_FLAGS = partial(all_off, "")
_NAME = "vigil:the:subject"
_PROBABILITY, _RAW, _VOTED = 1.0000000000000002e-290, 1.0000000000000002e-291, 1.0000000000000002e-292
_PLACEHOLDERS = (_NAME, repr(_PROBABILITY), repr(_RAW), repr(_VOTED))
"""Texts that occur nowhere else in an answer."""


class BatchScorer:
    """Scores the rows of a batch with one model version as of one time; `render` writes the decisions.

    If the model is one boosted engine, encoded rows are scored in one native call, and answers of one shape share a
    template. Every other row is scored alone, like a request.
    """

    def __init__(
        self,
        model: ScoringModel,
        feature_sets: Callable[[str], FeatureExtractor],
        now: datetime,
        warnings: Sequence[str],
        render: RenderDecision,
        switches: Callable[[str], Switches] = _NO_FLAGS,
    ) -> None:
        self._model = model
        self._switches = switches
        self._feature_sets = feature_sets
        self._now = now
        self._warnings = warnings
        self._render = render
        engine = model.only_engine()
        self._templates = _AnswerTemplates(engine, model, self._decide, render, switches) if engine else None

    def answer_rows(self, subjects: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer or the error of each row. Errors never contain values.

        A subject is an EncodedSubject, a JSON document for `schemas.SubjectBody`, or the InvalidInput of a bad row.
        """
        answers = self._templates.answer_rows(subjects) if self._templates else [None] * len(subjects)
        return [
            self._answer_row(subject) if answer is None else answer
            for subject, answer in zip(subjects, answers, strict=True)
        ]

    def _answer_row(self, subject: object) -> str | InvalidInput:
        if isinstance(subject, InvalidInput):
            return subject
        try:
            return self._render(self._decide(subject))
        except InvalidInput as error:
            return error

    def _decide(self, subject: object) -> Decision:
        document = subject.to_document(self._model.contract) if isinstance(subject, EncodedSubject) else subject
        body = parse_subject(document)
        request = ScoreRequest(self._model.name, body.subject_id, body.features, body.history, body.as_of)
        flags = self._switches(body.subject_id)
        # A batch result has no explanation: the answer names the flag, but the work is skipped.
        obeyed = replace(flags, on=tuple(name for name in flags.on if name != EXPLAIN_HIGH_RISK))
        assessed = Preparation(request, self._feature_sets, self._now).assess(self._model, self._warnings, obeyed)
        return replace(assessed.decide("", format_timestamp(self._now)), flags=flags)


class _AnswerTemplates:
    """Answer templates of a model with one boosted engine, with placeholders for subject id and numbers."""

    def __init__(
        self,
        engine: ExplainableEngine,
        model: ScoringModel,
        decide: Callable[[object], Decision],
        render: RenderDecision,
        switches: Callable[[str], Switches],
    ) -> None:
        self._engine = engine
        self._switches = switches
        self._decide = decide
        self._render = render
        self._score = _score_function(model.contract)
        self._width, self._never_missing = len(model.contract.features), model.never_missing
        self._templates: dict[Switches, dict[tuple[AnswerShape, bool], str | None]] = {}
        """Templates by flags, shape, and True for the warning `never_missing_in_training`."""

    def answer_rows(self, subjects: Sequence[object]) -> list[str | None]:
        """Return the answer of each row, or None for a row that must be scored alone."""
        answers: list[str | None] = [None] * len(subjects)
        indexes = [
            index
            for index, subject in enumerate(subjects)
            if type(subject) is EncodedSubject and is_plain_subject_id(subject.subject_id)
        ]
        encoded = cast("list[EncodedSubject]", [subjects[index] for index in indexes])
        vectors = memoryview(bytearray().join([subject.vector for subject in encoded])).cast("d")
        scores = list(map(self._score, self._engine.raw_scores(vectors, len(indexes))))
        kinds = zip((shape for _, shape in scores), self._gaps(vectors, len(indexes)), strict=True)
        templates = dict[tuple[AnswerShape, bool], str | None]()
        last = None
        for index, (name, _), kind, numbers in zip(indexes, encoded, kinds, _numbers(scores), strict=True):
            if (flags := self._switches(name)) is not last:  # usually all subjects share one object
                last, templates = flags, self._templates.setdefault(flags, {})
            if kind not in templates:
                templates[kind] = self._template(subjects[index])
            if (template := templates[kind]) is not None:
                answers[index] = template % (name, *numbers)
        return answers

    def _gaps(self, vectors: "memoryview[float]", rows: int) -> list[bool]:
        """Return True for each row without a value that training never lacked."""
        found = [False] * rows
        for place in self._never_missing:
            found = list(map(or_, found, map(isnan, vectors[place :: self._width])))
        return found

    def _template(self, subject: object) -> str | None:
        """Return the template for rows with the same shape and warnings as this one; None for an abstention.

        The decision is rendered with marker values. The template has a placeholder wherever a marker appears.
        """
        decision = self._decide(subject)
        if decision.abstention:
            return None
        engines = tuple(replace(engine, probability=_VOTED) for engine in decision.engines)
        marked = replace(decision, subject_id=_NAME, probability=_PROBABILITY, raw_score=_RAW, engines=engines)
        template = self._render(marked).replace("%", "%%")
        if _PLACEHOLDERS[-1] not in template:
            template += "%.0s"  # consumes the vote's probability and writes an empty text
        for placeholder in _PLACEHOLDERS:
            template = template.replace(placeholder, "%s")
        return template


def _numbers(scores: Sequence[Scored]) -> Iterator[tuple[str, ...]]:
    """Yield the numbers of each row as JSON. One call for all rows takes a tenth of the time of `repr` per number."""
    texts = iter(to_json([number for numbers, _ in scores for number in numbers])[1:-1].decode().split(","))
    return zip(texts, texts, texts, strict=True) if scores else iter(())


def _score_function(contract: ModelContract) -> Callable[[float], Scored]:
    """Return the function from a raw score to the numbers and shape of its answer; it agrees with `ensemble.decide`."""
    (spec,) = contract.engines
    assert isinstance(spec.calibration, Calibration)  # noqa: S101 - an only engine is calibrated
    calibrated, weight = spec.calibration.probability, contract.ensemble.weights[spec.name]
    intercept, edge = contract.ensemble.intercept, contract.ensemble.positive_from
    lowers, rule = [band.lower for band in contract.bands], contract.abstention

    def score(raw: float) -> Scored:
        voted = calibrated(raw)
        probability = sigmoid(intercept + weight * logit(voted))
        doubtful = rule is not None and error_probability(probability, edge, rule.harm) > rule.threshold
        shape = bisect_right(lowers, probability), probability >= edge, voted >= edge, doubtful
        return (probability, raw, voted), shape

    return score
