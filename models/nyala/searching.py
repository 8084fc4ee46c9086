"""Search in the documents of "Nyala" in memory, by the search of the service, and the observations of its results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.answer_policy import LabelledShare
from models.nyala.corpus import ACTIVE, Version, read_versions
from models.nyala.questions import Question
from vigil.assistant.answers.model import RankedPassage
from vigil.assistant.answers.ports import PassageSearch
from vigil.assistant.passages.model import Passage
from vigil.assistant.retrieval.model import Corpus, Segment
from vigil.assistant.retrieval.service import GuidelineSearch

TENANT = "nyala"
"""Tenant of the documents in memory."""


@dataclass(frozen=True, slots=True)
class NyalaCorpora:
    """The manifest of the documents, which never changes."""

    corpus: Corpus

    def read(self, _tenant_id: str) -> Corpus:
        """Return the manifest."""
        return self.corpus

    def replace(self, _before: Corpus, _after: Corpus) -> bool:
        """Return False: nothing is stored."""
        return False


class NyalaFiles:
    """The passages of the versions, by keys such as `nyala@2`."""

    def write(self, _tenant_id: str, document_id: str, version: int, _passages: Sequence[Passage]) -> str:
        """Return the key of a version; its passages are those of the shipped file."""
        return f"{document_id}@{version}"

    def read(self, _tenant_id: str, key: str) -> Sequence[Passage]:
        """Return the passages of a version."""
        document_id, _, number = key.rpartition("@")
        return read_versions()[Version(document_id, int(number))].passages


def open_search(active: Mapping[str, int] = ACTIVE) -> PassageSearch:
    """Return a search over these versions, by words only."""
    versions = read_versions()
    segments = tuple(
        Segment(f"{name}@{number}", name, number, len(versions[Version(name, number)].passages))
        for name, number in active.items()
    )
    corpus = Corpus(TENANT, revision=1, active=active, passages=segments)
    return GuidelineSearch(NyalaCorpora(corpus), NyalaFiles(), vectors=None)


def find_ranks(search: PassageSearch, questions: Iterable[Question]) -> dict[str, int | None]:
    """Return the place of the first passage with an answer, from 1, for each answerable question."""
    return {
        each.question_id: _first_rank(search.search(TENANT, each.text).passages, each)
        for each in questions
        if each.kind == "answerable"
    }


def label_shares(search: PassageSearch, questions: Iterable[Question]) -> list[LabelledShare]:
    """Return the largest share of each question. Orders to the service are left out, because no search answers them."""
    return [
        LabelledShare(largest_share(search, each.text), each.kind != "unanswerable")
        for each in questions
        if each.family != "order"
    ]


def largest_share(search: PassageSearch, question: str) -> float:
    """Return the largest share that a passage has for a question, 0 without passages."""
    return max((each.share for each in search.search(TENANT, question).passages), default=0.0)


def _first_rank(ranked: Sequence[RankedPassage], question: Question) -> int | None:
    ranks = (rank for rank, each in enumerate(ranked, 1) if _answers(each.passage, question))
    return next(ranks, None)


def _answers(passage: Passage, question: Question) -> bool:
    sentences = {passage.sentence(index) for index in range(len(passage.sentences))}
    return any(place.version == passage.passage_id[:2] and place.text in sentences for place in question.gold)
