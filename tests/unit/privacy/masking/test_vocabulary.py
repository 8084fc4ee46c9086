"""Lists of words: shipped files are sorted, and a look-up in bytes agrees with a set."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.privacy.masking import words_store
from vigil.privacy.masking.vocabulary_model import DocumentWords, WordList, base_form

FOLDER = Path(words_store.__file__).parent / "words"
VOCABULARY = words_store.shipped_vocabulary(DocumentWords())


def words(name):
    return (FOLDER / f"{name}.txt").read_text().split()


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.txt")))
def test_a_list_is_sorted_without_doubles(name):
    assert words(name) == sorted(set(words(name)))


def test_the_lists_have_at_most_half_a_megabyte():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 500_000


def test_given_names_are_in_no_other_list():
    others = {*words("words"), *words("clinical"), *words("name_words"), *words("abbreviations")}
    assert others & set(words("given_names")) == set()


@given(st.lists(st.text("ab", min_size=1, max_size=9), min_size=1), st.text("ab", max_size=9))
def test_a_look_up_agrees_with_a_set(listed, word):
    lines = "\n".join(sorted(set(listed))).encode()
    assert all(each in WordList(lines) for each in listed)
    assert (word in WordList(lines)) == (word in listed)


def test_a_look_up_finds_each_shipped_word():
    general = words("words")
    assert all(word in VOCABULARY.general for word in general)
    assert not any(f"{word}qq" in VOCABULARY.general for word in general[::50])


@pytest.mark.parametrize(
    ("word", "base"),
    [("doesn't", "does"), ("patient's", "patient"), ("can't", "can"), ("they've", "they"), ("fever", "fever")],
)
def test_a_contraction_has_the_form_of_its_word(word, base):
    assert base_form(word) == base
