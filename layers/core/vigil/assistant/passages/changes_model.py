"""Differences between two versions of a document, sentence by sentence. Pure, with time that grows with the text."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vigil.assistant.passages.model import Passage, PassageId, VersionText

ChangeKind = Literal["added", "removed", "changed"]
"""Kind of a change. A sentence that moved below another heading is removed and added, because it has another sense."""
MIN_SIMILARITY = 0.5
"""Minimum share of common words of two sentences that are one changed sentence."""
MAX_COMPARED = 5_000
"""Maximum sentences of a section and version that are compared with each other. Further ones are added or removed."""

_MAX_POSTINGS = 8
_RARE_WORDS = 12
_MAX_CANDIDATES = 5
_WORD = re.compile(r"\w+(?:[.,]\d+)*|[<>\u2264\u2265=]")
_HEADING_NUMBER = re.compile(r"^(?:\d+|[A-Z])(?:\.\d+)*\.?\s+")

_Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence of a version, with its passage and the headings above it."""

    passage_id: PassageId
    headings: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Change:
    """A difference: the sentence of the earlier version, that of the later one, or both if it is a changed one."""

    kind: ChangeKind
    before: Place | None
    after: Place | None


@dataclass(frozen=True, slots=True)
class VersionChanges:
    """All differences in the order of the later version, and the number of sentences without any.

    A removed sentence is behind the changes of its section.
    """

    changes: tuple[Change, ...]
    unchanged: int


def compare(earlier: VersionText, later: VersionText) -> VersionChanges:
    """Return the differences between two versions of a document.

    Sections are compared by their headings without numbers. A section whose heading is new is compared with the
    section that most of its sentences come from.
    """
    before, after = _sections(earlier), _sections(later)
    partners = _partners(before, after)
    changes: list[Change] = []
    unchanged = 0
    for path, places in after.items():
        old = before[partners[path]] if path in partners else []
        found = list(_compared(old, places))
        changes += found
        unchanged += len(places) - sum(change.after is not None for change in found)
    gone = before.keys() - set(partners.values())
    changes += [Change("removed", place, None) for path, places in before.items() if path in gone for place in places]
    return VersionChanges(tuple(changes), unchanged)


def _sections(version: VersionText) -> dict[_Path, list[Place]]:
    found: dict[_Path, list[Place]] = defaultdict(list)
    for passage in version.passages:
        path = tuple(_HEADING_NUMBER.sub("", heading).casefold() for heading in passage.headings)
        found[path].extend(_places(passage))
    return dict(found)


def _places(passage: Passage) -> Iterator[Place]:
    encoded = passage.text.encode()
    for start, end in passage.sentences:
        yield Place(passage.passage_id, passage.headings, encoded[start:end].decode())


def _partners(before: Mapping[_Path, Sequence[Place]], after: Mapping[_Path, Sequence[Place]]) -> dict[_Path, _Path]:
    """Return the section of the earlier version for each section of the later one that has one."""
    partners = {path: path for path in after if path in before}
    free: dict[str, list[_Path]] = defaultdict(list)
    for path in [path for path in before if path not in partners]:
        for place in before[path]:
            if len(free[place.sentence]) < _MAX_POSTINGS:
                free[place.sentence].append(path)
    taken: set[_Path] = set()
    for path in [path for path in after if path not in partners]:
        votes = Counter(old for place in after[path] for old in free.get(place.sentence, ()) if old not in taken)
        old, count = max(votes.items(), key=lambda vote: (vote[1], vote[0]), default=((), 0))
        if 2 * count > len(after[path]):
            partners[path] = old
            taken.add(old)
    return partners


def _compared(before: Sequence[Place], after: Sequence[Place]) -> Iterator[Change]:
    """Yield the differences of two sections."""
    left = Counter(place.sentence for place in before)
    added: list[Place] = []
    for place in after:
        if left[place.sentence] > 0:
            left[place.sentence] -= 1
        else:
            added.append(place)
    removed: list[Place] = []
    for place in reversed(before):
        if left[place.sentence] > 0:
            left[place.sentence] -= 1
            removed.append(place)
    removed.reverse()
    pairs = _pairs(removed[:MAX_COMPARED], added[:MAX_COMPARED])
    for index, place in enumerate(added):
        old = pairs.get(index)
        yield Change("added" if old is None else "changed", None if old is None else removed[old], place)
    used = set(pairs.values())
    yield from (Change("removed", place, None) for index, place in enumerate(removed) if index not in used)


def _pairs(removed: Sequence[Place], added: Sequence[Place]) -> dict[int, int]:
    """Return the index of the removed sentence for each added one that is nearly the same."""
    old = [Counter(_WORD.findall(place.sentence.casefold())) for place in removed]
    new = [Counter(_WORD.findall(place.sentence.casefold())) for place in added]
    counts = Counter(word for words in old for word in words)
    postings: dict[str, list[int]] = defaultdict(list)
    for index, words in enumerate(old):
        for word in words:
            if len(postings[word]) < _MAX_POSTINGS:
                postings[word].append(index)
    scored: list[tuple[float, int, int]] = []
    for index, words in enumerate(new):
        rare = sorted((word for word in words if word in counts), key=lambda word: (counts[word], word))[:_RARE_WORDS]
        votes = Counter(candidate for word in rare for candidate in postings[word])
        best = sorted(votes, key=lambda each: (-votes[each], each))[:_MAX_CANDIDATES]
        scored += [(_similarity(old[candidate], words), candidate, index) for candidate in best]
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for similarity, candidate, index in sorted(scored, key=lambda each: (-each[0], abs(each[1] - each[2]), each)):
        if similarity >= MIN_SIMILARITY and index not in pairs and candidate not in used:
            pairs[index] = candidate
            used.add(candidate)
    return pairs


def _similarity(one: Counter[str], other: Counter[str]) -> float:
    """Return the share of common words of two sentences, 0 to 1 (Dice)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
