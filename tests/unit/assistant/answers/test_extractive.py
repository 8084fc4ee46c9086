"""Sentences that are selected without a model."""

import pytest

from tests.support.guideline_sentences import SENTENCES
from tests.support.version_texts import version_of
from vigil.assistant.answers.extractive_model import MAX_SELECTED, select_sentences
from vigil.assistant.answers.sentences_model import source_sentences

PASSAGES = version_of("nyala", *[SENTENCES[start : start + 5] for start in range(0, 40, 5)]).passages


def selected(question, passages=PASSAGES):
    texts = {each.passage_id: each for each in passages}
    return [
        texts[each.passage_id].sentence(each.first) for each in select_sentences(question, source_sentences(passages))
    ]


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("At which creatinine clearance must metformin not be given?", 1),
        ("What is the dose of cotrimoxazole for adults with a low CD4 count?", 2),
        ("When is the viral load repeated?", 3),
        ("Do pregnant women need folic acid?", 6),
        ("Which dose of abacavir for children?", 7),
        ("At which potassium do I stop enalapril?", 9),
        ("How should insulin be stored?", 16),
        ("Is amoxicillin the first choice for pneumonia?", 19),
        ("How long do I wash a wound after a bite?", 33),
        ("Should pregnant women be screened for syphilis?", 35),
    ],
)
def test_the_sentence_with_the_question_s_terms_comes_first(question, index):
    assert selected(question)[0] == SENTENCES[index]


@pytest.mark.parametrize("question", ["Who won the cup in 2022?", "How is a fractured femur splinted?", "the of and?"])
def test_a_question_without_its_terms_selects_nothing(question):
    assert selected(question) == []


def test_rare_terms_outweigh_common_ones_and_weak_sentences_are_left_out():
    common = [f"The dose of the clinic is written on the {place} card." for place in ("red", "blue", "green", "white")]
    passages = version_of("a", [*common, "Lithium is taken at noon.", "The dose is small."]).passages
    assert selected("lithium dose", passages) == ["Lithium is taken at noon."]
    assert selected("dose of the clinic card", passages) == common
    weaker = version_of("b", ["Lithium is taken at noon.", "Lunch is at noon."]).passages
    assert selected("lithium at noon", weaker) == ["Lithium is taken at noon."]
    assert selected("at noon", weaker) == ["Lithium is taken at noon.", "Lunch is at noon."]


def test_headings_count_but_select_no_sentence_alone():
    passages = version_of(
        "a", ["Give 5 mg in the evening.", "Wait."], headings=("Amlodipine for hypertension",)
    ).passages
    assert selected("evening dose of amlodipine", passages) == ["Give 5 mg in the evening."]
    assert selected("amlodipine for hypertension", passages) == []


def test_selections_are_few_and_equal_shares_keep_the_ranking():
    passages = [each for document in "cab" for each in version_of(document, *[["Give folic acid."]] * 3).passages]
    found = select_sentences("folic acid", source_sentences(passages))
    assert [(each.passage_id.document_id, each.passage_id.number) for each in found] == [
        ("c", 1),
        ("c", 2),
        ("c", 3),
        ("a", 1),
    ]
    assert len(found) == MAX_SELECTED
