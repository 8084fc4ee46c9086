"""The second check: each finding, and texts without any."""

import pytest

from tests.support.identified_texts.identifiers import TODAY
from vigil.privacy.masking.model import HealthDataFound, KnownValue, Masked
from vigil.privacy.masking.scan_model import scan
from vigil.privacy.masking.service import Masking
from vigil.privacy.masking.vocabulary_model import DocumentWords, document_words
from vigil.privacy.masking.words_store import shipped_vocabulary

VOCABULARY = shipped_vocabulary(DocumentWords())
KINDS = {"NAME": 1, "DATE": 1}


def found(text, *known):
    return scan(Masked(text, KINDS), [KnownValue(value) for value in known], VOCABULARY)


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("a rash since [DATE_1: about 2 weeks ago], says [NAME_1]", set()),
        ("platelets 150,000 and 1200 mg, 600/300 mg, 10mg, since 2019", set()),
        ("a [NAME_2] here", {"bracket"}),
        ("a [NAME_0712345678] here", {"bracket", "number"}),
        ("a [DATE_1: at green hill] here", {"bracket"}),
        ("a caf\u00e9", {"character", "word"}),
        ("see http://a", {"address", "word"}),
        ("me@home", {"address"}),
        ("the otieno", {"word"}),
        ("o t i e n o", {"word"}),
        ("KCA 123A", {"word"}),
        ("is Green well", {"name"}),
        ("code 4455", {"number"}),
        ("07 12 34 56", {"number"}),
        ("0712 345 678 mg", {"number"}),
        ("aged 92", {"number"}),
        ("she is 92 years old", {"number"}),
    ],
)
def test_a_text_has_its_findings(text, findings):
    assert found(text) == findings


@pytest.mark.parametrize(
    ("text", "known", "is_found"),
    [
        ("we hope so", "Hope", True),
        ("the green stone", "green-stone", True),
        ("code 44 71", "4471", True),
        ("a marked rash", "Mark", False),
        ("we hope so", "Hop", False),
    ],
)
def test_a_known_value_is_found_as_whole_words(text, known, is_found):
    assert ("known_value" in found(text, known)) == is_found


def test_a_refusal_names_its_findings_without_the_text(monkeypatch):
    monkeypatch.setattr("vigil.privacy.masking.service.mask_numbers", lambda text, *others: text)
    masking = Masking(shipped_vocabulary)
    with pytest.raises(HealthDataFound) as refusal:
        masking.clean({"question": "a rash 4455 more"}, [], DocumentWords(), TODAY)
    assert refusal.value.findings == {"number"}
    assert "4455" not in str(refusal.value)


def test_words_of_documents_leave_and_their_names_do_not():
    documents = document_words(
        ["Give zolidabine (ZLB) early. Contact DR OTIENO, Wanjiku or kamau@example.org. Grace gives grace."]
    )
    cleaned = Masking(shipped_vocabulary).clean(
        {"question": "Is zolidabine or ZLB safe for otieno, Wanjiku, kamau and grace?"}, [], documents, TODAY
    )
    assert cleaned["question"].text == ("Is zolidabine or ZLB safe for [TERM_1], [NAME_1], [TERM_2] and [TERM_3]?")
