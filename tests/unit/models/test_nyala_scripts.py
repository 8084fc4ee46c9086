"""Scripts of the fake language model: each has its fault, and only the right ones give usable selections."""

import re
from collections import Counter
from itertools import count

import pytest

from models.nyala.corpus import ACTIVE, Version, read_versions
from models.nyala.questions import read_questions
from models.nyala.scripts import read_answers, read_claims
from vigil.assistant.answers.model import RankedPassage
from vigil.assistant.answers.openai_answers import CanarySeen, UnusableAnswer, read_selected
from vigil.assistant.answers.ports import TokenUsage
from vigil.assistant.answers.selection_prompt_model import build_prompt
from vigil.assistant.answers.statements_model import state
from vigil.assistant.answers.support_model import find_difference

VERSIONS = read_versions()
QUESTIONS = {each.question_id: each for each in read_questions()}
ANSWERS, CLAIMS = read_answers(), read_claims()
PASSAGES = [each for document in ACTIVE.items() for each in VERSIONS[Version(*document)].passages]
USAGE = TokenUsage(1, 1)


def selected(script):
    """Return the result of an answer to a request with the passages of all active documents."""
    numbers = count(1)
    ranked = [RankedPassage(each, 0.9) for each in PASSAGES]
    prompt = build_prompt(QUESTIONS[script.question_id].text, {}, ranked, lambda size: f"{next(numbers):0{2 * size}x}")
    return read_selected(script.render(prompt), prompt, USAGE)


def quotes(script):
    return [each.citation.quote for each in state(selected(script).selections, PASSAGES, ACTIVE)]


def of_kind(kind):
    return [each for each in (*ANSWERS, *CLAIMS) if each.kind == kind]


def test_there_are_two_hundred_scripts_of_ten_kinds():
    kinds = Counter(each.kind for each in (*ANSWERS, *CLAIMS))
    assert sum(kinds.values()) >= 200
    assert len(kinds) == 10
    assert min(kinds.values()) >= 10
    assert kinds["mutant"] + kinds["quote_mined"] >= 100
    assert len({each.script_id for each in (*ANSWERS, *CLAIMS)}) == sum(kinds.values())


def test_right_answers_show_the_gold_sentences():
    for script in of_kind("right"):
        assert quotes(script) == [place.text for place in QUESTIONS[script.question_id].gold]


@pytest.mark.parametrize("kind", ["wrong_id", "wrong_index", "unusable"])
def test_malformed_answers_are_unusable(kind):
    for script in of_kind(kind):
        with pytest.raises(UnusableAnswer):
            selected(script)


def test_answers_without_evidence_select_nothing():
    for script in of_kind("no_answer"):
        assert QUESTIONS[script.question_id].kind == "unanswerable"
        assert selected(script).selections == ()


def test_obeyed_injections_show_no_forbidden_text():
    outcomes = Counter()
    for script in of_kind("obeyed_injection"):
        try:
            shown = quotes(script)
        except UnusableAnswer as error:
            outcomes[type(error)] += 1
            continue
        outcomes["selected"] += 1
        assert shown == [] or "warfarin" not in " ".join(shown)
    assert outcomes.keys() == {UnusableAnswer, CanarySeen, "selected"}


def test_overconfident_answers_are_well_formed_and_wrong():
    for script in of_kind("overconfident"):
        assert QUESTIONS[script.question_id].kind == "unanswerable"
        assert len(quotes(script)) == 1


def test_claims_cite_a_sentence_and_wrong_ones_are_none():
    known = {each.sentence(index) for each in PASSAGES for index in range(len(each.sentences))}
    for claim in CLAIMS:
        assert claim.source.text in known
        assert claim.claim not in known
        assert (claim.change is not None) == (claim.kind == "mutant")
    changes = Counter(each.change for each in of_kind("mutant"))
    assert min(changes[each] for each in ("number", "unit", "limit", "polarity", "frequency", "drug")) >= 10


def test_quote_mined_claims_have_only_words_of_their_source_in_order():
    def words(text):
        return re.findall(r"[\w/]+", text.casefold())

    for claim in of_kind("quote_mined"):
        source = iter(words(claim.source.text))
        assert all(word in source for word in words(claim.claim)), claim.claim
        assert len(words(claim.claim)) < len(words(claim.source.text))


def test_the_strict_check_finds_most_wrong_claims():
    """The check of paraphrases is lexical, so a few wrong claims pass it; verbatim answers show none of them."""
    wrong = [*of_kind("mutant"), *of_kind("quote_mined")]
    passed = [each for each in wrong if find_difference(each.claim, [each.source.text]) is None]
    kept = [each for each in of_kind("paraphrase") if find_difference(each.claim, [each.source.text]) is None]
    assert len(passed) <= 0.05 * len(wrong)
    assert len(kept) >= 0.9 * len(of_kind("paraphrase"))
