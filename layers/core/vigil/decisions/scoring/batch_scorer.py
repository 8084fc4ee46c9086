"""Scores the rows of a batch with one model version. Each answer equals the answer of POST /v1/scores."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import compress
from math import isnan
from operator import or_
from typing import TYPE_CHECKING, TypeAlias, cast

from pydantic_core import to_json

from vigil.access.flags.model import ALL_OFF, EXPLAIN_HIGH_RISK, Switches
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.model import Decision, EncodedSubject, ScoreRequest
from vigil.decisions.scoring.ports import FeatureExtractor, ScoringModel
from vigil.decisions.scoring.prepare import Preparation
from vigil.decisions.scoring.schemas import are_plain_subject_ids, is_plain_subject_id, parse_subject
from vigil.errors import InvalidInput
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import error_probability
from vigil.prediction.engines.ports import ExplainableEngine
from vigil.prediction.engines.votes import Calibration, logits, sigmoids

if TYPE_CHECKING:
    from array import array

RenderDecision: TypeAlias = Callable[[Decision], str]
"""Function that writes a decision as part of a result line."""
AnswerKind: TypeAlias = tuple[int, bool, bool, bool, bool]
"""Index of the band, side of the answer, side of the vote, True if in doubt, and True with the warning
`never_missing_in_training`."""
Template: TypeAlias = list[str]
"""Texts of an answer around subject id, probability, raw score and, if the answer has it, probability of the vote."""

_NAME = "vigil:the:subject"
_PROBABILITY, _RAW, _VOTED = 1.0000000000000002e-290, 1.0000000000000002e-291, 1.0000000000000002e-292
_split_at_markers = re.compile("|".join(map(re.escape, (_NAME, *map(repr, (_PROBABILITY, _RAW, _VOTED)))))).split
"""Split an answer at texts that occur nowhere else in it."""


class BatchScorer:
    """Scores the rows of a batch with one model version as of one time; `render` writes the decisions.

    `switches` returns the flags of a subject. Without it, all flags of all subjects are off.
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
        switches: Callable[[str], Switches] | None = None,
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
        return [self._answer_row(subjects[place]) if answer is None else answer for place, answer in enumerate(answers)]

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
        flags = self._switches(body.subject_id) if self._switches else ALL_OFF
        # A batch result has no explanation: the answer names the flag, but the work is skipped.
        obeyed = replace(flags, on=tuple(name for name in flags.on if name != EXPLAIN_HIGH_RISK))
        assessed = Preparation(request, self._feature_sets, self._now).assess(self._model, self._warnings, obeyed)
        return replace(assessed.decide("", format_timestamp(self._now)), flags=flags)


