"""Confidence and warnings of an answer, from facts and never from a model's own estimate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vigil.assistant.answers.abstention_model import AnswerPolicy
from vigil.assistant.answers.facts_model import read_facts
from vigil.assistant.answers.model import Confidence, Contradiction, Degradation, Statement
from vigil.assistant.answers.patient_context_model import PatientContext

WarningKind = Literal["other_population", "unknown_population", "conflict", "extractive", "no_vectors"]
"""Kind of a warning.

`other_population`: a statement is about other people than the patient. `unknown_population`: the context does not tell
if the patient belongs to the people of a statement. `conflict`: active documents contradict each other. The others are
degradations.
"""
AGES: Mapping[str, tuple[float, float]] = {
    "infant": (0, 2), "child": (0, 18), "adolescent": (10, 20), "adult": (15, 131), "older": (60, 131),
}  # fmt: skip
"""Ages of a population in years, from the first and below the second, in the widest use of the word."""
_OTHER_FACTS: Mapping[str, tuple[str, object]] = {
    "pregnant": ("pregnant", True), "breastfeeding": ("breastfeeding", True), "man": ("sex", "male"),
    "woman": ("sex", "female"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerWarning:
    """A warning about an answer, with the places of the statements from 0 and the words that it concerns.

    The words are populations, or the missing facts of the context.
    """

    kind: WarningKind
    statements: tuple[int, ...] = ()
    words: tuple[str, ...] = ()


def assess_confidence(
    share: float,
    policy: AnswerPolicy,
    statements: Sequence[Statement],
    contradictions: Sequence[Contradiction],
    degradations: Sequence[Degradation],
) -> Confidence:
    """Return the confidence of an answer with statements.

    `high` needs a share in the upper half above the threshold, statements of two documents, no contradiction and no
    degradation. `low` is an answer with a contradiction, or in the lower half with a degradation.
    """
    is_strong = share >= (1 + policy.share_from) / 2
    documents = {each.citation.passage_id.document_id for each in statements}
    if contradictions or (degradations and not is_strong):
        return "low"
    return "high" if is_strong and len(documents) > 1 and not degradations else "medium"


def find_warnings(
    statements: Sequence[Statement],
    context: PatientContext,
    contradictions: Sequence[Contradiction],
    degradations: Sequence[Degradation],
) -> tuple[AnswerWarning, ...]:
    """Return the warnings about an answer, those about populations first."""
    warnings = [*_population_warnings(statements, context)]
    if contradictions:
        warnings.append(AnswerWarning("conflict"))
    return (*warnings, *(AnswerWarning(each) for each in degradations))


def _population_warnings(statements: Sequence[Statement], context: PatientContext) -> Iterator[AnswerWarning]:
    """Yield warnings about statements of which no population is known to include the patient."""
    for place, statement in enumerate(statements):
        citation = statement.citation
        people = read_facts(citation.quote).people or read_facts(". ".join(citation.headings)).people
        included = {each: _is_included(each, context) for each in sorted(people)}
        if not included or True in included.values():
            continue
        unknown = [each for each, result in included.items() if result is None]
        if unknown:
            missing = dict.fromkeys("age_years" if each in AGES else _OTHER_FACTS[each][0] for each in unknown)
            yield AnswerWarning("unknown_population", (place,), tuple(missing))
        else:
            yield AnswerWarning("other_population", (place,), tuple(included))


def _is_included(people: str, context: PatientContext) -> bool | None:
    if people in AGES:
        lowest, below = AGES[people]
        return None if context.age_years is None else lowest <= context.age_years < below
    fact, wanted = _OTHER_FACTS[people]
    known = getattr(context, fact)
    return None if known is None else bool(known == wanted)
