"""Ports of answers: the model that selects sentences, and the search for passages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from vigil.assistant.answers.model import MissingPart, RankedPassage, Selection


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens that a vendor bills for one request. `is_estimate` is True if the vendor's answer was lost."""

    input_tokens: int
    output_tokens: int
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Selected:
    """The answer of a model: True and at least one selection, or False, no selection and the missing part."""

    is_answerable: bool
    selections: tuple[Selection, ...]
    missing: MissingPart
    usage: TokenUsage


class NoSelection(Exception):
    """The model gave no usable answer. `usage` has the tokens that the vendor bills, or None if it bills nothing."""

    def __init__(self, usage: TokenUsage | None) -> None:
        super().__init__("The model gave no usable answer.")
        self.usage = usage


class SentenceSelector(Protocol):
    """A language model that selects sentences. It sees only masked text."""

    def select(
        self, tenant_id: str, question: str, context: Mapping[str, str], passages: Sequence[RankedPassage]
    ) -> Selected:
        """Return the sentences that answer the question, in their order. Raises NoSelection.

        `question` and `context` are masked. At most two requests leave, and only one after a read time-out.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The nearest passages, the best first, at most 12, and the revision of the manifest that named them.

    `embedding_tokens` are billed for the question. `is_without_vectors` is True if the search by vectors is configured
    and did not take part.
    """

    passages: tuple[RankedPassage, ...]
    revision: int
    embedding_tokens: int = 0
    is_without_vectors: bool = False


class PassageSearch(Protocol):
    """Search in the active documents of a tenant."""

    def search(self, tenant_id: str, question: str) -> SearchResult:
        """Return the nearest passages. Raises Unavailable.

        `question` is masked, because the embedding model of a vendor may receive it.
        """
        ...
