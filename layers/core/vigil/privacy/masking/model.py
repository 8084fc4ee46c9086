"""Values of masking: kinds of identifiers, known values, masked texts, and the refusal of a text. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

MAX_CHARACTERS = 100_000
"""Maximum characters of the texts of a request together. A transcript of two hours has about as many."""
MAX_KNOWN_VALUES = 200
"""Maximum values of the record that a request may name."""
MAX_KNOWN_CHARACTERS = 200
"""Maximum characters of a known value."""

Kind = Literal[
    "NAME", "PLACE", "DATE", "AGE", "PHONE", "FAX", "EMAIL", "NATIONAL_ID", "RECORD", "HEALTH_PLAN", "ACCOUNT",
    "LICENCE", "VEHICLE", "DEVICE", "URL", "IP", "BIOMETRIC", "PHOTO", "CODE", "TERM",
]  # fmt: skip
"""Kind of a removed value: the 18 kinds of identifiers of HIPAA's Safe Harbor, 45 CFR 164.514(b)(2), and three more.

`AGE` is an age above 89, which HIPAA counts among the dates. `CODE` is any other number or code. `TERM` is a word that
is in no list of allowed words.
"""
KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds."""
Finding = Literal["bracket", "character", "address", "word", "name", "number", "known_value"]
"""Reason of the second check to refuse a text.

`bracket`: a bracket is not a surrogate of `mask`. `character`: a character is outside of the allowed ones. `address`: a
link or an e-mail address. `word`: a word is in no list. `name`: a word may be a name. `number`: a long number has no
clinical meaning. `known_value`: a value of the record is still there.
"""


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that the record of the person contains, such as a name, an id or a telephone number."""

    text: str = field(repr=False)
    kind: Kind = "NAME"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with surrogates such as `[NAME_1]`, and the number of different values per kind.

    A value has the same surrogate in all texts of a request. Vigil stores no table that restores the values.
    """

    text: str
    kinds: Mapping[Kind, int]


class HealthDataFound(Exception):
    """The second check found health data in a masked text, so the text does not leave. It names only the findings."""

    def __init__(self, findings: frozenset[Finding]) -> None:
        super().__init__(f"A text still contains health data after masking: {', '.join(sorted(findings))}.")
        self.findings = findings
