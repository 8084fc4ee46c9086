"""Selection of sentences without a model: by the weight of the question's terms that a sentence contains."""

import math
from collections import Counter
from collections.abc import Sequence

from vigil.assistant.answers.facts_model import read_facts
from vigil.assistant.answers.model import Selection
from vigil.assistant.answers.sentences_model import SourceSentence

MAX_SELECTED = 4
"""Maximum sentences that are selected without a model."""
MIN_SHARE = 0.35
"""Smallest share of the question's weight in a selected sentence and its headings."""
_MIN_SHARE_OF_BEST = 0.7
_HEADING_WEIGHT = 0.5
"""Weight of a term that only the headings contain."""


def select_sentences(question: str, sentences: Sequence[SourceSentence]) -> tuple[Selection, ...]:
    """Return the sentences with the largest shares of the question's terms, the best first.

    A term weighs more if fewer sentences contain it. Equal shares are in the order of the sentences.
    """
    terms = set(read_facts(question).stems)
    found = [terms.intersection(each.facts.stems) for each in sentences]
    paths = {each.passage.headings for each in sentences}
    headings = {path: terms.intersection(read_facts(". ".join(path)).stems) for path in paths}
    counts = Counter(term for each in found for term in each)
    weights = {term: math.log(1 + (len(sentences) + 1) / (counts[term] + 0.5)) for term in terms}
    total = math.fsum(weights.values())

    def share(place: int) -> float:
        above = headings[sentences[place].passage.headings] - found[place]
        weight = math.fsum(weights[each] for each in found[place])
        return (weight + _HEADING_WEIGHT * math.fsum(weights[each] for each in above)) / total

    shares = [share(place) if found[place] else 0.0 for place in range(len(sentences))]
    least = max(MIN_SHARE, _MIN_SHARE_OF_BEST * max(shares, default=0.0))
    best = sorted((place for place, each in enumerate(shares) if each >= least), key=lambda place: -shares[place])
    chosen = [sentences[place] for place in best[:MAX_SELECTED]]
    return tuple(Selection(each.passage.passage_id, each.index, each.index) for each in chosen)
