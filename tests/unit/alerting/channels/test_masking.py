"""Free text of people leaves without mail addresses, long numbers and birth dates."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.alerting.channels.masking_model import (
    MAX_FACT_TEXT,
    MAX_FACTS,
    MAX_TITLE,
    mask_facts,
    mask_text,
    one_line,
)

HIDDEN = {
    "write to Ada.Lovelace+x@clinic.example now": "write to [e-mail] now",
    "<ada@clinic.example>, bob@clinic.example": "<[e-mail]>, [e-mail]",
    "ada\uff20clinic.example": "[e-mail]",
    "a\u200bda@clinic.example": "[e-mail]",
    "call +254 712 345 678 or (030) 12 34 567": "call [number] or [number]",
    "call 0712-345-678": "call [number]",
    "patient 1234567": "patient [number]",
    "patient MRN1234567": "patient MRN[number]",
    "patient \u0661\u0662\u0663\u0664\u0665\u0666\u0667": "patient [number]",
    "patient \uff11\uff12\uff13\uff14\uff15\uff16\uff17": "patient [number]",
    "born 1985-03-12": "born [date]",
    "born 12.03.1985, Nairobi": "born [date], Nairobi",
    "born 12/3/85": "born [date]",
    "born 12. 3. 1985": "born [date]",
    "born 12 March 1985": "born [date]",
    "born 12th of": "born 12th of",
    "born March 12, 1985": "born [date]",
    "born 1. Mai 1985": "born [date]",
    "two\nlines\tand\x00more": "two lines and more",
}
NUMBERS = [
    f"0712{a}345{b}678"
    for a, b in [
        (" - ", " - "),
        ("-", "-"),
        ("\u2010", "\u2010"),
        ("\u2011", "\u2011"),
        ("\u2012", "\u2012"),
        ("\u2013", "\u2013"),
        ("\u2014", "\u2014"),
        ("\u2015", "\u2015"),
        ("\u2212", "\u2212"),
        ("\uff0d", "\uff0d"),
        ("   ", "   "),
        ("\u00a0", "\u00a0"),
        ("\u202f", "\u202f"),
        ("\u2009", "\u2009"),
        ("\u3000", "\u3000"),
        (" \u00a0 ", "\t\t"),
        (".", "."),
        ("/", "/"),
        ("_", "_"),
        (" \u2013 ", " \u2014 "),
        (") - ", " "),
        ("\u200b", "\u200b"),
    ]
]
DATES = [
    "3rd of May 1980",
    "3-May-1980",
    "03/May/1980",
    "1980-May-03",
    "3 f\u00e9vrier 1980",
    "1980-05-03 00:00",
    "1980-05-03T00:00",
    "1980-05-03T00:00:00",
    "1980-05-03T",
    "3 / 5 / 1980",
    "3 - 5 - 1980",
    "3 . 5 . 1980",
    "1980 May 3",
    "1980.05.03",
    "1980/5/3",
    "03\u201105\u20111980",
    "03\u201305\u20131980",
    "03\u201405\u20141980",
    "03\u221205\u22121980",
    "3/5/80",
    "3\u00a0May\u00a01980",
    "3   May   1980",
    "3 de mayo de 1980",
    "3. Mai 1980",
    "1er mai 1980",
    "3 ao\u00fbt 1980",
    "3 aou\u0302t 1980",
    "3 juin 1980",
    "3 d\u00e9cembre 1980",
    "3 agosto 1980",
    "3 enero 1980",
    "3 gennaio 1980",
    "3 luglio 1980",
    "3 mei 1980",
    "3 M\u00e4rz 1980",
    "May 3rd, 1980",
    "May-03-1980",
    "MAY 3 1980",
    "3MAY1980",
    "3 May, 1980",
    "03.May.80",
    "1980/May/03",
]
MAILS = ["john @ x.org", "john@ x.org", "john @x.org", "john\u00a0@\u00a0x.org", "john  @  mail.x.org"]
KEPT = [
    "12 messages wait in batch-splits",
    "queue batch-splits has 123456 messages",
    "since 2026-11-30T12:00:00.000000Z",
    "since 2026-11-30 12:00:00",
    "release 1.31.7 is out",
    "p99 is 512.25 ms, limit 400",
    "alr-0a1b2c3d-1",
    "10.0.0.1:8080",
    "https://vigil.example/alerts/1",
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN.items())
def test_data_of_a_person_are_masked(text, expected):
    assert mask_text(text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [*(("number", n) for n in NUMBERS), *(("date", d) for d in DATES), *(("e-mail", m) for m in MAILS)],
)
def test_every_spelling_of_personal_data_is_masked(kind, text):
    shown = mask_text(f"about {text} today")
    assert f"[{kind}]" in shown
    assert not re.search(r"1980|345|john|x\.org", shown)


@pytest.mark.parametrize("text", KEPT)
def test_counts_ids_times_and_links_stay(text):
    assert mask_text(text) == text


PIECES = st.lists(
    st.sampled_from([*HIDDEN, *KEPT, "@", "1", "12", ".", "-", " ", "March", "a", "\u200b", "+", "2026-11-30T12:00"]),
    max_size=12,
).map("".join)


@given(PIECES | st.text(max_size=300))
def test_no_text_keeps_a_mail_address_or_a_long_number(text):
    shown = mask_text(text)
    outside_times = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", "|", shown)
    assert not re.search(r"[^\s@,;:<>()\[\]]@[^\s@,;:<>()\[\]]", shown)
    assert not re.search(r"\d{7}", outside_times)
    assert shown.isprintable()


@given(PIECES, st.integers(1, 600))
def test_a_masked_text_is_within_its_limit(text, limit):
    assert len(mask_text(text, limit)) <= limit
    assert len(one_line(text, limit)) <= limit


def test_facts_are_bounded_in_number_and_length():
    facts = mask_facts([(f"name {number}" + "x" * 99, "y" * 900) for number in range(30)])
    assert len(facts) == MAX_FACTS
    assert {(len(name), len(text)) for name, text in facts} == {(60, MAX_FACT_TEXT)}
    assert mask_facts([("", "text"), ("a@b", "c@d")]) == (("[e-mail]", "[e-mail]"),)
    assert MAX_TITLE == 200
