"""The words that may leave: lists of words, and the words of a tenant's documents. Pure values."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from vigil.privacy.masking.normal_form_model import normalise

_BLOCK_BYTES = 1024
_MAX_WORD_CHARACTERS = 40
MAX_DOCUMENT_WORDS = 200_000
"""Maximum different words of a tenant's documents."""
_ADDRESS = re.compile(r"(?<!\S)\S*(?:@|://|www\.)\S*")
_WORD = re.compile(r"[^\W_]+")
_DEFINED = re.compile(r"\(([A-Z][A-Z0-9]{1,5})s?\)")
_ENDINGS = ("n't", "'s", "'re", "'ve", "'ll", "'d", "'m", "s'", "'")
_CONTRACTIONS = {"can't": "can", "won't": "will", "shan't": "shall", "o'clock": "clock"}


class WordList:
    """Sorted words, one a line, that stay bytes.

    40,000 words need 0.4 MB instead of 4.4 MB as a set, and a look-up takes 3 microseconds.
    """

    def __init__(self, lines: bytes) -> None:
        self._lines = b"\n" + lines.strip() + b"\n"
        self._starts = [
            self._lines.rfind(b"\n", 0, place + 1) for place in range(0, len(self._lines) - 1, _BLOCK_BYTES)
        ]
        self._first_words = [self._lines[start + 1 : self._lines.find(b"\n", start + 1)] for start in self._starts]
        self._starts.append(len(self._lines) - 1)

    def __contains__(self, word: str) -> bool:
        line = word.encode()
        block = bisect_right(self._first_words, line) - 1
        return block >= 0 and self._lines.find(b"\n%b\n" % line, self._starts[block], self._starts[block + 1] + 1) >= 0


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """Words in small letters, and abbreviations, of a tenant's active documents."""

    words: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words that may leave.

    `general` has words of plain English; `clinical` has words of medicine. `abbreviations` leave in their own
    spelling only. `name_words` are names if they have a capital letter, and `given_names` never leave.
    """

    general: WordList = field(repr=False)
    clinical: frozenset[str] = field(repr=False)
    abbreviations: frozenset[str] = field(repr=False)
    name_words: frozenset[str] = field(repr=False)
    given_names: frozenset[str] = field(repr=False)
    documents: DocumentWords = field(default_factory=DocumentWords, repr=False)

    def knows(self, word: str) -> bool:
        """Return True if a word in small letters may leave."""
        if len(word) > _MAX_WORD_CHARACTERS:
            return False
        base = base_form(word)
        if base in self.given_names:
            return False
        return base in self.clinical or base in self.documents.words or base in self.general

    def abbreviates(self, word: str) -> bool:
        """Return True for an abbreviation or a proper noun that may leave, in exactly this spelling."""
        base = word.removesuffix("'s")
        return base in self.abbreviations or base in self.documents.abbreviations

    def is_clinical(self, word: str) -> bool:
        """Return True for a word of medicine in small letters that is no name."""
        base = base_form(word)
        return base in self.clinical and base not in self.name_words


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, which spaces separate."""
    return frozenset(text.split())


def base_form(word: str) -> str:
    """Return a word in small letters without the ending of a contraction or a possessive."""
    if "'" not in word:
        return word
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word]
    return next((word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)), word)


def document_words(texts: Iterable[str]) -> DocumentWords:
    """Return the words of documents that may leave.

    A word counts if it stands in small letters: names of authors and places have a capital. Addresses are left out. An
    abbreviation of 2 to 6 characters counts if a document defines it in brackets, such as `viral load (VL)`.
    """
    words: Counter[str] = Counter()
    abbreviations: set[str] = set()
    for text in texts:
        plain = normalise(_ADDRESS.sub(" ", text))
        words.update(word for word in _WORD.findall(plain) if word.isalpha() and word.islower())
        abbreviations.update(_DEFINED.findall(plain))
    return DocumentWords(
        frozenset(word for word, _ in words.most_common(MAX_DOCUMENT_WORDS) if len(word) > 1), frozenset(abbreviations)
    )
