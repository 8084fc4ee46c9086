"""Invented identifiers of the 18 kinds of HIPAA's Safe Harbor, with the pieces that must not leave.

The spellings come from forms and notes of clinics, not from the rules that remove them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.support.identified_texts import people

TODAY = date(2026, 3, 15)
"""Day on which the texts are masked."""
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
ORDINAL_ENDINGS = {**dict.fromkeys((1, 21, 31), "st"), **dict.fromkeys((2, 22), "nd"), **dict.fromkeys((3, 23), "rd")}
FOREIGN_MONTHS = (
    *("janvier", "février", "avril", "août", "décembre", "fevereiro", "março", "maio", "outubro", "Februari"),
    *("Machi", "Aprili", "Julai", "Oktoba", "Desemba", "Januarie", "Junie", "Augustus", "marzo", "agosto"),
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier as a text shows it, and its pieces; a piece in the masked text is a leak."""

    kind: str
    text: str
    pieces: tuple[str, ...]


def digits(chance: Random, pattern: str) -> str:
    """Return a pattern with a digit for each `#`, a digit from 1 for each `9`, and a letter for each `@`."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    choices: Mapping[str, str] = {"#": "0123456789", "9": "123456789", "@": letters}
    return "".join(chance.choice(choices[sign]) if sign in choices else sign for sign in pattern)


def name(chance: Random) -> Identifier:
    """Return a name of one to three words; half of the families with words have a given name that is a word."""
    given = chance.choice(people.WORD_GIVEN if chance.random() < 0.3 else people.GIVEN)
    family = chance.choice(people.WORD_FAMILY if chance.random() < 0.25 else people.FAMILY)
    full = chance.choice(
        (given, f"{given} {family}", f"{given} {family}", f"{given} {chance.choice('ABDJKMW')}. {family}")
    )
    pieces = tuple(
        part for part in full.replace(".", "").split() if len(part) > 2 and part not in ("van", "der", "dos")
    )
    return Identifier("name", full, pieces)


def place(chance: Random) -> Identifier:
    """Return a town, an address, a box or a postal code."""
    town, street = chance.choice(people.TOWNS), chance.choice(people.STREETS)
    number = str(chance.randint(3, 989))
    kind = chance.choice(("Road", "Street", "Avenue", "Lane", "Estate", "Rd", "Ave"))
    text = chance.choice(
        (town, town, f"{number} {street} {kind}, {town}", f"Plot {number}, {town}", f"P.O. Box {number}-00100 {town}",
         f"House {number}, {street} Estate", f"{town} village", f"{town} County")
    )  # fmt: skip
    pieces = [part for part in (town, street, f"{number} {street}") if part in text]
    return Identifier("place", text, (*pieces, *(["00100"] if "00100" in text else [])))


def calendar_date(chance: Random) -> Identifier:
    """Return a date in one of many spellings, with its day and month as pieces."""
    day = TODAY - timedelta(days=chance.randint(1, 30_000))
    month, short = MONTHS[day.month - 1], MONTHS[day.month - 1][:3]
    ordinal = f"{day.day}{ORDINAL_ENDINGS.get(day.day, 'th')}"
    foreign = chance.choice(FOREIGN_MONTHS)
    text = chance.choice(
        (day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}", f"{day:%d-%m-%y}", f"{day.day} {month} {day.year}",
         f"{ordinal} of {month}, {day.year}", f"{month} {day.day}, {day.year}", f"{day.day}-{short}-{day:%y}",
         f"{short} {ordinal}", f"{day.day} {short.upper()} {day.year}", f"{day.day} {foreign} {day.year}",
         f"{day.year}/{day:%m/%d}", f"{day:%d / %m / %Y}", f"{day:%Y%m%d}", f"{month} {day.year}",
         f"{day:%d-%m-%Y} 14:35", f"{day.isoformat()}T08:15:00")
    )  # fmt: skip
    pieces = [f"{day:%d/%m}", f"{day:%m/%d}", f"{day.day} {month}", f"{day.day} {short}", f"{month} {day.day}"]
    pieces += [f"{day.day} {foreign}"] if foreign in text else []
    pieces += [f"{month} {day.year}"] if text == f"{month} {day.year}" else []
    return Identifier("date", text, (*pieces, text))


def very_old(chance: Random) -> Identifier:
    """Return an age above 89 in digits or words."""
    age = chance.randint(90, 108)
    tens = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    words = "ninety" if age == 90 else f"ninety-{tens[age - 90]}" if age < 100 else "one hundred"
    text = chance.choice(
        (
            f"{age} years old",
            f"{age}-year-old",
            f"aged {age}",
            f"{age}yo",
            f"age {age}",
            f"{age} y/o",
            f"{words} years old",
        )
    )
    return Identifier("age", text, (words,) if words in text else (str(age),))


def _number(kind: str, *patterns: str) -> Callable[[Random], Identifier]:
    def draw(chance: Random) -> Identifier:
        text = digits(chance, chance.choice(patterns))
        return Identifier(kind, text, pieces_of(text))

    return draw


def pieces_of(text: str) -> tuple[str, ...]:
    """Return the text itself and each of its words with four characters or more and a digit."""
    words = "".join(sign if sign.isalnum() else " " for sign in text).split()
    return (text, *(word for word in words if len(word) >= 4 and any(map(str.isdigit, word))))


def email(chance: Random) -> Identifier:
    """Return an e-mail address, plain or written out."""
    given, family = (chance.choice(pool).split()[-1].lower() for pool in (people.GIVEN, people.FAMILY))
    user = chance.choice((f"{given}.{family}", f"{given}{chance.randint(1, 99)}", f"{family}_{given}", "grace.white"))
    at, dot = chance.choice((("@", "."), ("@", "."), (" @ ", "."), (" at ", " dot "), (" [at] ", " [dot] ")))
    host = chance.choice(("gmail", "yahoo", "clinic", "afya"))
    text = f"{user}{at}{host}{dot}{chance.choice(('com', 'org', 'co.ke' if dot == '.' else 'com'))}"
    return Identifier("email", text, (user, f"{user}{at}{host}"))


def url(chance: Random) -> Identifier:
    """Return a link to a page of a person."""
    user = f"{chance.choice(people.GIVEN).lower()}{chance.choice(('', '.', '-'))}{chance.randint(2, 9999)}"
    text = chance.choice(
        (f"https://facebook.com/{user}", f"www.records.example.org/p?id={user}", f"facebook.com/{user}", f"HTTP://x.co/{user}",
         f"https://portal.example.ke/patients/{user}/chart", f"instagram.com/{user}", f"@{user}")
    )  # fmt: skip
    return Identifier("url", text, (user,))


def ip(chance: Random) -> Identifier:
    """Return an address of version 4 or 6, or of a network card."""
    four = ".".join(str(chance.randint(1, 254)) for _ in range(4))
    six = ":".join(f"{chance.getrandbits(16):x}" for _ in range(8))
    short = f"2001:db8::{chance.getrandbits(16):x}"
    card = ":".join(f"{chance.getrandbits(8):02x}" for _ in range(6))
    text = chance.choice((four, four, six, short, card, card.replace(":", "-").upper()))
    return Identifier("ip", text, (text,))


DRAW: Mapping[str, Callable[[Random], Identifier]] = {
    "name": name,
    "place": place,
    "date": calendar_date,
    "age": very_old,
    "phone": _number(
        *("phone", "07## ### ###", "+254 7## ### ###", "+2547########", "(021) ###-####", "0## ### ####", "07########"),
        *("07##-######", "+263 77 ### ####", "00254 7## ######", "07 ## ## ## ##", "+27.82.###.####", "011#######"),
    ),
    "fax": _number("fax", "020-#######", "+254 20 ### ####", "(0)20 ### ## ##", "555-####"),
    "email": email,
    "national_id": _number("national_id", "###-##-####", "9#######", "######-####-08#", "63-######@##", "### ## ####"),
    "record": _number(
        "record", "MRN-######", "9####/##", "#####-#####", "OP/####/2024", "IP-#####", "9####", "@@#####"
    ),
    "health_plan": _number(
        "health_plan", "NHIF#######", "CR#########-#", "SHA-####-####", "9#########", "@@@ #### ####"
    ),
    "account": _number("account", "01###########", "#### #### #### ####", "KE##-####-####-##", "ACC#######"),
    "licence": _number("licence", "DL-#######", "A########", "@@######", "KMPDC/####", "@#######"),
    "vehicle": _number(
        "vehicle", "K@@ ###@", "K@@###@", "@@@ ###-###", "GP @@ ## @@", "1HGCM826##A######", "CA ###-###"
    ),
    "device": _number(
        "device", "SN-####-@@##", "35####-##-######-#", "(01)0084458800####", "@#@#-##@#-####", "PM########"
    ),
    "url": url,
    "ip": ip,
    "biometric": _number("biometric", "FP-####-####", "IRIS:####@@##", "vp_########", "0x@#@#####", "BIO/####"),
    "photo": _number("photo", "IMG_####.jpg", "DSC0####.JPG", "photo-########.png", "IMG-20240###-WA####.jpg"),
    "other": _number(
        "other", "TRIAL-###-####", "ticket ####-@@", "REF:@@@#####", "sub-#a##b##c##", "@#@#@#", "PIN ####"
    ),
}
"""Function that draws an identifier, by kind. Ages above 89 belong to HIPAA's kind of dates."""
