"""Vectors by hashing."""

import hashlib
from array import array
from math import fsum, hypot
from operator import mul

import pytest

from vigil.assistant.retrieval.hashed_embedder import MAX_TEXTS, HashedEmbedder
from vigil.assistant.retrieval.model import VectorSpace

TEXT = "Do not give tenofovir if the creatinine clearance is below 50 mL per minute."


def vectors(*texts):
    return HashedEmbedder().embed("ten-a", texts).vectors


def cosine(one, other):
    return fsum(map(mul, *vectors(one, other)))


def test_the_space_names_hashing_and_the_dimension():
    assert HashedEmbedder().space == VectorSpace("hashed/1", 1_024)
    assert HashedEmbedder().embed("ten-a", [TEXT]).tokens == 0


@pytest.mark.parametrize("text", [TEXT, "", "...", "a", "治療", "ﬁ" * 5_000])
def test_every_vector_has_the_dimension_and_length_1(text):
    (vector,) = vectors(text)
    assert len(vector) == 1_024
    assert hypot(*vector) == pytest.approx(1)


def test_the_vector_of_a_text_is_the_same_in_every_release():
    """Stored vectors are compared with those of later questions. A change needs another name than `hashed/1`."""
    (vector,) = vectors(TEXT)
    digest = hashlib.sha256(array("f", [round(value, 5) for value in vector]).tobytes()).hexdigest()
    assert digest == "13b26c7310607913d70e77e70a4cb92453cb825c0f5f8634a5f611adf9647bd7"


def test_texts_with_common_words_are_nearer():
    assert cosine(TEXT, "creatinine clearance and tenofovir") > cosine(TEXT, "Children receive abacavir.") + 0.2
    assert cosine(TEXT, TEXT) == pytest.approx(1)


def test_more_texts_than_the_limit_are_refused():
    assert len(vectors(*["a"] * MAX_TEXTS)) == MAX_TEXTS
    with pytest.raises(ValueError, match="at most 256"):
        vectors(*["a"] * (MAX_TEXTS + 1))
