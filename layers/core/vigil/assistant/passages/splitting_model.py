"""Splits the blocks of a document into passages: by headings and sentences, 80 to 220 words, without overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from vigil.assistant.passages.blocks_model import Block
from vigil.assistant.passages.failures_model import MAX_PASSAGES, UnreadableDocument
from vigil.assistant.passages.model import Passage, PassageId, PassageKind, Span, VersionText
from vigil.assistant.passages.sentences_model import MAX_SENTENCE_WORDS, sentence_ranges

MIN_WORDS, MAX_WORDS = 80, 220
"""Range of the words of a passage. A short section and a table row have fewer."""
_SEPARATOR = "\n"


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence: its range in the UTF-8 bytes of the version, its words, its page, and if it ends its block."""

    span: Span
    words: int
    page: int | None
    ends_block: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """A paragraph or list item with its sentences."""

    block: Block
    sentences: Sequence[_Sentence]


@dataclass(frozen=True, slots=True)
class _Section:
    """Sentences below the same headings, or one table row."""

    kind: PassageKind
    headings: tuple[str, ...]
    sentences: Sequence[_Sentence]


def split(document_id: str, version: int, blocks: Sequence[Block]) -> VersionText:
    """Return the text of a version, one line per block, and its passages. Raises UnreadableDocument.

    Headings are lines of the text, but part of no passage. Each other character is in exactly one passage.
    """
    text = _SEPARATOR.join(block.text for block in blocks)
    encoded = text.encode()
    passages: list[Passage] = []
    for section in _sections(blocks):
        for group in _grouped(section.sentences):
            if len(passages) == MAX_PASSAGES:
                raise UnreadableDocument("too_many_passages")
            start, end = group[0].span.start, group[-1].span.end
            passage_id = PassageId(document_id, version, len(passages) + 1)
            content = encoded[start:end].decode()
            spans = tuple(Span(each.span.start - start, each.span.end - start) for each in group)
            passages.append(
                Passage(passage_id, content, Span(start, end), spans, section.headings, group[0].page, section.kind)
            )
    if not passages:
        raise UnreadableDocument("no_text")
    return VersionText(text, tuple(passages))


def _sections(blocks: Sequence[Block]) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    parts: list[_Part] = []
    offset = 0
    for block in blocks:
        headings = tuple(text for _, text in path)
        if parts and block.kind in {"heading", "table_row"}:
            yield _Section("prose", headings, list(_with_leads(parts)))
            parts = []
        if block.kind == "heading":
            path = [*(above for above in path if above[0] < block.level), (block.level, block.text)]
        elif block.kind == "table_row":
            yield from (_Section("table_row", headings, [sentence]) for sentence in _sentences(block, offset))
        else:
            parts.append(_Part(block, _sentences(block, offset)))
        offset += len(block.text.encode()) + len(_SEPARATOR)
    if parts:
        yield _Section("prose", tuple(text for _, text in path), list(_with_leads(parts)))


def _with_leads(parts: Sequence[_Part]) -> Iterator[_Sentence]:
    """Yield the sentences. A sentence that ends with a colon forms one with all list items below it.

    An item such as "Pregnancy." has no meaning without "Contraindicated in:". A list of more than 220 words stays
    apart from its lead, because a part of it would look complete.
    """
    index = 0
    while index < len(parts):
        part, index = parts[index], index + 1
        items = _items_from(parts, index) if part.block.text.endswith(":") else []
        joined = [part.sentences[-1], *(sentence for item in items for sentence in item.sentences)]
        if not items or sum(sentence.words for sentence in joined) > MAX_SENTENCE_WORDS:
            yield from part.sentences
            continue
        yield from part.sentences[:-1]
        words = sum(sentence.words for sentence in joined)
        yield _Sentence(Span(joined[0].span.start, joined[-1].span.end), words, joined[0].page, ends_block=True)
        index += len(items)


def _items_from(parts: Sequence[_Part], index: int) -> Sequence[_Part]:
    """Return the list items from an index on, at most as many as one sentence can have words."""
    items = parts[index : index + MAX_SENTENCE_WORDS + 1]
    return list(takewhile(lambda part: part.block.kind == "list_item", items))


def _sentences(block: Block, offset: int) -> list[_Sentence]:
    """Return the sentences of a block. Offsets of bytes follow from the lengths of the parts between them."""
    found: list[_Sentence] = []
    place = 0
    for start, end in sentence_ranges(block.text):
        offset += len(block.text[place:start].encode())
        size = len(block.text[start:end].encode())
        words = len(block.text[start:end].split())
        found.append(_Sentence(Span(offset, offset + size), words, block.page, end == len(block.text)))
        offset, place = offset + size, end
    return found


def _grouped(sentences: Sequence[_Sentence]) -> Iterator[Sequence[_Sentence]]:
    """Yield the sentences of each passage. A passage ends with a block if it has enough words by then."""
    groups: list[list[_Sentence]] = []
    words = MAX_WORDS
    for sentence in sentences:
        if words + sentence.words > MAX_WORDS or (words >= MIN_WORDS and groups[-1][-1].ends_block):
            groups.append([])
            words = 0
        groups[-1].append(sentence)
        words += sentence.words
    if len(groups) > 1 and _words(groups[-1]) < MIN_WORDS:
        groups[-2:] = _evened(groups[-2], groups[-1])
    yield from groups


def _evened(before: list[_Sentence], last: list[_Sentence]) -> list[list[_Sentence]]:
    """Return the last two groups as one, or with sentences moved to the last one until it has enough words."""
    if _words(before) + _words(last) <= MAX_WORDS:
        return [[*before, *last]]
    while _words(last) < MIN_WORDS and _words(before) - before[-1].words >= MIN_WORDS:
        before, last = before[:-1], [before[-1], *last]
    return [before, last]


def _words(sentences: Sequence[_Sentence]) -> int:
    return sum(sentence.words for sentence in sentences)
