"""Terms of texts, and BM25 over them."""

import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.guidelines import passage, passages
from vigil.assistant.retrieval.bm25_model import score
from vigil.assistant.retrieval.passages_library_model import load_library
from vigil.assistant.retrieval.segment_terms_model import index_passages
from vigil.assistant.retrieval.terms_model import grams, stems

pytestmark = pytest.mark.usefixtures("own_libraries")

WORDS = (
    *("tenofovir", "rifampicin", "dose", "daily", "weekly", "children", "adults", "pregnant", "renal"),
    *("function", "not", "without", "2.5", "mg", "stop", "start"),
)
SHORT_TEXTS = st.text("ab é", max_size=40)
"""Texts of few letters, so that most of them have grams in common."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Co-trimoxazole and co\u2011trimoxazole", ["cotrimoxazole", "cotrimoxazole"]),
        ("5-10 mg, 2.5 mL", ["5", "10", "mg", "2.5", "ml"]),
        ("Infecção, INFECCAO", ["infeccao", "infeccao"]),
        ("do not give without food", ["not", "give", "without", "food"]),
        ("monitors monitoring monitored", ["monitor", "monitor", "monitor"]),
        ("ﬁbrosis of the liver", ["fibrosi", "liver"]),
        ("治療 ሕክምና", ["治療", "ሕክምና"]),
        ("...", []),
    ],
)
def test_stems_of_a_text(text, expected):
    assert stems(text) == expected


def test_grams_mark_both_ends_of_a_stem():
    assert grams("dose") == ("^do", "dos", "ose", "se$", "^dos", "dose", "ose$", "^dose", "dose$")
    assert grams("mg") == ("^mg", "mg$", "^mg$")
    assert grams("5") == ("^5$",)


def simple_scores(question, texts):
    """Return BM25 scores and shares by the formulas alone."""
    documents = [Counter(gram for stem in stems(text) for gram in grams(stem)) for text in texts]
    average = sum(sum(each.values()) for each in documents) / len(documents)
    scores, shares, whole = [0.0] * len(texts), [0.0] * len(texts), 0.0
    for gram, times in Counter(gram for stem in stems(question) for gram in grams(stem)).items():
        having = sum(gram in each for each in documents)
        weight = times * math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        whole += weight
        for place, each in enumerate(documents):
            norm = 1.2 * (1 - 0.75 + 0.75 * sum(each.values()) / average)
            scores[place] += weight * each[gram] * 2.2 / (each[gram] + norm)
            shares[place] += weight * (gram in each)
    return scores, [share / (whole or 1) for share in shares]


@pytest.mark.parametrize("is_native", [True, False])
def test_scores_are_those_of_the_formula_over_all_segments(is_native):
    random = Random(1)
    texts = [" ".join(random.choices(WORDS, k=random.randint(1, 30))) for _ in range(60)]
    segments = [
        index_passages(passages("doc", version, texts[version * 20 : version * 20 + 20])) for version in range(3)
    ]
    for _ in range(20):
        question = " ".join(random.choices([*WORDS, "unknown"], k=random.randint(1, 8)))
        found = score(load_library() if is_native else None, question, segments)
        scores, shares = simple_scores(question, texts)
        assert [value for each in found for value in each.scores] == pytest.approx(scores)
        assert [value for each in found for value in each.shares] == pytest.approx(shares)


@given(st.lists(SHORT_TEXTS, min_size=1, max_size=8), SHORT_TEXTS, st.integers(1, 3))
def test_python_and_the_library_compute_the_same_bits(texts, question, parts):
    segments = [index_passages(passages("doc", part + 1, texts[part::parts])) for part in range(parts)]
    assert load_library() is not None
    assert score(load_library(), question, segments) == score(None, question, segments)


def test_scores_do_not_depend_on_the_division_into_segments():
    random = Random(2)
    texts = [" ".join(random.choices(WORDS, k=12)) for _ in range(12)]
    whole = score(None, "rifampicin dose in children", [index_passages(passages("doc", 1, texts))])
    parts = [index_passages([passage("doc", 1, 1, text)]) for text in texts]
    divided = score(None, "rifampicin dose in children", parts)
    assert [list(each.scores) for each in whole] == [[each.scores[0] for each in divided]]


def test_headings_are_searched():
    (found,) = score(None, "malaria", [index_passages([passage("doc", 1, 1, "Give ACT.", "Malaria", "Treatment")])])
    assert found.shares[0] == 1.0


def test_a_question_without_words_matches_nothing():
    for library in (None, load_library()):
        (found,) = score(library, "the ... of", [index_passages(passages("doc", 1, ["one", "two"]))])
        assert (list(found.scores), list(found.shares)) == ([0.0, 0.0], [0.0, 0.0])
        assert score(library, "dose", []) == []
