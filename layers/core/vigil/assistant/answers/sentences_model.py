"""Sentences of found passages, with the facts that several checks of one answer share."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from vigil.assistant.answers.facts_model import Facts, read_facts
from vigil.assistant.answers.folding_model import fold
from vigil.assistant.passages.model import Passage

MAX_SENTENCES = 240
"""Maximum sentences of an answer's passages that are read, in the order of the ranking."""


@dataclass(frozen=True)
class SourceSentence:
    """A sentence of a passage; `index` starts at 0. Its facts are read once."""

    passage: Passage
    index: int

    @cached_property
    def text(self) -> str:
        """The text of the sentence."""
        return self.passage.sentence(self.index)

    @cached_property
    def facts(self) -> Facts:
        """The facts of the sentence."""
        return read_facts(self.text)

    @cached_property
    def stems(self) -> set[str]:
        """The stems of the sentence without the names of drugs."""
        return set(self.facts.stems) - self.facts.drugs

    @cached_property
    def people(self) -> set[str]:
        """The populations of the sentence, or of its headings if it names none."""
        return self.facts.people or read_facts(". ".join(self.passage.headings)).people

    @cached_property
    def case(self) -> str:
        """The folded first cell of a table row, which names the row; an empty text for prose."""
        return fold(self.text).text.partition(";")[0] if self.passage.kind == "table_row" else ""


def source_sentences(passages: Iterable[Passage]) -> tuple[SourceSentence, ...]:
    """Return the first MAX_SENTENCES sentences of passages, in their order."""
    sentences = (SourceSentence(each, index) for each in passages for index in range(len(each.sentences)))
    return tuple(sentence for sentence, _ in zip(sentences, range(MAX_SENTENCES), strict=False))
