"""Questions, contexts and notes with identifiers and clinical facts, drawn by a seed."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.support.identified_texts.disguises import DIGIT_WORDS, SPELLED, WRITTEN
from tests.support.identified_texts.identifiers import DRAW, Identifier

DISGUISED = 0.25
"""Share of identifiers with a disguise."""
KNOWN = 0.4
"""Share of names that the record of the person has."""

CARRIERS = {
    "name": (
        *(
            "Patient {} came for a refill.",
            "{} has missed two visits.",
            "I saw {} in the clinic.",
            "Can {} switch to TLD?",
        ),
        *(
            "Mrs {} is breastfeeding.",
            "Name: {}",
            "She is the daughter of {} and feels well.",
            "Dr {} reviewed the file.",
        ),
        *("The treatment supporter, {}, collects the medicine.", "Should {} start TPT?", "Seen with {}'s mother."),
        *(
            "Today {} reports a cough.",
            "According to {} the rash is better.",
            "Client's name is {}.",
            "Discussed with {}.",
        ),
    ),
    "place": (
        "She lives in {}.",
        "Referred from {}.",
        "Address: {}.",
        "He moved to {} last year.",
        "Home visit at {}.",
    ),
    "date": (
        *("Last seen on {}.", "ART was started {}.", "DOB {}.", "Next visit: {}.", "The test of {} was negative."),
        *("Admitted {} and discharged later.", "Born on {}."),
    ),
    "age": ("The patient is {}.", "A man, {}, with fever.", "Grandmother {} with a cough."),
    "phone": ("Call her on {}.", "Phone {}.", "Reach him at {} in the evening.", "Mobile no. {}", "His number is {}."),
    "fax": ("Fax {}.", "Send the result by fax to {}."),
    "email": ("Write to {} with the result.", "E-mail: {}", "Contact {} for details."),
    "national_id": ("National ID {}.", "SSN {}.", "ID no {}", "Passport or ID: {}."),
    "record": ("MRN {}.", "File no. {}.", "CCC number {}.", "Hospital number: {}", "Record {} was reviewed."),
    "health_plan": ("Insurance {}.", "Member no {}.", "NHIF {}.", "Scheme number {}."),
    "account": ("Account {}.", "M-Pesa account no. {}.", "Paid from acct {}."),
    "licence": ("Driving licence {}.", "License no. {}.", "Certificate {}."),
    "vehicle": ("He drives {}.", "Came with the taxi {}.", "Number plate {}.", "The car {} was parked outside."),
    "device": ("Pump serial {}.", "Implant {}.", "Glucometer {}.", "Device id: {}."),
    "url": ("See {} for the history.", "Profile {}.", "Her page is {}."),
    "ip": ("Logged in from {}.", "The IP was {}.", "Tablet address {}."),
    "biometric": ("Fingerprint {}.", "Iris code {}.", "Voice print {} matched."),
    "photo": ("Photo {} is attached.", "See picture {}.", "Wound image {}."),
    "other": ("Study code {}.", "Token {}.", "Reference {}.", "Barcode {}."),
}
"""Sentences around an identifier, by kind."""
FACTS = (
    *("CD4 350 cells/mm3", "CD4 count of 187", "VL 1,250 copies/mL", "viral load 48000 copies/ml", "TDF/3TC/DTG"),
    *("dolutegravir 50 mg once daily", "efavirenz 600 mg at night", "isoniazid 300 mg daily for 6 months", "BP 120/80"),
    *("paracetamol 500 mg every 8 hours", "creatinine 88 umol/L", "creatinine clearance 45 mL/min", "38.5 C", "TLD"),
    *("amoxicillin 250 mg three times a day", "weight 52 kg", "45 years old", "aged 67", "7-year-old", "Hb 10.2 g/dL"),
    *("cotrimoxazole 960 mg daily", "2 tablets", "for 14 days", "every 12 weeks", "in 3 months", "28 weeks pregnant"),
    *(
        "ALT 45 U/L",
        "pulse 84",
        "MUAC 11.5 cm",
        "glucose 6.1 mmol/L",
        "10 mg/kg",
        "200-350 cells",
        "twice daily",
        "PrEP",
    ),
    *(
        "rifampicin 10 mg/kg",
        "fluconazole 1200 mg daily",
        "platelets 150,000",
        "SpO2 88%",
        "TB",
        "3 missed doses",
        "eGFR 60",
    ),
    *(
        "abacavir/lamivudine 600/300 mg",
        "nevirapine syrup 15 mg",
        "hepatitis B",
        "stage 3",
        "HbA1c 7.2 %",
        "0.5 mL",
        "89 years old",
    ),
)
"""Clinical facts that must survive."""
PLAIN = (
    *(
        "Fever since {}.",
        "The result is {}.",
        "On {} without side effects.",
        "Plan: {}.",
        "Current: {}.",
        "He takes {}.",
    ),
    *("Is {} still right?", "Does {} change the plan?", "She has {}.", "Noted {} at the visit.", "We advise {}."),
)
"""Sentences around a fact."""
Kind = Literal["question", "context", "note"]
"""Kind of a text: a question has one sentence or two, a context is a line of facts, and a note is longer."""


@dataclass(frozen=True, slots=True)
class IdentifiedText:
    """A text, the values that the record of its person has, its identifiers, and its facts."""

    kind: Kind
    text: str
    known: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    facts: tuple[str, ...]


def draw_texts(seed: int, identifiers: int) -> Iterator[IdentifiedText]:
    """Yield texts that have this number of identifiers together, each kind in turn."""
    chance = Random(seed)
    kinds, left = list(DRAW), identifiers
    while left:
        kind: Kind = chance.choice(("question", "context", "note"))
        wanted = min(left, {"question": 1, "context": 2, "note": 5}[kind])
        found = [DRAW[kinds[(left - i) % len(kinds)]](chance) for i in range(wanted)]
        yield _text(chance, kind, found)
        left -= wanted


def _text(chance: Random, kind: Kind, found: Sequence[Identifier]) -> IdentifiedText:
    facts = chance.sample(FACTS, {"question": 1, "context": 2, "note": 4}[kind])
    known = tuple(each.text for each in found if each.kind == "name" and chance.random() < KNOWN)
    sentences = [_carrier(chance, each, is_known=each.text in known) for each in found]
    sentences += [chance.choice(PLAIN).format(fact) for fact in facts]
    chance.shuffle(sentences)
    return IdentifiedText(kind, chance.choice((" ", "\n")).join(sentences), known, tuple(found), tuple(facts))


def _carrier(chance: Random, found: Identifier, *, is_known: bool) -> str:
    written = found.text
    if chance.random() < DISGUISED:
        ways = list(WRITTEN.items())
        if found.kind in ("phone", "fax", "national_id", "account"):
            ways += SPELLED.items()
        label, disguise = chance.choice(ways)
        # A name that is a word, in small letters, is told from the word only by the record.
        if label != "lower case" or is_known or found.kind != "name":
            written = disguise(found.text, chance)
    return chance.choice(CARRIERS[found.kind]).replace("{}", written)


def folded(text: str) -> str:
    """Return the letters and digits of a text in small ASCII letters where they have any, with spaces between words."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = plain.translate({0xF8: "o", 0x142: "l", 0x111: "d", 0x131: "i"})
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")
    return " ".join(re.findall(r"[^\W_]+", kept))


def leaks(identified: IdentifiedText, masked: str) -> list[str]:
    """Return the pieces of identifiers that a masked text contains, as words or joined ones.

    Numbers spelled in words are joined as digits first. A piece that a fact of the text also has is no leak.
    """
    facts = f" {folded(' '.join(identified.facts))} "
    words = f" {folded(masked)} "
    values = {word: str(digit) for digit, word in enumerate(DIGIT_WORDS)}
    joined = "".join(values.get(word, word) for word in words.split())
    found = []
    for identifier in identified.identifiers:
        for piece in identifier.pieces:
            form = folded(piece)
            if f" {form} " in facts:
                continue
            is_long_number = sum(map(str.isdigit, form)) >= 6
            if f" {form} " in words or (is_long_number and form.replace(" ", "") in joined):
                found.append(f"{identifier.kind}: {piece}")
    return found
