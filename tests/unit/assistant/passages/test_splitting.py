"""Passages and sentences of documents: nothing lost, nothing twice, and no end inside a sentence."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.assistant.passages import splitting_model
from vigil.assistant.passages.blocks_model import Block
from vigil.assistant.passages.characters_model import normal_form
from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.sentences_model import MAX_SENTENCE_CHARACTERS, MAX_SENTENCE_WORDS, sentence_ranges
from vigil.assistant.passages.splitting_model import MAX_WORDS, MIN_WORDS, split

WORDS = [
    "Give",
    "mg.",
    "e.g.",
    "1.",
    "5.5",
    "não",
    "≥",
    "Dr.",
    "end.",
    "end?",
    "A.",
    "β",
    "why:",
    "e\u0301.",
    "。",
    '"No."',
]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=120).map(" ".join).map(lambda text: normal_form(text)[0])
kinds = st.sampled_from(["heading", "paragraph", "paragraph", "list_item", "table_row"])
blocks = st.builds(
    lambda kind, text, level: Block(kind, text, level if kind == "heading" else 0), kinds, texts, st.integers(1, 4)
)
documents = st.lists(blocks, min_size=1, max_size=12).filter(
    lambda document: any(block.kind != "heading" for block in document)
)


@pytest.mark.parametrize(
    "sentences",
    [
        ["Give 5 mg/kg.", "Repeat after 8 h.", "Stop."],
        ["Take e.g. Paracetamol or i.e. Acetaminophen with food.", "Ask Dr. Otieno vs. Prof. Banda first."],
        ["Give 0.5 mg, i.e. half a tablet, approx. 10 min. before food.", "Was it 2.5?", "Yes!"],
        ["1. Weigh the child.", "2. Give 1.5 ml."],
        ["See section 1.2.3 Treatment of adults for doses.", "See 1.2.3.", "Then stop."],
        ["1.2.3 Heading numbers stay whole.", "Next."],
        ['He said "Stop."', "(See Fig. 2.)", "End"],
        ["It was seen by J. Smith et al. (2020) in No. 5."],
        ["The limit is 5 mg... no more.", "Stop."],
        ["用药一次。", "不要停药。"],
    ],
)
def test_sentences_end_at_their_ends(sentences):
    text = ("" if sentences[0].endswith("。") else " ").join(sentences)
    assert [text[start:end] for start, end in sentence_ranges(text)] == sentences


@settings(max_examples=40, deadline=None)
@given(documents)
def test_passages_are_the_text_without_headings(document):
    version = split("doc", 3, document)
    encoded = version.text.encode()
    assert version.text == "\n".join(block.text for block in document)
    assert [passage.passage_id.number for passage in version.passages] == list(range(1, len(version.passages) + 1))
    for passage in version.passages:
        start, end = passage.span
        assert encoded[start:end].decode() == passage.text
        assert passage.sentences[0].start == 0
        assert passage.sentences[-1].end == end - start
        own = passage.text.encode()
        assert all(own[one.end : two.start].decode().strip() == "" for one, two in pairwise(passage.sentences))
        assert all(one.end <= two.start for one, two in pairwise(passage.sentences))
    visible = "".join(block.text for block in document if block.kind != "heading")
    shown = "".join(passage.sentence(i) for passage in version.passages for i in range(len(passage.sentences)))
    assert "".join(shown.split()) == "".join(visible.split())


@settings(max_examples=40, deadline=None)
@given(documents)
def test_passages_keep_to_headings_rows_and_sizes(document):
    version = split("doc", 1, document)
    path, places, start = [], {}, 0
    for block in document:
        if block.kind == "heading":
            path = [*(above for above in path if above.level < block.level), block]
        kind = "table_row" if block.kind == "table_row" else "prose"
        places[start] = (tuple(above.text for above in path), kind)
        start += len(block.text.encode()) + 1
    for passage in version.passages:
        inside = {places[begin] for begin in places if passage.span.start <= begin < passage.span.end}
        assert inside <= {(passage.headings, passage.kind)}
        assert len(passage.text.split()) <= MAX_WORDS


def test_long_section_is_divided_into_even_passages():
    sentence = "The dose of the drug is the same in all adults. "
    for count in (9, 21, 23, 29, 30, 44, 60, 200):
        version = split("doc", 1, [Block("paragraph", (sentence * count).strip())])
        sizes = [len(passage.text.split()) for passage in version.passages]
        assert sum(sizes) == 10 * count + count
        assert max(sizes) <= MAX_WORDS
        assert min(sizes) >= min(MIN_WORDS, 11 * count)


def test_list_is_one_sentence_with_its_lead():
    items = [Block("list_item", text) for text in ("Pregnancy.", "Renal failure, i.e. a clearance below 30.")]
    document = [
        Block("paragraph", "Read this first. The drug is contraindicated in:"),
        *items,
        Block("paragraph", "End."),
    ]
    (passage,) = split("doc", 1, document).passages
    lead = "The drug is contraindicated in:\nPregnancy.\nRenal failure, i.e. a clearance below 30."
    assert [passage.sentence(i) for i in range(3)] == ["Read this first.", lead, "End."]


def test_long_list_stays_apart_from_its_lead():
    items = [Block("list_item", f"Item {number} of the list.") for number in range(60)]
    version = split("doc", 1, [Block("paragraph", "Not for:"), *items])
    sentences = [passage.sentence(i) for passage in version.passages for i in range(len(passage.sentences))]
    assert sentences == ["Not for:", *(item.text for item in items)]


@pytest.mark.parametrize("text", ["x" * 30_000, "word " * 3_000, "one, two three; " * 500, "日" * 9_000, ". " * 9_000])
def test_text_without_ends_has_bounded_sentences(text):
    text = normal_form(text)[0]
    found = [text[start:end] for start, end in sentence_ranges(text)]
    assert "".join("".join(found).split()) == "".join(text.split())
    assert max(map(len, found)) <= MAX_SENTENCE_CHARACTERS
    assert max(len(sentence.split()) for sentence in found) <= MAX_SENTENCE_WORDS


def test_document_of_headings_is_refused():
    with pytest.raises(UnreadableDocument) as refused:
        split("doc", 1, [Block("heading", "Guide", 1)])
    assert refused.value.code == "no_text"


def test_too_many_passages_are_refused(monkeypatch):
    monkeypatch.setattr(splitting_model, "MAX_PASSAGES", 10)
    rows = [Block("table_row", f"Row: {number}") for number in range(11)]
    assert len(split("doc", 1, rows[:10]).passages) == 10
    with pytest.raises(UnreadableDocument) as refused:
        split("doc", 1, rows)
    assert refused.value.code == "too_many_passages"
