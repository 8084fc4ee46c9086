"""Facts of sentences."""

import pytest

from vigil.assistant.answers.facts_model import Dose, Limit, Quantity, read_facts


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        ("300 mg", {(300, "mg")}),
        ("0.3 g or 300,000 micrograms", {(300, "mg")}),
        ("2 weeks", {(14, "day")}),
        ("5-10 mg", {(5, "mg"), (10, "mg")}),
        ("between 5 and 10 tablets", {(5, "tablet"), (10, "tablet")}),
        ("15 mg/kg", {(15, "mg/kg")}),
        ("1,000 copies per millilitre", {(1000, "copy/ml")}),
        ("350 cells/mm3", {(350, "cell/ul")}),
        ("three weeks, but one of them", {(21, "day")}),
        ("stored at -20 °C", {(-20, "")}),
        ("\u0663 mg", {(3, "mg")}),
        ("CD4, B12 and 3TC", set()),
        ("twice daily", set()),
    ],
)
def test_quantities_have_canonical_units(text, quantities):
    assert read_facts(text).quantities == {Quantity(*each) for each in quantities}


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("below 30 mL/min", "<", 30),
        ("less than 30 mL/min", "<", 30),
        ("< 30 mL/min", "<", 30),
        ("not below 30 mL/min", ">=", 30),
        ("\u2265 30 mL/min", ">=", 30),
        ("30 mL/min or more", ">=", 30),
        ("should not exceed 30 mL/min", "<=", 30),
        ("up to 30 mL/min", "<=", 30),
        ("exceeds 30 mL/min", ">", 30),
    ],
)
def test_limits_have_one_sign_in_all_words(text, sign, value):
    facts = read_facts(f"creatinine clearance {text}")
    assert facts.limits == [Limit(sign, Quantity(value, "ml/minute"))]
    assert not any(clause.is_negative for clause in facts.clauses)


@pytest.mark.parametrize(
    ("text", "per_day"),
    [
        ("once daily|daily|every day|once a day|OD|per day after 5 mg per day", 1),
        ("twice daily|two times a day|2 times daily|every 12 hours|bd|twice per day", 2),
        ("every 8 hours|three times a day|tds", 3),
        ("every other day|once every 2 days", 0.5),
        ("weekly|once a week|every week|every 7 days", 1 / 7),
    ],
)
def test_frequencies_are_equal_in_all_words(text, per_day):
    assert [read_facts(each).frequencies for each in text.split("|")] == [{round(per_day, 6)}] * len(text.split("|"))


def test_doses_belong_to_the_nearest_drug():
    facts = read_facts("Give TDF 300 mg and 150 mg of lamivudine, then 5 mg")
    expected = {("tenofovir", 300), ("lamivudine", 150), ("lamivudine", 5)}
    assert facts.doses == {Dose(drug, Quantity(value, "mg")) for drug, value in expected}


@pytest.mark.parametrize(
    ("text", "negative"),
    [
        ("Do not give metformin", [True]),
        ("Metformin is contraindicated", [True]),
        ("Metformin should not be avoided", [False]),
        ("Give metformin, but never insulin", [False, True]),
        ("Give metformin unless the patient is frail", [False, True]),
    ],
)
def test_negations_belong_to_their_clause(text, negative):
    assert [clause.is_negative for clause in read_facts(text).clauses] == negative
