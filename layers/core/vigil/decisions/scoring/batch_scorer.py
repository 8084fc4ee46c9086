"""Scores the rows of a batch with one model version. Each answer equals the answer of POST /v1/scores."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import compress
from math import isnan
from operator import or_
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_core import to_json

from vigil.access.flags.model import ALL_OFF, EXPLAIN_HIGH_RISK, Switches
from vigil.decisions.scoring.answered_rows_model import NO_ANSWER, AnsweredRows, AnswerFacts, band_names
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.groups_model import SubjectGroups
from vigil.decisions.scoring.model import Decision, EncodedSubject, ScoreRequest
from vigil.decisions.scoring.ports import FeatureExtractor, ScoringModel
from vigil.decisions.scoring.prepare import AssessedRequest, Preparation
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
"""Band code, side of the answer, side of the vote, True if in doubt, and True with the warning
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
        self._groups = SubjectGroups(model.contract)
        self._asked_at = format_timestamp(now)
        engine = model.only_engine()
        self._templates = _AnswerTemplates(engine, model, self._template, switches) if engine else None

    def answer_rows(self, subjects: Sequence[object]) -> AnsweredRows:
        """Return the answer or the error of each row. Errors never contain values.

        A subject is an EncodedSubject, a JSON document for `schemas.SubjectBody`, or the InvalidInput of a bad row.
        """
        rows, alone = self._templates.answer_rows(subjects) if self._templates else self._unanswered(subjects)
        for place in alone:
            self._answer_row(rows, place, subjects[place])
        return rows

    def _unanswered(self, subjects: Sequence[object]) -> tuple[AnsweredRows, Sequence[int]]:
        width = len(self._model.contract.features)
        return AnsweredRows.without_answers(len(subjects), width), range(len(subjects))

    def _answer_row(self, rows: AnsweredRows, place: int, subject: object) -> None:
        if isinstance(subject, InvalidInput):
            rows.set_error(place, subject)
            return
        try:
            assessed = self._assess(subject)
            text = self._render(self._decide(assessed))
            probability = assessed.verdict.probability
            rows.set_answer(place, text, _facts_of(assessed), assessed.subject_id, probability, assessed.vector)
            if assessed.as_of != self._asked_at:
                rows.as_of[place] = assessed.as_of
        except InvalidInput as error:
            rows.set_error(place, error)

    def _assess(self, subject: object) -> AssessedRequest:
        document = subject.to_document(self._model.contract) if isinstance(subject, EncodedSubject) else subject
        body = parse_subject(document)
        self._groups.read(body.groups)
        request = ScoreRequest(self._model.name, body.subject_id, body.features, body.history, body.as_of)
        flags = self._switches(body.subject_id) if self._switches else ALL_OFF
        return Preparation(request, self._feature_sets, self._now).assess(self._model, self._warnings, flags)

    def _decide(self, assessed: AssessedRequest) -> Decision:
        # A batch result has no explanation: the answer names the flag, but the work is skipped.
        flags = assessed.flags
        obeyed = replace(flags, on=tuple(name for name in flags.on if name != EXPLAIN_HIGH_RISK))
        return replace(replace(assessed, flags=obeyed).decide("", self._asked_at), flags=flags)

    def _template(self, subject: object) -> tuple[Template | None, AnswerFacts]:
        """Return template and facts of rows of the same kind as this one; no template for an abstention.

        The decision is rendered with marker values, and split wherever a marker appears.
        """
        assessed = self._assess(subject)
        decision = self._decide(assessed)
        if decision.abstention:
            return None, NO_ANSWER
        engines = tuple(replace(engine, probability=_VOTED) for engine in decision.engines)
        marked = replace(decision, subject_id=_NAME, probability=_PROBABILITY, raw_score=_RAW, engines=engines)
        return _split_at_markers(self._render(marked)), _facts_of(assessed)


