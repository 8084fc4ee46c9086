"""Each rule of masking: identifiers with their surrogates, and clinical sentences that stay whole."""

from datetime import date

import pytest

from vigil.errors import InvalidInput, TooLarge
from vigil.privacy.masking.model import MAX_CHARACTERS, MAX_KNOWN_VALUES, KnownValue
from vigil.privacy.masking.scan_model import scan
from vigil.privacy.masking.service import mask, mask_all
from vigil.privacy.masking.vocabulary_model import DocumentWords
from vigil.privacy.masking.words_store import shipped_vocabulary

TODAY = date(2026, 3, 15)
VOCABULARY = shipped_vocabulary(DocumentWords())


def masked(text, *known):
    return mask(text, [KnownValue(value) for value in known], VOCABULARY, TODAY).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mr white came with sister mercy", "mr [NAME_1] came with sister [NAME_2]"),
        ("Patient Wanjiku wa Kamau came", "Patient [NAME_1] [NAME_2] [NAME_3] came"),
        ("name: green stone, on TLD", "name: [NAME_1] [NAME_2], on TLD"),
        ("Given has a cough. Can Given take it?", "[NAME_1] has a cough. Can [NAME_1] take it?"),
        ("Should Brian Were stop? Forum, a farmer, came.", "Should [NAME_1] [NAME_2] stop? [NAME_3], a farmer, came."),
        ("May has a cough. May she take it?", "[NAME_1] has a cough. May she take it?"),
        ("She lives in Kisumu with him", "She lives in [PLACE_1] with him"),
        ("at 12 green valley road now", "at [PLACE_1] now"),
        ("P.O. Box 77-00100", "[PLACE_1]"),
        ("from 859 Karanja Wall", "from [PLACE_1] [NAME_1] [NAME_2]"),
        ("seen 01/03/2026", "seen [DATE_1: 14 days ago or about 10 weeks ago]"),
        ("seen 2026-03-01", "seen [DATE_1: 14 days ago]"),
        ("next on 1st of April 2026", "next on [DATE_1: in 17 days]"),
        ("le 28 février 2026 and tarehe 5 machi", "[TERM_1] [DATE_1: 15 days ago] and [TERM_2] [DATE_2]"),
        ("the fourteenth of May", "[DATE_1]"),
        ("grade 3 may need care, seen 12 may", "grade 3 may need care, seen [DATE_1]"),
        ("in 03/2025 and since 2019", "in [DATE_1: month of about 12 months ago] and since 2019"),
        ("DOB 3 May 1930", "DOB [DATE_1: over 89 years ago]"),
        ("ninety-two years old, born in 1931", "[AGE_1: over 89], born in [AGE_2: over 89]"),
        ("aged 89 and aged 90", "aged 89 and [AGE_1: over 89]"),
        ("came (14/05), dose 1/2 tablet, 10-15 mg", "came ([CODE_1]), dose 1/2 tablet, 10-15 mg"),
        ("from stone town, &#71;race and %47%72%61", "from [PLACE_1], [NAME_1] and %[CODE_1]"),
        ("weight 712345 but VL 712345", "weight [CODE_1] but VL 712345"),
        ("call 0712 345\n678 now", "call [PHONE_1] now"),
        ("zero seven double two, three four", "[CODE_1]"),
        ("fax 555-1234", "fax [FAX_1]"),
        ("MRN: 12/77 and file no. 9", "MRN: [RECORD_1] and file no. [RECORD_2]"),
        ("SSN 123-45-6789", "SSN [NATIONAL_ID_1]"),
        ("policy 12 A 9, account KE12 3456 7", "policy [HEALTH_PLAN_1], account [ACCOUNT_1]"),
        ("licence B-77, plate kca 123a", "licence [LICENCE_1], plate [VEHICLE_1]"),
        ("the car KCA 123A", "the car [VEHICLE_1]"),
        ("pump SN-12-A, iris AB12, photo IMG_1.jpg", "pump [DEVICE_1], iris [BIOMETRIC_1], photo [PHOTO_1]"),
        ("a.b at gmail dot com, x@y.org", "[EMAIL_1], [EMAIL_2]"),
        ("https://a.example/p?n=1 and facebook.com/p.q", "[URL_1] and [URL_2]"),
        ("10.0.0.1 fe80::1 00:1b:44:11:3a:b7", "[IP_1] [IP_2] [IP_3]"),
        ("password: sunflower", "password: [CODE_1]"),
        ("it says [NAME_1] already", "it says (NAME_1) already"),
    ],
)
def test_an_identifier_becomes_a_surrogate(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "34 y/o female, G2P1, 28 weeks, on TDF/3TC/DTG since 2019, VL 48 copies/mL, CD4 512. Hb 10.2.",
        "BP 118/76 mmHg, T 37.2 C, RR 18, SpO2 98%. Weight 52.5kg, height 158cm, BMI 20.8.",
        "Creatinine 1.1 mg/dL (eGFR 88 mL/min/1.73m2). ALT 3x ULN.",
        "Which ARV regimen should a 9-month-old infant weighing 7.5 kg receive if the mother failed TLD?",
        "Patient on rifampicin 600 mg; should DTG be doubled to 50 mg twice daily?",
        "HBsAg positive, HCV negative, CrAg 1:160, RPR 1:32. LP opening pressure 28 cmH2O.",
        "Give AZT 300 mg/3TC 150 mg BD plus NVP 2 mg/kg for 6 weeks, then stop.",
        "c/o headache x 3/7, fever 39.1, neck stiffness. WBC 12.5 x10^9/L. Platelets 45,000/uL. Na 128 mmol/L K 3.1.",
        "Amphotericin B 1 mg/kg/day IV for 7 days then fluconazole 1200 mg/day for 7 days, then 200 mg daily.",
        "HIV-1 RNA 25,300 copies/mL at month 6 and 310 at month 9; EAC done x3.",
        "Pregnant woman at 32 weeks with VL >1000 copies/mL: what prophylaxis does the infant need?",
        "2 doses of benzathine penicillin 2.4 MU IM weekly for 3 weeks.",
        "Blood sugar 14.2 mmol/L, HbA1c 9.1%; metformin 500 mg bd + glibenclamide 5 mg od.",
        "Child aged 3 years 4 months, MUAC 11.2 cm, WHZ -3, given F75 and zinc 20 mg x 10 days.",
        "Vaccinate at 6, 10, 14 weeks. Next visit in 2/52 at 08:30. She doesn't smoke; it's the patient's choice.",
        "hiv pos on tld, cd4 350, vl 1200 copies/ml, weight 52\n\nWhat next?",
    ],
)
def test_a_clinical_text_stays_whole(text):
    result = mask(text, [], VOCABULARY, TODAY)
    assert (result.text, scan(result, [], VOCABULARY)) == (text, frozenset())


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("we hope so", "Hope Mwangi", "we [NAME_1] so"),
        ("a marked rash", "Mark", "a marked rash"),
        ("KwameOtieno and O-t-i-e-n-o", "Otieno", "[NAME_1] and [NAME_2]"),
        ("\uff27\u200b\uff52áce was here", "grace", "[NAME_1] was here"),
        ("code 44 71-22 here", "447122", "code [NAME_1] here"),
        ("van der Merwe's dose", "van der Merwe", "[NAME_1] dose"),
    ],
)
def test_a_known_value_is_found_in_other_spellings(text, known, expected):
    assert masked(text, known) == expected


def test_a_value_has_one_surrogate_in_all_texts_of_a_request():
    texts = {"question": "Can Otieno take it?", "context": "OTIENO and Achieng, seen 2026-03-01"}
    result = mask_all(texts, [], VOCABULARY, TODAY)
    assert result["question"].text == "Can [NAME_1] take it?"
    assert result["context"].text == "[NAME_1] and [NAME_2], seen [DATE_1: 14 days ago]"
    assert result["question"].kinds == result["context"].kinds == {"NAME": 2, "DATE": 1}


def test_too_much_text_or_too_many_known_values_are_refused():
    with pytest.raises(TooLarge):
        mask_all({"a": "a" * MAX_CHARACTERS, "b": "b"}, [], VOCABULARY, TODAY)
    with pytest.raises(TooLarge):
        mask("\ufdfa" * (MAX_CHARACTERS // 10), [], VOCABULARY, TODAY)
    with pytest.raises(InvalidInput):
        mask("a", [KnownValue("b")] * (MAX_KNOWN_VALUES + 1), VOCABULARY, TODAY)
