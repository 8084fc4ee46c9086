"""Finds the texts of a bad row that could be the id of its subject."""

import re
from collections.abc import Iterator
from decimal import Decimal

from vigil.decisions.batches.files_model import FileFormat

_ID = re.compile(r"[A-Za-z0-9_:@-][A-Za-z0-9._:@-]{0,127}")
_TOKENS = re.compile(r"[A-Za-z0-9._:@-]+")
_EDGE = "._:@-"
"""Characters of an id that are punctuation, so that they may also surround one."""
_MAX_ID_LENGTH = 128
_MAX_EXPONENT = 128
"""Maximum exponent of a number that can name a subject: a subject id has at most 128 characters."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_CONTROLS = dict.fromkeys("bfnrt", " ")
"""Letters of JSON escapes that stand for space or for a control character."""


def is_subject_id(value: object) -> bool:
    """Return True if a value has the form of a subject id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def find_possible_ids(form: FileFormat, text: str) -> Iterator[str]:
    """Yield each text of a bad row that could be an id, in any place. There are at most two for each character.

    An id ends at each character that an id cannot have. Quotes and JSON escapes are read and also left out. A colon
    can be part of an id or stand before or behind it.
    """
    yield from _ids(text)
    other = _unescaped(text) if form == "ndjson" else text.replace('"', "")
    if other != text:
        yield from _ids(other)


def number_spellings(number: str) -> set[str]:
    """Return the ids that a JSON number can mean: as it is spelled, and as a whole number without exponent."""
    try:
        value = Decimal(number)
    except ArithmeticError:
        return {number}
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT or value != value.to_integral_value():
        return {number}
    return {number, str(int(value))}


def _ids(text: str) -> Iterator[str]:
    for found in _TOKENS.finditer(text):
        token = found[0]
        if token.isalnum() and not token[0].isdigit():
            parts = {token}
        else:
            parts = {token, *token.split(":"), token.partition(":")[2]}
            parts |= {part.strip(_EDGE) for part in parts}
            if token[0].isdigit() and not token.isdigit():
                parts |= number_spellings(token)
        yield from (part for part in parts if 0 < len(part) <= _MAX_ID_LENGTH)


def _unescaped(text: str) -> str:
    """Return a broken JSON text with its escapes decoded."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _CONTROLS.get(found[2], found[2]), text)
