"""Masks for the free text of people, so that it leaves Vigil without contact data, numbers of persons or birth dates.

Names cannot be found by a rule. Documentation therefore asks senders for ids, counts and links.
"""

import re
import unicodedata
from collections.abc import Iterable

MAX_TITLE = 200
"""Maximum characters of a title."""
MAX_FACTS = 20
"""Maximum facts of an alert."""
MAX_FACT_NAME, MAX_FACT_TEXT = 60, 500
"""Maximum characters of a fact's name and text."""
MASKED_MAIL, MASKED_DATE, MASKED_NUMBER = "[e-mail]", "[date]", "[number]"
"""Texts that replace an e-mail address, a calendar day, and a number of seven digits or more."""

_MAIL = re.compile(
    r"(?<![^\s@,;:<>()\[\]])[^\s@,;:<>()\[\]]++(?:@[^\s@,;:<>()\[\]]++| ?@ ?[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,9}+)"
)
_MONTH = (
    r"(?=[^\W\d_]{3})(?:jan|feb|fev|fév|mar|mär|mrt|apr|abr|avr|may|mai|mei|mag|jun|jui|giu|jul|lug|aug|aou|aoû|ago|sep"
    r"|set|oct|okt|out|ott|nov|dec|déc|dez|dic|ene|gen)[^\W\d_]{0,7}+"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th|er)?"
_BETWEEN = r" ?[-/.]? ?"
_DAY_BY_NUMBERS = re.compile(
    r"(?<!\d)(?:\d{4} ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,2}(?!\d)"
    r"|\d{1,2} ?[-/.] ?\d{1,2} ?[-/.] ?(?:\d{4}|\d\d)(?![\d.]))"
)
_DAY_BY_MONTH = re.compile(
    rf"(?<!\d){_DAY}{_BETWEEN}(?:(?:of|de) )?{_MONTH}{_BETWEEN},? ?(?:de )?\d{{2,4}}(?!\d)"
    rf"|(?<!\d)\d{{4}}{_BETWEEN}{_MONTH}{_BETWEEN}{_DAY}(?!\d)"
    rf"|(?<![^\W\d_]){_MONTH}{_BETWEEN}{_DAY}{_BETWEEN},? ?\d{{4}}(?!\d)",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"\+?\(?\d(?:[\s()./_-]{0,4}+\d){6,40}+")
_TIME = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d(?:T|\s)(?!00:00(?::00)?(?![\d:.]))\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?"
)


def mask_text(text: str, limit: int = MAX_FACT_TEXT) -> str:
    """Return a text of people with masks, on one line and of at most `limit` characters.

    Mail addresses, phone numbers, numbers of seven digits or more and calendar days are masked. A timestamp with a time
    of day other than midnight is not masked, because no birth date has one.
    """
    plain = _MAIL.sub(MASKED_MAIL, _plain(text))
    parts, end = [], 0
    for time in _TIME.finditer(plain):
        parts += [_masked(plain[end : time.start()]), time.group()]
        end = time.end()
    return one_line("".join([*parts, _masked(plain[end:])]), limit)


def mask_facts(facts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the first MAX_FACTS facts, each name and text masked and within its limit.

    A fact whose name is empty after masking is left out.
    """
    kept = [(mask_text(name, MAX_FACT_NAME), mask_text(text)) for name, text in _first(facts, MAX_FACTS)]
    return tuple(fact for fact in kept if fact[0])


def one_line(text: str, limit: int) -> str:
    """Return a text on one line, without invisible characters, within a limit of characters."""
    return shorten(" ".join("".join(map(_visible, text)).split()), limit)


def shorten(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters (from 1). An ellipsis replaces the end of a longer text."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def _masked(text: str) -> str:
    text = _DAY_BY_MONTH.sub(MASKED_DATE, _DAY_BY_NUMBERS.sub(MASKED_DATE, text))
    return _LONG_NUMBER.sub(MASKED_NUMBER, text)


def _plain(text: str) -> str:
    """Return a text with one kind of dash and single spaces, so that the patterns need no other forms."""
    normal = unicodedata.normalize("NFKC", "".join(map(_visible, text)))
    dashed = "".join("-" if c == "\u2212" or unicodedata.category(c) == "Pd" else c for c in normal)
    return " ".join(dashed.split())


def _visible(character: str) -> str:
    """Return a character, a space for a control character, or nothing for an invisible one."""
    category = unicodedata.category(character)
    return " " if category in {"Cc", "Zl", "Zp"} else "" if category in {"Cf", "Cn", "Co", "Cs"} else character


def _first(facts: Iterable[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    return [fact for _, fact in zip(range(count), facts, strict=False)]
