"""Statements: selected sentences as the bytes of their source, and the proof that a citation is one."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vigil.assistant.answers.containment_model import instruction_like, is_plain_text
from vigil.assistant.answers.facts_model import read_facts
from vigil.assistant.answers.model import MAX_STATEMENTS, Citation, Selection, Statement, StatementKind
from vigil.assistant.passages.model import Passage, PassageId, Span, VersionText

MAX_SELECTIONS = 64
"""Maximum selections that are read; further ones are ignored."""
_ORDER = re.compile(
    r"(?:give|use|start|offer|take|check|measure|repeat|refer|screen|treat|record|add|reduce|increase|continue|call|wash"
    r"|monitor|ensure|switch|prescribe)\b|.*\b(?:should|must|recommend(?:ed|s)?|first choice|preferred)\b",
    re.IGNORECASE | re.DOTALL,
)


class _Range(NamedTuple):
    passage: Passage
    first: int
    last: int


def state(
    selections: Sequence[Selection], passages: Sequence[Passage], active: Mapping[str, int]
) -> tuple[Statement, ...]:
    """Return the statements of selections, in their order, at most MAX_STATEMENTS.

    Unknown passages and sentences, and passages of versions that are not active, are dropped. Ranges of one passage
    that share a sentence become one, at the place of the first. Sentences that are no plain text or address the service
    are left out, and split their range. Passages with such instructions are never cited alone: without a statement of
    another passage, theirs are dropped.
    """
    known = {
        each.passage_id: each for each in passages if active.get(each.passage_id.document_id) == each.passage_id.version
    }
    ranges = _merged(
        [_Range(known[s.passage_id], s.first, s.last) for s in selections[:MAX_SELECTIONS] if _fits(s, known)]
    )
    parts = [part for each in ranges for part in _shown_parts(each)]
    suspect = {each.passage.passage_id for each in ranges if is_suspect(each.passage)}
    if all(part.passage.passage_id in suspect for part in parts):
        return ()
    citations = [cite(*part) for part in parts[:MAX_STATEMENTS]]
    return tuple(Statement(statement_kind(each.quote), each) for each in citations)


def cite(passage: Passage, first: int, last: int) -> Citation:
    """Return the citation of whole sentences of a passage: first and last index, both included, from 0."""
    start, end = passage.sentences[first].start, passage.sentences[last].end
    return Citation(
        passage_id=passage.passage_id,
        span=Span(passage.span.start + start, passage.span.start + end),
        passage_digest=passage.digest,
        quote=passage.text.encode()[start:end].decode(),
        headings=passage.headings,
        page=passage.page,
    )


def verify(citation: Citation, version: VersionText) -> bool:
    """Return True if a citation is whole sentences of a passage of this version, byte by byte.

    `version` is the stored text of the version that the citation names.
    """
    start, end = citation.span
    passage = next((each for each in version.passages if each.passage_id == citation.passage_id), None)
    return (
        passage is not None
        and passage.digest == citation.passage_digest
        and any(passage.span.start + each.start == start for each in passage.sentences)
        and any(passage.span.start + each.end == end for each in passage.sentences)
        and start < end
        and version.text.encode()[start:end] == citation.quote.encode()
    )


def statement_kind(sentence: str) -> StatementKind:
    """Return the kind of a statement from its words: a warning advises against, a recommendation orders."""
    if any(clause.advises_against for clause in read_facts(sentence).clauses):
        return "warning"
    return "recommendation" if _ORDER.match(sentence) else "evidence"


def is_showable(sentence: str) -> bool:
    """Return True if a sentence is plain text that does not address the service."""
    return is_plain_text(sentence) and not instruction_like(sentence)


def is_suspect(passage: Passage) -> bool:
    """Return True if the text or the headings of a passage address the service."""
    return instruction_like(passage.text) or any(map(instruction_like, passage.headings))


def _fits(selection: Selection, known: Mapping[PassageId, Passage]) -> bool:
    passage = known.get(selection.passage_id)
    return passage is not None and 0 <= selection.first <= selection.last < len(passage.sentences)


def _merged(ranges: Sequence[_Range]) -> list[_Range]:
    """Return ranges that share no sentence: each joins the earlier ones that it meets, at the place of the first."""
    merged: list[_Range] = []
    for each in ranges:
        met = [
            one for one in merged if one.passage is each.passage and one.first <= each.last and each.first <= one.last
        ]
        joined = _Range(each.passage, min(r.first for r in [each, *met]), max(r.last for r in [each, *met]))
        place = merged.index(met[0]) if met else len(merged)
        merged = [one for one in merged if one not in met]
        merged.insert(place, joined)
    return merged


def _shown_parts(part: _Range) -> list[_Range]:
    """Return the longest parts of a range without sentences that may not be shown."""
    shown: list[_Range] = []
    for index in range(part.first, part.last + 1):
        if not is_showable(part.passage.sentence(index)):
            continue
        if shown and shown[-1].last == index - 1:
            shown[-1] = shown[-1]._replace(last=index)
        else:
            shown.append(_Range(part.passage, index, index))
    return shown