class _AnswerTemplates:
    """Answer templates of a model with one boosted engine."""

    def __init__(
        self,
        engine: ExplainableEngine,
        model: ScoringModel,
        decide: Callable[[object], Decision],
        render: RenderDecision,
        switches: Callable[[str], Switches] | None,
    ) -> None:
        self._engine = engine
        self._switches = switches
        self._decide = decide
        self._render = render
        self._outcomes = _Outcomes(model.contract)
        self._width, self._never_missing = len(model.contract.features), model.never_missing
        self._templates: dict[Switches, dict[AnswerKind, Template | None]] = {}

    def answer_rows(self, subjects: Sequence[object]) -> list[str | None]:
        """Return the answer of each row, or None for a row that must be scored alone."""
        if isinstance(subjects, EncodedRows) and are_plain_subject_ids(subjects.subject_ids):
            return self._answer_encoded(subjects)
        plain = [type(subject) is EncodedSubject and bool(is_plain_subject_id(subject[0])) for subject in subjects]
        if not any(plain):
            return [None] * len(subjects)
        encoded = EncodedRows.join(cast("Iterable[EncodedSubject]", compress(subjects, plain)))
        answers = iter(self._answer_encoded(encoded))
        return [next(answers) if is_plain else None for is_plain in plain]

    def _answer_encoded(self, subjects: EncodedRows) -> list[str | None]:
        names, vectors = subjects.subject_ids, subjects.vectors
        raws = self._engine.raw_scores(vectors, len(names))
        probabilities, votes = self._outcomes.probabilities(raws)
        kinds = self._outcomes.kinds(probabilities, votes, self._gaps(vectors, len(names)))
        numbers = map(_number_texts, (probabilities, raws, votes))
        answers, last, templates = list[str | None](), None, dict[AnswerKind, Template | None]()
        for place, (kind, name, probability, raw, vote) in enumerate(zip(kinds, names, *numbers, strict=True)):
            flags = self._switches(name) if self._switches else ALL_OFF
            if flags is not last:  # usually all subjects share one object
                last, templates = flags, self._templates.setdefault(flags, {})
            if kind not in templates:
                templates[kind] = self._template(subjects[place])
            match templates[kind]:
                case None:
                    answers.append(None)
                case [a, b, c, d]:
                    answers.append(f"{a}{name}{b}{probability}{c}{raw}{d}")
                case [a, b, c, d, e]:
                    answers.append(f"{a}{name}{b}{probability}{c}{raw}{d}{vote}{e}")
        return answers

    def _gaps(self, vectors: "array[float]", rows: int) -> Sequence[bool]:
        """Return True for each row without a value that training never lacked."""
        found = [False] * rows
        for place in self._never_missing:
            column = vectors[place :: self._width]
            if isnan(sum(column)):  # a sum takes a third of the time of a look at each value
                found = list(map(or_, found, map(isnan, column)))
        return found

    def _template(self, subject: object) -> Template | None:
        """Return the template for rows of the same kind as this one; None for an abstention.

        The decision is rendered with marker values, and split wherever a marker appears.
        """
        decision = self._decide(subject)
        if decision.abstention:
            return None
        engines = tuple(replace(engine, probability=_VOTED) for engine in decision.engines)
        marked = replace(decision, subject_id=_NAME, probability=_PROBABILITY, raw_score=_RAW, engines=engines)
        return _split_at_markers(self._render(marked))


class _Outcomes:
    """Probabilities and kinds of answers of a model with one calibrated engine; they agree with `ensemble.decide`."""

    def __init__(self, contract: ModelContract) -> None:
        (spec,) = contract.engines
        assert isinstance(spec.calibration, Calibration)  # noqa: S101 - an only engine is calibrated
        self._calibration = spec.calibration
        self._ensemble, self._weight = contract.ensemble, contract.ensemble.weights[spec.name]
        self._rule = contract.abstention
        self._lowers = [band.lower for band in contract.bands]

    def probabilities(self, raws: Iterable[float]) -> tuple[list[float], list[float]]:
        """Return the probabilities of the answers and of the votes for these raw scores."""
        votes = self._calibration.probabilities(raws)
        intercept, weight = self._ensemble.intercept, self._weight
        return sigmoids([intercept + weight * odds for odds in logits(votes)]), votes

    def kinds(self, probabilities: Sequence[float], votes: Sequence[float], gaps: Sequence[bool]) -> list[AnswerKind]:
        """Return the kind of each answer."""
        lowers, edge, doubts = self._lowers, self._ensemble.positive_from, self._doubts(probabilities)
        return [
            (bisect_right(lowers, probability), probability >= edge, vote >= edge, doubt, gap)
            for probability, vote, doubt, gap in zip(probabilities, votes, doubts, gaps, strict=True)
        ]

    def _doubts(self, probabilities: Sequence[float]) -> list[bool]:
        """Return True for each probability with an abstention for low confidence."""
        if (rule := self._rule) is None:
            return [False] * len(probabilities)
        edge, harm, threshold = self._ensemble.positive_from, rule.harm, rule.threshold
        return [error_probability(probability, edge, harm) > threshold for probability in probabilities]


def _number_texts(numbers: Iterable[float]) -> list[str]:
    """Return numbers as JSON. One call for all of them takes a fifth of the time of `repr` per number."""
    return to_json(list(numbers))[1:-1].decode().split(",")
