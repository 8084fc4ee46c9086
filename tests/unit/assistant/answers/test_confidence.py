"""Confidence and warnings from facts."""

import pytest

from tests.support.guideline_sentences import SENTENCES
from tests.support.version_texts import version_of
from vigil.assistant.answers.abstention_model import AnswerPolicy
from vigil.assistant.answers.confidence_model import AnswerWarning, assess_confidence, find_warnings
from vigil.assistant.answers.model import Contradiction, Statement
from vigil.assistant.answers.patient_context_model import PatientContext
from vigil.assistant.answers.statements_model import cite

POLICY = AnswerPolicy(0.6, alpha=0.1, delta=0.05, unanswerable=60, passed=1, passed_bound=0.08, coverage=0.9)


def statement(text, document="one", headings=()):
    return Statement("evidence", cite(version_of(document, [text], headings=headings).passages[0], 0, 0))


ONE, OTHER = statement(SENTENCES[13], "one"), statement(SENTENCES[13], "other")
CONFLICT = (Contradiction(ONE.citation, OTHER.citation, "number"),)


@pytest.mark.parametrize(
    ("share", "statements", "contradictions", "degradations", "confidence"),
    [
        (0.8, (ONE, OTHER), (), (), "high"),
        (0.8, (ONE, ONE), (), (), "medium"),
        (0.79, (ONE, OTHER), (), (), "medium"),
        (0.8, (ONE, OTHER), (), ("extractive",), "medium"),
        (0.79, (ONE, OTHER), (), ("no_vectors",), "low"),
        (1.0, (ONE, OTHER), CONFLICT, (), "low"),
    ],
)
def test_confidence_follows_from_facts(share, statements, contradictions, degradations, confidence):
    assert assess_confidence(share, POLICY, statements, contradictions, degradations) == confidence


@pytest.mark.parametrize(
    ("text", "context", "warning"),
    [
        ("Give 5 mg to adults.", {"age_years": 40}, None),
        ("Give 5 mg to adults.", {"age_years": 4}, ("other_population", "adult")),
        ("Give 5 mg to adults.", {}, ("unknown_population", "age_years")),
        ("Give 5 mg to adults and adolescents.", {"age_years": 13}, None),
        ("Give 5 mg to children and pregnant women.", {"age_years": 30, "pregnant": True}, None),
        ("Give 5 mg to infants.", {"age_years": 5}, ("other_population", "infant")),
        ("Avoid it in pregnancy.", {"sex": "male", "pregnant": False}, ("other_population", "pregnant")),
        ("Avoid it in breastfeeding women.", {"sex": "male"}, ("unknown_population", "breastfeeding")),
        ("Give 5 mg.", {}, None),
    ],
)
def test_other_and_unknown_populations_are_warned_of(text, context, warning):
    found = find_warnings(
        [ONE, statement(text)], PatientContext(**{"age_years": 1, **context}) if context else PatientContext(), (), ()
    )
    about = [each for each in found if each.statements == (1,)]
    assert about == ([AnswerWarning(warning[0], (1,), (warning[1],))] if warning else [])


def test_headings_name_the_population_of_a_statement():
    adults = statement("Give 5 mg.", headings=("Treatment", "Adults"))
    assert [each.words for each in find_warnings([adults], PatientContext(age_years=3), (), ())] == [("adult",)]


def test_conflicts_and_degradations_are_warnings():
    found = find_warnings((), PatientContext(), CONFLICT, ("extractive", "no_vectors"))
    assert [each.kind for each in found] == ["conflict", "extractive", "no_vectors"]
