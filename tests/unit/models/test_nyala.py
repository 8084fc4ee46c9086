"""The synthetic guideline "Nyala": its files contain everything that the data beside them names."""

import re
import zlib
from collections import Counter
from itertools import combinations
from zipfile import ZipFile

import pytest

from models.nyala.corpus import (
    ACTIVE,
    DOCUMENTS,
    Version,
    read_contradictions,
    read_declared_rules,
    read_differences,
    read_injections,
    read_versions,
)
from models.nyala.questions import read_questions
from vigil.assistant.answers.containment_model import instruction_like
from vigil.assistant.answers.contradictions_model import find_contradictions
from vigil.assistant.answers.patient_context_model import read_context
from vigil.assistant.answers.questions_model import normalise_question
from vigil.assistant.answers.rules_model import apply_rules
from vigil.assistant.answers.sentences_model import source_sentences
from vigil.assistant.answers.statements_model import is_suspect, verify

RETIRED, CURRENT = Version("nyala", 1), Version("nyala", 2)
VERSIONS = read_versions()
QUESTIONS = read_questions()


def sentences(version):
    return [each.sentence(index) for each in VERSIONS[version].passages for index in range(len(each.sentences))]


def active_passages():
    return [each for document in ACTIVE.items() for each in VERSIONS[Version(*document)].passages]


def written(path):
    """Return the text that the bytes of a file contain, hidden or not."""
    content = path.read_bytes()
    if path.suffix == ".docx":
        return ZipFile(path).read("word/document.xml").decode()
    if path.suffix == ".pdf":
        streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
        return "".join(zlib.decompress(each).decode("cp1252") for each in streams)
    return content.decode()


def bare(text):
    """Return a text without the marks between the cells of a table."""
    return re.sub(r"; Days: | \| ", " ", text)


def of_kind(kind):
    return [each for each in QUESTIONS if each.kind == kind]


def test_the_guideline_has_two_versions_of_sixty_passages_and_tables():
    assert set(VERSIONS) == {RETIRED, *(Version(*each) for each in ACTIVE.items())}
    for version in (RETIRED, CURRENT):
        assert len(VERSIONS[version].passages) >= 60
        assert sum(each.kind == "table_row" for each in VERSIONS[version].passages) >= 10
    assert {path.suffix for path in DOCUMENTS.iterdir()} == {".md", ".html", ".docx", ".pdf", ".json"}


@pytest.mark.parametrize("version", sorted(VERSIONS), ids=str)
def test_each_document_is_marked_as_not_for_care(version):
    first = VERSIONS[version].passages[0].text
    assert first.startswith("This text is synthetic")
    assert first.endswith("It must not be used to care for people.")


def test_the_pdf_file_is_read_by_columns():
    bulletin = VERSIONS[Version("nyala-pharmacy", 1)]
    assert [each.headings[-1] for each in bulletin.passages][4:8] == [
        "Stock levels",
        "Expired medicines",
        "Late doses in this pharmacy",
        "Labels",
    ]


def test_planted_differences_are_in_one_version_each():
    differences = read_differences()
    before, after = (Counter(sentences(version)) for version in (RETIRED, CURRENT))
    assert Counter(each.kind for each in differences).keys() == {
        "number",
        "threshold",
        "drug",
        "frequency",
        "polarity",
    }
    assert len(differences) >= 12
    assert all((before[each.before], after[each.before]) == (1, 0) for each in differences)
    assert all((before[each.after], after[each.after]) == (0, 1) for each in differences)


def test_sections_of_both_versions_differ_as_planted_only():
    changed = {each.before: each.after for each in read_differences()}
    sections = [
        {each.headings[-1]: [] for each in VERSIONS[version].passages if len(each.headings) == 3}
        for version in (RETIRED, CURRENT)
    ]
    for version, found in zip((RETIRED, CURRENT), sections, strict=True):
        for each in VERSIONS[version].passages:
            if len(each.headings) == 3:
                found[each.headings[-1]] += [each.sentence(index) for index in range(len(each.sentences))]
    old, new = sections
    common = old.keys() & new.keys()
    assert len(common) >= 40
    assert {name: [changed.get(each, each) for each in old[name]] for name in common} == {
        name: new[name] for name in common
    }


