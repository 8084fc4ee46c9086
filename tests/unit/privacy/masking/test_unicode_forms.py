"""Unicode forms: known values and numbers in any spelling do not leave, and any text can be masked."""

import unicodedata
from datetime import date
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.privacy.masking.model import KnownValue
from vigil.privacy.masking.normal_form_model import fold, normalise
from vigil.privacy.masking.scan_model import scan
from vigil.privacy.masking.service import mask
from vigil.privacy.masking.vocabulary_model import DocumentWords
from vigil.privacy.masking.words_store import shipped_vocabulary

TODAY = date(2026, 3, 15)
VOCABULARY = shipped_vocabulary(DocumentWords())
NAMES = ("otieno", "grace", "hope white")
INVISIBLE = ("", "", "", "\u0301", "\u0323", "\u200b", "\u00ad", "\u2060", "\ufe0f", "\U000e0041", "\u3164")
SEPARATORS = ("\n", " ", "-", ".")
STYLES = (
    *("{}", "MATHEMATICAL BOLD SMALL {}", "FULLWIDTH LATIN SMALL LETTER {}"),
    *("LATIN CAPITAL LETTER {}", "CIRCLED LATIN SMALL LETTER {}"),
)


def spelled(letter, style):
    return letter if style == "{}" or not letter.isalpha() else unicodedata.lookup(style.format(letter.upper()))


@st.composite
def disguised(draw, value):
    """Return a value with letters in other styles, and invisible characters or separators between them."""
    style, between = st.sampled_from(STYLES), st.sampled_from(INVISIBLE + SEPARATORS)
    return "".join(spelled(letter, draw(style)) + draw(between) for letter in value)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), disguised(name))))
def test_a_known_name_in_any_form_does_not_leave(case):
    name, written = case
    known = [KnownValue(name)]
    masked = mask(f"the patient {written} takes TLD 50 mg", known, VOCABULARY, TODAY)
    left = fold(masked.text.replace("NAME", ""))
    assert scan(masked, known, VOCABULARY) or not any(fold(part) in left for part in name.split())


@settings(max_examples=50, deadline=None)
@given(st.integers(100_000, 999_999_999_999).flatmap(lambda n: st.tuples(st.just(str(n)), disguised(str(n)))))
def test_a_long_number_in_any_form_does_not_leave(case):
    number, written = case
    masked = mask(f"reach her on {written} please", [], VOCABULARY, TODAY)
    assert scan(masked, [], VOCABULARY) or number[:6] not in fold(masked.text)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_masked_to_plain_characters_or_refused(text):
    masked = mask(text, [], VOCABULARY, TODAY)
    assert masked.text.isascii() or "character" in scan(masked, [], VOCABULARY)
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    "unit",
    [
        *("7", "7 ", "a", "a.", "A ", "at ", "Mr ", "Name: ", "a:", "1/", "12 March ", "-\n", "@", "mrn no ", "10, "),
        "lives in A ",
    ],
)
def test_work_grows_linearly(unit):
    known = [KnownValue("aaaa")]

    def seconds(characters):
        text = unit * (characters // len(unit))
        started = process_time()
        scan(mask(text, known, VOCABULARY, TODAY), known, VOCABULARY)
        return process_time() - started

    small = min(seconds(500) for _ in range(3))
    assert seconds(4_000) <= 8 * small * 3 + 0.05
