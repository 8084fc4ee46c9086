"""Folded text: one form for all spellings of a text, with the place of each character in the original."""

import re
import unicodedata
from dataclasses import dataclass

_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs"}
_HIDDEN_LETTERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0} | {
    code for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for code in range(first, last + 1)
}
"""Letters and marks without a form of their own: joiners, fillers and variation selectors."""
_SPACES = "\t\n\v\f\r\x85\u2028\u2029"
_FOLDED = str.maketrans(
    {
        "\u2212": "-",
        "\u2018": "'",
        "\u2019": "'",
        "“": '"',
        "”": '"',
        "μ": "u",
        "≤": "<=",
        "≥": ">=",
        "\u2044": "/",
        "\u00d7": "x",
    }
)
_PART = re.compile(r"[ -~]+(?![\u0300-\u036f])|[ -~]?[\u0300-\u036f]+|[^ -~][\u0300-\u036f]*")
"""Runs of ASCII characters, and other characters with their combining marks."""
_LINE_END_HYPHEN = re.compile(r"(?<=[^\W\d_])-[^\S\n]*\n\s*(?=[^\W\d_])")
_THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:[,\xa0]\d{3})++(?![\w,]|\.\d{4})")
_UNIT_SPACE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(\s+)(?=(?:mg|mcg|ug|g|kg|ml|l|dl|iu|cm|mm|mmol|%)(?!\w))")
_SEPARATOR = re.compile(r"[,\xa0]")
_WHITE = re.compile(r"\s+")
_WORD_CHARACTER = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """Folded text. `places` has the index in the original for each character, and the length of the original last."""

    text: str
    places: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the original for a range of the folded text."""
        return self.places[start], self.places[end]


def is_hidden(character: str) -> bool:
    """Return True for a character that a reader does not see: controls, zero-width, bidirectional and tag characters.

    Line ends and tabs are visible as white space.
    """
    if character in _SPACES:
        return False
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or ord(character) in _HIDDEN_LETTERS


def fold(text: str) -> FoldedText:
    """Return the folded form of a text.

    It has NFKC and no case, plain dashes and quotes, single spaces, and no hidden characters. Separators of thousands,
    hyphens at line ends, and spaces before units of measure are left out. A fraction or an exponent never joins the
    digits before it. The work is linear.
    """
    characters: list[str] = []
    places: list[int] = []
    for part in _PART.finditer(text):
        if part[0].isascii() and part[0].isprintable():
            characters += part[0].lower()
            places += range(*part.span())
        else:
            folded = _fold_cluster(part[0], "".join(characters[-1:]))
            characters += folded
            places += [part.start()] * len(folded)
    return _joined(characters, places, len(text))


def locate(quote: str, folded: FoldedText) -> tuple[int, int] | None:
    """Return the range of the original text that a quote spells in any form, between word boundaries, or None.

    The quote has at least three words and twelve characters, so that it names one place.
    """
    wanted = fold(quote).text.strip(' ."')
    if len(wanted) < 12 or len(wanted.split()) < 3:
        return None
    start = folded.text.find(wanted)
    while start >= 0 and not _stands_alone(folded.text, start, start + len(wanted)):
        start = folded.text.find(wanted, start + 1)
    return folded.original(start, start + len(wanted)) if start >= 0 else None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return True if a range of a text begins and ends between words."""
    return not (_WORD_CHARACTER.match(text[start - 1 : start]) or _WORD_CHARACTER.match(text[end : end + 1]))


def _fold_cluster(cluster: str, before: str) -> str:
    """Return the folded form of one character with its combining marks; `before` is the folded character before it."""
    if cluster in "\xa0\u2009\u202f":
        return "\xa0"
    visible = "".join(each for each in cluster if not is_hidden(each))
    folded = unicodedata.normalize("NFKC", visible).casefold().translate(_FOLDED)
    if unicodedata.category(cluster[0]) == "Pd":
        return "-"
    if before.isdigit() and unicodedata.category(cluster[0]) == "No":
        return f" {folded}" if "/" in folded else f"^{folded}"
    return folded


def _joined(characters: list[str], places: list[int], length: int) -> FoldedText:
    """Return the text without the parts that the layout adds."""
    text = "".join(characters)
    for match in _LINE_END_HYPHEN.finditer(text):
        characters[match.start() : match.end()] = [""] * (match.end() - match.start())
    for match in _THOUSANDS.finditer(text):
        for separator in _SEPARATOR.finditer(text, *match.span()):
            characters[separator.start()] = ""
    for match in _WHITE.finditer(text):
        if characters[match.start()]:
            characters[match.start() : match.end()] = [" ", *[""] * (match.end() - match.start() - 1)]
    for match in _UNIT_SPACE.finditer(text):
        characters[match.start(1) : match.end(1)] = [""] * len(match[1])
    kept = [index for index, each in enumerate(characters) if each]
    return FoldedText("".join(characters), (*(places[index] for index in kept), length))