def test_planted_contradictions_are_all_that_active_documents_have():
    """One planted contradiction has a word between number and unit, and is not found."""
    planted = {frozenset(side.text for side in each.sides): each.difference for each in read_contradictions()}
    known = {each: set(sentences(each)) for each in VERSIONS}
    assert all(side.text in known[side.version] for each in read_contradictions() for side in each.sides)
    found = {}
    for one, other in combinations([source_sentences([each]) for each in active_passages()], 2):
        for each in find_contradictions([*one, *other]):
            found[frozenset((each.one.quote, each.other.quote))] = each.difference
    assert found.items() <= planted.items()
    assert (len(planted), len(found)) == (16, 15)


def test_planted_injections_are_in_their_files():
    injections = read_injections()
    raw = {path.name: path for path in DOCUMENTS.iterdir()}
    assert {each.place for each in injections} >= {"comment", "hidden_element", "table_row", "title", "sentence"}
    for each in injections:
        document_id, _, number = raw[each.file].stem.rpartition("-")
        version = VERSIONS[Version(document_id, int(number))]
        read = bare(version.text)
        assert instruction_like(each.text)
        assert (each.text in read) is each.is_visible
        assert each.text in bare(written(raw[each.file]))
    visible = [each for each in injections if each.is_visible]
    assert sum(map(is_suspect, active_passages())) == len(visible)


def test_declared_rules_quote_the_guideline_in_force():
    rules = read_declared_rules()
    assert len(rules) >= 5
    assert all(verify(each.citation, VERSIONS[CURRENT]) for each in rules)


def test_questions_are_many_unique_and_in_equal_halves():
    kinds = Counter(each.kind for each in QUESTIONS)
    halves = Counter((each.kind, each.half) for each in QUESTIONS)
    assert kinds["answerable"] >= 85
    assert kinds["unanswerable"] >= 240
    assert kinds["conflict"] >= 15
    assert kinds["contraindication"] >= 14
    assert all(abs(halves[kind, "fit"] - halves[kind, "test"]) <= 1 for kind in kinds)
    assert len({each.question_id for each in QUESTIONS}) == len(QUESTIONS)
    assert len({each.text.casefold() for each in QUESTIONS}) == len(QUESTIONS)
    assert all(normalise_question(each.text) == each.text for each in QUESTIONS)


def test_gold_sentences_are_in_the_versions_that_they_name():
    known = {version: set(sentences(version)) for version in VERSIONS}
    gold = [(each, place) for each in QUESTIONS for place in each.gold]
    assert all(place.text in known[place.version] for _, place in gold)
    assert {each.kind for each in QUESTIONS if not each.gold} == {"unanswerable"}
    assert all((place.version == RETIRED) == (each.family == "retired") for each, place in gold)
    retired = {place.text for _, place in gold if place.version == RETIRED}
    assert not retired & set().union(*(known[version] for version in known if version != RETIRED))


def test_questions_are_not_worded_as_their_gold_sentences():
    def words(text):
        return re.findall(r"\w+", text.casefold())

    for each in of_kind("answerable"):
        asked = words(each.text)
        runs = {tuple(asked[start : start + 7]) for start in range(len(asked) - 6)}
        for place in each.gold:
            told = words(place.text)
            assert not runs & {tuple(told[start : start + 7]) for start in range(len(told) - 6)}


def test_unanswerable_questions_have_a_reason_and_half_are_near_misses():
    families = Counter((each.family, each.reason) for each in of_kind("unanswerable"))
    assert families.keys() == {
        ("near_miss", "no_evidence"),
        ("unrelated", "no_evidence"),
        ("retired", "retired"),
        ("order", "out_of_scope"),
    }
    assert families["near_miss", "no_evidence"] * 2 >= len(of_kind("unanswerable"))
    assert families["retired", "retired"] >= 20
    orders = {each.question_id for each in QUESTIONS if instruction_like(each.text)}
    assert orders == {each.question_id for each in QUESTIONS if each.family == "order"}


def test_conflict_questions_name_each_contradiction_once():
    sides = {each.name: each.sides for each in read_contradictions()}
    asked = {each.contradiction: each.gold for each in of_kind("conflict")}
    assert asked == sides
    assert len(of_kind("conflict")) == len(sides)


def test_patient_contexts_meet_exactly_the_named_rules():
    rules = read_declared_rules()
    by_name = {each.name: each.citation.quote for each in rules}
    for each in QUESTIONS:
        if each.kind == "unanswerable":
            continue
        texts = [each.text, *(place.text for place in each.gold)]
        found = apply_rules(rules, read_context(each.context), texts)
        told = {statement.citation.quote for statement in found.statements}
        if each.kind != "conflict":
            assert told == {by_name[name] for name in each.rules}, each.text
