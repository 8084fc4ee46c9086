"""Markup of the health page, valid as XML: escaped text, numbers, tables and figures.

Markup can be put into a page as it is. `write_count`, `write_share`, `write_number`, `write_estimate`, `write_times`
and `write_words` return text that is not escaped.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import count

from vigil.monitoring.findings.suppression_model import Count, Estimate

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow."""
MAX_LABEL = 30
"""Maximum characters of a label in a figure; the table has the full name."""
NO_NUMBER = "\u2013"
"""Sign of a number that cannot be calculated or shown: a dash."""
TIMES = "\u00d7"
"""Sign of multiplication."""
_MINUS = "\u2212"


def write_text(text: str) -> str:
    """Return a text as escaped markup; characters that XML does not allow become question marks."""
    return escape(_NOT_XML.sub("?", text))


def write_label(text: str) -> str:
    """Return a name as escaped markup for a figure.

    A name of more than `MAX_LABEL` (30) characters is cut and ends with `…`.
    """
    return write_text(text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…")


def write_count(rows: Count) -> str:
    """Return a count with separators, such as `1,240`; `< 11` for None."""
    return "< 11" if rows is None else f"{rows:,}"


def write_share(share: float | None) -> str:
    """Return a share from 0 to 1 in percent, such as `12.5 %`; a dash for None."""
    return NO_NUMBER if share is None else f"{round(share * 100, 1):g} %"


def write_number(number: float | None) -> str:
    """Return a number with three significant digits; a dash for None.

    Numbers from 1,000 to a million have separators and no decimals, larger ones a power of ten.
    """
    if number is None:
        return NO_NUMBER
    if 1000 <= abs(number) < 1_000_000:
        return f"{number:,.0f}"
    return f"{number:.3g}".replace("-", _MINUS)


def write_estimate(estimate: Estimate | None, *, is_share: bool = False) -> str:
    """Return a value with its interval, such as `0.71 (0.68 to 0.74)`; a dash for None or an estimate without a value.

    Without an upper limit alone, the interval ends with `no limit`.
    """
    if estimate is None or estimate.value is None:
        return NO_NUMBER
    write = write_share if is_share else write_number
    if estimate.low is None and estimate.high is None:
        return write(estimate.value)
    high = "no limit" if estimate.high is None else write(estimate.high)
    return f"{write(estimate.value)} ({write(estimate.low)} to {high})"


def write_times(strength: float | None) -> str:
    """Return `DriftRow.strength` with the sign of multiplication, at most `over 1,000`; a dash for None."""
    if strength is None:
        return NO_NUMBER
    return f"over 1,000 {TIMES}" if strength > 1000 else f"{strength:.1f} {TIMES}"


def write_words(identifier: str) -> str:
    """Return an identifier in words: `Low confidence` for `low_confidence`."""
    words = identifier.replace("_", " ")
    return words[:1].upper() + words[1:]


def badge(kind: str, words: str) -> str:
    """Return markup of words in the colour of `kind`, a state or verdict. The words alone have the meaning."""
    return f'<b class="{kind}">{write_text(words)}</b>'


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the markup of a table. Cells are markup; caption and headings are texts.

    The first cell of a row is its heading. Without rows, the result is one sentence.
    """
    lines = [f'<tr><th scope="row">{row[0]}</th><td>{"</td><td>".join(row[1:])}</td></tr>' for row in rows]
    if not lines:
        return f"<p>{write_text(caption)}: no data.</p>"
    head = "".join(f'<th scope="col">{heading}</th>' for heading in map(write_text, headings))
    caption = write_text(caption)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


class Figures:
    """Writer of the figures of one page; each has its own id for its title and description."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def write(self, title: str, description: str, size: tuple[int, int], shapes: Iterable[str]) -> str:
        """Return the markup of a figure; `size` has its width and height in user units of SVG.

        Title and description are texts, also for screen readers; the shapes are markup.
        """
        number, (width, height) = next(self._numbers), size
        title, description = write_text(title), write_text(description)
        return (
            f'<figure><figcaption>{title}</figcaption><svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {width} {height}" aria-labelledby="t{number} d{number}">'
            f'<title id="t{number}">{title}</title>'
            f'<desc id="d{number}">{description}</desc>{"".join(shapes)}</svg></figure>'
        )
