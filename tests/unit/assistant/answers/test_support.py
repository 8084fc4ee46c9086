"""The check of paraphrases. The figures are those of its docstring; no rule was changed for the fresh claims."""

import pytest

from tests.support import fresh_claims
from tests.support.guideline_sentences import PARAPHRASES, SENTENCES, mutants, twins
from vigil.assistant.answers.support_model import MAX_CHARACTERS, MAX_CLAUSES, find_difference


def test_mutants_are_found_and_right_claims_pass():
    changed = list(mutants(seed=1))
    assert len(changed) == 247
    assert [text for index, _, text in changed if find_difference(text, [SENTENCES[index]]) is None] == []
    spelled = list(twins())
    assert len(spelled) >= 160
    assert [text for index, text in spelled if find_difference(text, [SENTENCES[index]])] == []
    refused = [text for index, text in PARAPHRASES if find_difference(text, [SENTENCES[index]])]
    assert (len(PARAPHRASES), len(refused)) == (24, 1)


def test_fresh_claims_give_the_published_figures():
    found = [claim for source, claim in fresh_claims.WRONG if find_difference(claim, [source])]
    passed = [claim for source, claim in fresh_claims.RIGHT if not find_difference(claim, [source])]
    assert (len(found), len(fresh_claims.WRONG)) == (21, 24)
    assert (len(passed), len(fresh_claims.RIGHT)) == (13, 16)
    assert "finds 21, and of 16 right ones it passes 13" in " ".join(find_difference.__doc__.split())


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("Give lamivudine 50 mg once daily to adults above 30 kg.", "drug"),
        ("Give dolutegravir 500 mg once daily to adults above 30 kg.", "number"),
        ("Give dolutegravir 50 mg twice daily to adults above 30 kg.", "frequency"),
        ("Give dolutegravir 50 mg once daily to adults below 30 kg.", "limit"),
        ("Give dolutegravir 50 mg once daily to children above 30 kg.", "people"),
        ("Give dolutegravir 50 mg once daily only to adults above 30 kg.", "condition"),
        ("Dolutegravir 50 mg once daily may be given to adults above 30 kg.", "modality"),
        ("Do not give dolutegravir 50 mg once daily to adults above 30 kg.", "polarity"),
        ("Give dolutegravir 50 mg once daily to adults above 30 kg", None),
        ("Dolutegravir 50 mg is given to adults heavier than 30 kg.", "limit"),
        ("Give dolutegravir 50 mg once daily to adults above 30 kg who sing green tulips near harbours.", "overlap"),
        ("Give", "uncited"),
        ("x" * (MAX_CHARACTERS + 1), "too_long"),
        ("rest, " * (MAX_CLAUSES + 1), "too_long"),
        ("rest, " * MAX_CLAUSES, "drug"),
    ],
)
def test_the_first_difference_is_named(claim, reason):
    assert find_difference(claim, ["Give dolutegravir 50 mg once daily to adults above 30 kg."]) == reason


def test_a_moved_negation_is_found():
    source = "Give aspirin with food, and do not give heparin at night."
    assert find_difference("Do not give aspirin with food, and give heparin at night.", [source]) == "polarity"


def test_swapped_facts_within_a_sentence_are_found():
    source = "Wait 2 days before the test, and repeat it 5 days after the dose."
    assert find_difference("Wait 5 days before the test, and repeat it 2 days after the dose.", [source]) == "dose"
    assert find_difference("Wait 2 days after the test, and repeat it 5 days before the dose.", [source]) == "opposite"
