"""Form of the passages of one document version in JSON: each one is a list of its values."""

from collections.abc import Sequence
from typing import Any

from vigil.assistant.passages.model import Passage, PassageId, Span


def to_document(passages: Sequence[Passage]) -> list[list[Any]]:
    """Return passages of one version as JSON values."""
    return [
        [each.passage_id.number, each.text, each.span, each.sentences, each.headings, each.page, each.kind]
        for each in passages
    ]


def from_document(document_id: str, version: int, document: Sequence[Sequence[Any]]) -> tuple[Passage, ...]:
    """Return the passages of a version."""
    return tuple(
        Passage(
            PassageId(document_id, version, number), text, Span(*span), tuple(Span(*s) for s in sentences),
            tuple(headings), page, kind,
        )
        for number, text, span, sentences, headings, page, kind in document
    )  # fmt: skip
