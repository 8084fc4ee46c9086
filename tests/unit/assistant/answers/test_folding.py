"""Folding: one form for all spellings, with places in the original."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.guideline_sentences import SENTENCES, twins
from vigil.assistant.answers.folding_model import fold, is_hidden, locate


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Give  5\u00a0mg\u202f\u2013 TWICE", "give 5mg - twice"),
        ("tuber-\n culosis co-trimoxazole", "tuberculosis co-trimoxazole"),
        ("1,000 and 1\u202f000\u202f000 copies", "1000 and 1000000 copies"),
        ("2 500 mg tablets, CD4 350", "2 500mg tablets, cd4 350"),
        ("1,0000 or 12,34", "1,0000 or 12,34"),
        ("2½ tablets, 10⁵ copies, 5 m²", "2 1/2 tablets, 10^5 copies, 5 m2"),
        ("\u2264 5 \u00b5g \u2265 3 \u03bcg", "<= 5ug >= 3ug"),
        ("hy\u00adphen\u200bated\U000e0041 \u202eword", "hyphenated word"),
        ("\uff26\uff35\uff2c\uff2c wi\uff44th ﬁne", "full width fine"),
        ("5mg, 5  %, CD4 g, 5 grams", "5mg, 5%, cd4 g, 5 grams"),
        ("cafe\u0301 Straße", "café strasse"),
    ],
)
def test_spellings_fold_to_one_form(text, folded):
    assert fold(text).text == folded


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=150, deadline=None)
def test_places_rise_and_hidden_characters_leave(text):
    folded = fold(text)
    assert len(folded.places) == len(folded.text) + 1
    assert list(folded.places) == sorted(folded.places)
    assert folded.places[-1] == len(text)
    assert not any(map(is_hidden, folded.text))


def test_a_sentence_is_located_in_every_spelling_of_it():
    for index, spelling in twins():
        if "a day" in spelling or "times" in spelling:
            continue  # other words, which mean the same
        before = "Section 4 \u2013 caf\u00e9.\n\n"
        text = f"{before}{spelling} And more."
        start, end = locate(SENTENCES[index], fold(text))
        assert start == len(before)
        assert end in {len(before) + len(spelling), len(before) + len(spelling) - 1}  # without the full stop


@pytest.mark.parametrize(
    "quote",
    [
        "5 mg",
        "give tenofovir",
        "ive tenofovir 300 mg",
        "give tenofovir 300 m",
        "give tenofovir 300 mg once dai",
        "",
        "…",
    ],
)
def test_short_quotes_and_parts_of_words_are_not_located(quote):
    assert locate(quote, fold("Give tenofovir 300 mg once daily.")) is None
