"""Contradictions: nearly equal sentences of different active documents that differ in a fact."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal

from vigil.assistant.answers.facts_model import Facts
from vigil.assistant.answers.model import Citation, Contradiction, Statement
from vigil.assistant.answers.sentences_model import SourceSentence
from vigil.assistant.answers.statements_model import cite, is_showable

MIN_OVERLAP = 0.6
"""Smallest share of the stems of the longer sentence that both sentences contain."""
MIN_SHARED_STEMS = 3
"""Smallest number of stems that both sentences contain."""
MAX_CONTRADICTIONS = 4
"""Maximum contradictions of an answer."""
_CASES = {"kg", "year", "cm"}
"""Units of quantities that name a case, such as the weight in a list of doses."""
_DURATIONS = {"minute", "hour", "day", "month"}
_UNRELATED = (0.0, 0.0)

Difference = Literal["drug", "number", "limit", "frequency", "polarity", "opposite"]
"""Kind of a difference between two sentences."""


def find_contradictions(sentences: Sequence[SourceSentence]) -> tuple[Contradiction, ...]:
    """Return the contradictions between sentences of different documents, in their order.

    A sentence is compared with the nearest sentence of each other document, if it is also the nearest in return.

    Measured: of 166 planted changes of a number, unit, limit, frequency, polarity or drug, 164 are found. No
    difference is found in 2,016 pairs of unrelated sentences and 189 pairs of equal meaning.
    """
    found = []
    for one, other in _nearest_pairs(sentences):
        difference = _find_difference(one, other)
        if difference and all(is_showable(each.text) for each in (one, other)):
            found.append(Contradiction(_citation(one), _citation(other), difference))
    return tuple(found[:MAX_CONTRADICTIONS])


def without_sides(statements: Sequence[Statement], contradictions: Sequence[Contradiction]) -> tuple[Statement, ...]:
    """Return the statements that contain no side of a contradiction: a contradiction shows both sides together."""
    sides = [side for each in contradictions for side in (each.one, each.other)]
    return tuple(each for each in statements if not any(_contains(each.citation, side) for side in sides))


def _find_difference(one: SourceSentence, other: SourceSentence) -> Difference | None:
    """Return the first difference of two sentences that are about the same case, or None."""
    a, b = one.facts, other.facts
    if (one.people and other.people and not one.people & other.people) or one.case != other.case:
        return None
    numbers = _differing_units(a, b)
    if a.drugs and b.drugs and a.drugs != b.drugs:
        return None if not a.drugs & b.drugs and (numbers or a.frequencies != b.frequencies) else "drug"
    if numbers and (numbers & _CASES) and numbers - _CASES:
        return None
    checks: tuple[tuple[Difference, bool], ...] = (
        ("number", bool(numbers)),
        ("limit", _has_other_signs(a, b)),
        ("frequency", bool(a.frequencies and b.frequencies and a.frequencies != b.frequencies)),
        ("polarity", any(c.is_negative for c in a.clauses) != any(c.is_negative for c in b.clauses)),
        ("opposite", _has_opposites(a, b)),
    )
    return next((difference for difference, differs in checks if differs), None)


def _differing_units(one: Facts, other: Facts) -> set[str]:
    """Return the units of quantities and doses of one sentence in whose place the other has a similar one."""
    only, others = one.quantities - other.quantities, other.quantities - one.quantities
    kinds, values = {_kind(each.unit) for each in others}, {each.value for each in others}
    units = {each.unit for each in only if _kind(each.unit) in kinds or each.value in values}
    drugs = {dose.drug for dose in one.doses} & {dose.drug for dose in other.doses}
    return units | {dose.quantity.unit for dose in one.doses ^ other.doses if dose.drug in drugs}


def _kind(unit: str) -> str:
    return "duration" if unit in _DURATIONS else unit


def _has_other_signs(one: Facts, other: Facts) -> bool:
    given = {limit.quantity: limit.sign for limit in one.limits}
    return any(given.get(limit.quantity, limit.sign) != limit.sign for limit in other.limits)


def _has_opposites(one: Facts, other: Facts) -> bool:
    given = set(one.opposites)
    groups = {group for group, _ in given}
    return any(group in groups and (group, side) not in given for group, side in other.opposites)


def _nearest_pairs(sentences: Sequence[SourceSentence]) -> Iterator[tuple[SourceSentence, SourceSentence]]:
    """Yield the pairs of different documents in which each sentence is the nearest to the other."""
    documents = [each.passage.passage_id.document_id for each in sentences]
    nearest: dict[tuple[int, str], tuple[tuple[float, float], int]] = {}
    for first, second in combinations(range(len(sentences)), 2):
        if documents[first] == documents[second]:
            continue
        nearness = _nearness(sentences[first], sentences[second])
        for own, other in ((first, second), (second, first)):
            if nearness > nearest.get((own, documents[other]), (_UNRELATED, other))[0]:
                nearest[own, documents[other]] = nearness, other
    for own, document in sorted(nearest):
        other = nearest[own, document][1]
        if own < other and nearest[other, documents[own]][1] == own:
            yield sentences[own], sentences[other]


def _nearness(one: SourceSentence, other: SourceSentence) -> tuple[float, float]:
    """Return the shares of stems and of drugs that both sentences contain; `_UNRELATED` for too few stems.

    Drugs that only one of them names do not lower the share of stems.
    """
    drugs = len(one.facts.drugs & other.facts.drugs)
    shared = len(one.stems & other.stems) + drugs
    share = shared / max(len(one.stems) + drugs, len(other.stems) + drugs, 1)
    if shared < MIN_SHARED_STEMS or share < MIN_OVERLAP:
        return _UNRELATED
    return share, drugs / max(len(one.facts.drugs | other.facts.drugs), 1)


def _citation(sentence: SourceSentence) -> Citation:
    return cite(sentence.passage, sentence.index, sentence.index)


def _contains(citation: Citation, side: Citation) -> bool:
    return (
        citation.passage_id == side.passage_id
        and citation.span.start < side.span.end
        and side.span.start < citation.span.end
    )
