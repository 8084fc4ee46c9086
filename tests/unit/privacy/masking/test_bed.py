"""5,000 identifiers in questions, contexts and notes: none leaves, few texts are refused, facts survive."""

from collections import Counter

import pytest

from tests.support.identified_texts.bed import measure
from tests.support.identified_texts.identifiers import DRAW, TODAY
from tests.support.identified_texts.texts import draw_texts
from vigil.privacy.masking import service
from vigil.privacy.masking.model import Masked
from vigil.privacy.masking.scan_model import scan
from vigil.privacy.masking.vocabulary_model import DocumentWords
from vigil.privacy.masking.words_store import shipped_vocabulary

VOCABULARY = shipped_vocabulary(DocumentWords())
SEED, IDENTIFIERS, FEW = 20, 5_000, 400


def masked(text, known):
    return service.mask(text, known, VOCABULARY, TODAY)


def unmasked(text, known):
    return Masked(text, {})


def scanned(text, known):
    return scan(text, known, VOCABULARY)


def accepted(text, known):
    return frozenset()


def test_no_identifier_leaves_and_facts_survive():
    texts = list(draw_texts(SEED, IDENTIFIERS))
    kinds = Counter(identifier.kind for text in texts for identifier in text.identifiers)
    assert kinds.keys() == DRAW.keys()
    assert min(kinds.values()) >= 20
    measured = measure(texts, masked, scanned)
    assert measured.leaked == []
    assert measured.refused <= 0.1 * measured.texts
    assert measured.lost.total() <= 0.05 * measured.facts, measured.lost


def test_unmasked_texts_leak_without_the_second_check():
    measured = measure(draw_texts(SEED, FEW), unmasked, accepted)
    assert len(measured.leaked) > FEW


def test_the_second_check_alone_refuses_nearly_all_texts():
    measured = measure(draw_texts(SEED, FEW), unmasked, scanned)
    assert measured.refused >= 0.95 * measured.texts


@pytest.mark.parametrize("rule", ["mask_contacts", "mask_ages", "mask_numbers", "mask_unknown_words"])
def test_the_second_check_catches_a_missing_rule(monkeypatch, rule):
    texts = list(draw_texts(SEED, FEW))
    monkeypatch.setattr(service, rule, lambda text, *others: text)
    without, with_check = measure(texts, masked, accepted), measure(texts, masked, scanned)
    assert with_check.refused > 0
    assert len(with_check.leaked) <= len(without.leaked) / 3
