"""Removal of e-mail addresses, links, network addresses and names of files. Pure functions."""

import re

from vigil.privacy.masking.model import Kind
from vigil.privacy.masking.normal_form_model import replace
from vigil.privacy.masking.surrogates_model import Surrogates

_TOP = (
    r"(?:com|org|net|edu|gov|info|biz|int|io|co|me|app|dev|health|africa|live|online|site|xyz|ly|gl|"
    r"ke|ug|tz|za|zw|zm|bw|na|mw|mz|rw|et|ng|gh|uk|us|de|fr|pt|in)"
)
"""Ends of host names that people write without `www`."""
_FILE = r"(?:jpe?g|png|gif|heic|webp|bmp|tiff?|pdf|docx?|dcm|mp[34]|m4a|wav|ogg|csv|xlsx?|txt|zip|html?)"
_WRITTEN = (
    r"[\w.'+-]{1,64}\s{0,2}(?:@|[({]at[)}]|\bat\b)\s{0,2}[\w-]{1,63}"
    r"(?:\s{0,2}(?:[({]dot[)}]|\bdot\b)\s{0,2}[\w-]{1,63}){0,3}"
    rf"(?:\s{{0,2}}(?:[({{]dot[)}}]|\bdot\b)\s{{0,2}}|\.){_TOP}\b"
)
"""An address with `at` and `dot` in words. Only the ends of host names tell it from a sentence."""
_HEX = r"[0-9a-f]{1,4}"
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("URL", r"\b(?:https?|hxxps?|ftp|file)\s?:\s?/\s?/\s?\S{1,2000}|\bwww ?\.\S{1,2000}"),
    ("EMAIL", r"[\w.'+-]{1,64}\s?@\s?[\w-]{1,63}(?:\s?\.\s?[\w-]{1,63}){1,4}"),
    ("EMAIL", _WRITTEN),
    ("PHOTO", rf"[\w-]{{1,80}}(?: ?\([\w-]{{1,20}}\))? ?\.{_FILE}\b"),
    ("URL", rf"(?<![\w.@-])[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}\.{_TOP}(?:[/?#:]\S{{0,2000}}|(?![\w-]))"),
    ("URL", r"(?<![\w.])@\s?\w[\w.'-]{1,40}"),
    ("IP", r"\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b|\b[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}\b"),
    ("IP", r"(?<![\d.])\d{1,3}(?:\s?\.\s?\d{1,3}){3}(?![\d.]?\d)(?:/\d{1,2})?"),
    ("IP", rf"(?<!\w)(?:{_HEX}:){{1,7}}:(?:{_HEX}(?::{_HEX}){{0,6}})?(?![\w:])|(?<!\w)::{_HEX}(?::{_HEX}){{0,6}}"),
    ("IP", rf"(?<!\w)(?<!::){_HEX}(?::{_HEX}){{3,7}}(?![\w:])"),
)
_RULES = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS]


def mask_contacts(text: str, surrogates: Surrogates) -> str:
    """Return a text without e-mail addresses, links, handles, addresses of networks and devices, and names of files."""
    for kind, pattern in _RULES:
        text = replace(pattern, text, lambda match, kind=kind: surrogates.sign(kind, match[0]))  # type: ignore[misc]
    return text
