"""Differences between two versions of a document, for the operator."""

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.assistant.passages.blocks_model import Block
from vigil.assistant.passages.changes_model import compare
from vigil.assistant.passages.splitting_model import split

SENTENCES = ["Give 5 mg daily.", "Give 10 mg daily to adults.", "Stop if a rash appears.", "Weigh the child first."]
sections = st.lists(st.tuples(st.sampled_from("ABC"), st.lists(st.sampled_from(SENTENCES), max_size=5)), max_size=4)


def version(number, *sections):
    blocks = [Block("paragraph", "Read all.")]
    for heading, *sentences in sections:
        blocks += [Block("heading", heading, 1), Block("paragraph", " ".join(sentences))] if sentences else []
    return split("doc", number, blocks)


def shown(earlier, later):
    found = compare(earlier, later)
    return [(c.kind, c.before and c.before.sentence, c.after and c.after.sentence) for c in found.changes]


def test_changed_added_and_removed_sentences_are_listed():
    earlier = version(
        1, ("1 Dose", "Give 5 mg daily.", "Stop if a rash appears.", "See us."), ("2 Old", "Nothing here.")
    )
    later = version(
        2, ("2 Dose", "Weigh first.", "Give 50 mg daily.", "Stop if a rash appears."), ("3 New", "All new.")
    )
    assert shown(earlier, later) == [
        ("added", None, "Weigh first."),
        ("changed", "Give 5 mg daily.", "Give 50 mg daily."),
        ("removed", "See us.", None),
        ("added", None, "All new."),
        ("removed", "Nothing here.", None),
    ]


def test_sentence_below_another_heading_is_a_change():
    earlier = version(1, ("Adults", "Give it.", "Stop."), ("Children", "Do not."))
    later = version(2, ("Adults", "Stop."), ("Children", "Do not.", "Give it."))
    assert shown(earlier, later) == [("removed", "Give it.", None), ("added", None, "Give it.")]


def test_renamed_section_is_compared_with_its_former_self():
    earlier = version(1, ("Dose", *SENTENCES))
    later = version(2, ("Amount", *SENTENCES[:-1], "Weigh the baby first."))
    assert shown(earlier, later) == [("changed", "Weigh the child first.", "Weigh the baby first.")]


def test_inserted_sentence_moves_no_passage():
    sentences = [f"Sentence {number} of the guide has a few words." for number in range(200)]
    later = version(2, ("A", "A new one.", *sentences))
    assert shown(version(1, ("A", *sentences)), later) == [("added", None, "A new one.")]


@settings(max_examples=40, deadline=None)
@given(sections, sections)
def test_changes_account_for_every_sentence(one, two):
    earlier, later = version(1, *((h, *s) for h, s in one)), version(2, *((h, *s) for h, s in two))
    found = compare(earlier, later)
    old = sum(len(passage.sentences) for passage in earlier.passages)
    new = sum(len(passage.sentences) for passage in later.passages)
    assert found.unchanged + sum(change.after is not None for change in found.changes) == new
    assert found.unchanged + sum(change.before is not None for change in found.changes) == old
    assert compare(earlier, earlier).changes == ()


def test_time_grows_with_the_text():
    def seconds(count):
        words = random.Random(count).choices(
            ["give", "stop", "drug", "dose", "child", "adult", "rash", "daily", "week"], k=20 * count
        )
        texts = [" ".join(words[i : i + 20]).capitalize() + "." for i in range(0, len(words), 20)]
        others = [text.replace("daily", "weekly") for text in reversed(texts)]
        earlier, later = version(1, ("A", *texts)), version(2, ("A", *others))
        start = time.process_time()
        compare(earlier, later)
        return time.process_time() - start

    assert seconds(2_000) < 12 * max(seconds(500), 0.01)