class _AnswerTemplates:
    """Answer templates of a model with one boosted engine. `build` returns template and facts for a subject."""

    def __init__(
        self,
        engine: ExplainableEngine,
        model: ScoringModel,
        build: Callable[[object], tuple[Template | None, AnswerFacts]],
        switches: Callable[[str], Switches] | None,
    ) -> None:
        self._engine = engine
        self._switches = switches
        self._build = build
        self._outcomes = _Outcomes(model.contract)
        self._width, self._never_missing = len(model.contract.features), model.never_missing
        self._templates: dict[Switches, dict[AnswerKind, Template | None]] = {}
        self._facts: dict[tuple[Any, ...], AnswerFacts] = {}

    def answer_rows(self, subjects: Sequence[object]) -> tuple[AnsweredRows, list[int]]:
        """Return the rows, and the places of those that must be scored alone."""
        if isinstance(subjects, EncodedRows) and are_plain_subject_ids(subjects.subject_ids):
            return self._answer_encoded(subjects)
        plain = [type(subject) is EncodedSubject and bool(is_plain_subject_id(subject[0])) for subject in subjects]
        rows = AnsweredRows.without_answers(len(subjects), self._width)
        alone = [place for place, is_plain in enumerate(plain) if not is_plain]
        if any(plain):
            encoded = EncodedRows.join(cast("Iterable[EncodedSubject]", compress(subjects, plain)))
            answered, encoded_alone = self._answer_encoded(encoded)
            places = [place for place, is_plain in enumerate(plain) if is_plain]
            for other_place, place in enumerate(places):
                rows.set_row(place, answered, other_place)
            alone += [places[other_place] for other_place in encoded_alone]
        return rows, alone

    def _answer_encoded(self, subjects: EncodedRows) -> tuple[AnsweredRows, list[int]]:
        names, vectors = subjects.subject_ids, subjects.vectors
        raws = self._engine.raw_scores(vectors, len(names))
        probabilities, votes = self._outcomes.probabilities(raws)
        kinds = self._outcomes.kinds(probabilities, votes, self._gaps(vectors, len(names)))
        numbers = map(_number_texts, (probabilities, raws, votes))
        answers, alone = list[str | InvalidInput](), list[int]()
        last, templates = None, dict[AnswerKind, Template | None]()
        for place, (kind, name, probability, raw, vote) in enumerate(zip(kinds, names, *numbers, strict=True)):
            flags = self._switches(name) if self._switches else ALL_OFF
            if flags is not last:  # usually all subjects share one object
                last, templates = flags, self._templates.setdefault(flags, {})
            if kind not in templates:
                templates[kind], self._facts[kind] = self._build(subjects[place])
            match templates[kind]:
                case None:
                    answers.append("")
                    alone.append(place)
                case [a, b, c, d]:
                    answers.append(f"{a}{name}{b}{probability}{c}{raw}{d}")
                case [a, b, c, d, e]:
                    answers.append(f"{a}{name}{b}{probability}{c}{raw}{d}{vote}{e}")
        shared = cast("list[tuple[Any, ...]]", kinds)
        return AnsweredRows(answers, shared, self._facts, list(names), probabilities, vectors), alone

    def _gaps(self, vectors: "array[float]", rows: int) -> Sequence[bool]:
        """Return True for each row without a value that training never lacked."""
        found = [False] * rows
        for place in self._never_missing:
            column = vectors[place :: self._width]
            if isnan(sum(column)):  # a sum takes a third of the time of a look at each value
                found = list(map(or_, found, map(isnan, column)))
        return found


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


def _facts_of(assessed: AssessedRequest) -> AnswerFacts:
    verdict = assessed.verdict
    degraded = tuple(lack.engine for lack in verdict.degraded)
    code = band_names(assessed.model.contract).index(verdict.band) + 1
    return AnswerFacts(code, verdict.band, verdict.decision, verdict.reasons, degraded)


def _number_texts(numbers: Iterable[float]) -> list[str]:
    """Return numbers as JSON. One call for all of them takes a fifth of the time of `repr` per number."""
    return to_json(list(numbers))[1:-1].decode().split(",")
