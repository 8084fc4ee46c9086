"""A damaged file is read or refused, and never ends in another error."""

import random
import re

import pytest

from tests.support.docx_files import docx, paragraph
from tests.support.pdf_files import line, lines, pdf
from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.format_reader import reader_of

HTML = """<style>.x{color:#fff}</style><h1>Guide</h1><p class=x style="font-size:0">a<b>b</b></p>
<ul><li>c<li hidden>d</ul>
<table><tr><th colspan=2>e<th>f<tr><td rowspan=2>g<td>h</table><!-- i --><script>j</script>k<sup>2</sup> &amp; l"""
MARKDOWN = (
    "# A\n\n- *b* `c` [d](e)\n\n| f | g |\n|---|---|\n| h | ~~i~~ |\n\n<div hidden>\n\nj</div>\n```\nk\n```\n1. l\n"
)
CELL = f"<w:tc>{paragraph('x', '<w:vanish/>')}</w:tc><w:tc>{paragraph('y')}</w:tc>"
BODY = paragraph("One", "<w:b/>", "<w:x/>") + f"<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>{CELL}</w:tr></w:tbl>"
NAMES = ["p", "r", "t", "rPr", "pPr", "tbl", "tr", "tc", "trPr", "tblHeader", "del", "sdt", "vMerge", "gridSpan", "sym"]
FILES = {
    "pdf": pdf([line(50, 700, "Text", before="1 0 0 rg 0 0 9 9 re f /P cs") + lines(50, 600, ["a b", "c d"])] * 2),
    "docx": docx(BODY),
    "html": HTML.encode(),
    "markdown": (MARKDOWN + HTML).encode(),
    "text": b"1 A\n\n1.1 B\n===\n\n- c\n  d\n2. e-\nf\n",
}
PIECES = [
    *(b"", b"<", b">", b"\x00", b"&", b"'", b'"', b"-", b"|", b"`", b"<!--", b"</", b"9" * 12, b"\xff", b"[", b"0 R"),
    *(b"/", b"((", b"-1", b"w:tbl", b"w:tc", b"/>", b"w:p"),
]


def damaged(content, chance):
    """Return the content with one to six pieces exchanged, removed or doubled."""
    for _ in range(chance.randint(1, 6)):
        place, size = chance.randrange(len(content)), chance.randint(0, 8)
        piece = chance.choice([*PIECES, content[place : place + 4 * size]])
        content = content[:place] + piece + content[place + size :]
    return content


def exchanged(body, chance):
    """Return a body of a DOCX file with some of its elements in place of others, and well-formed."""
    names = chance.sample(NAMES, 4)
    others = dict(zip(names, chance.sample(names, 4), strict=True))
    return docx(re.sub(r"(?<=w:)\w+(?=[ />])", lambda match: others.get(match[0], match[0]), body))


@pytest.mark.parametrize("form", FILES)
def test_damaged_file_is_read_or_refused(form):
    read, chance = reader_of(form), random.Random(form)
    count, refused = 40 if form == "pdf" else 150, 0
    for _ in range(count):
        content = exchanged(BODY, chance) if form == "docx" and chance.random() < 0.8 else damaged(FILES[form], chance)
        try:
            assert read(content, None).blocks
        except UnreadableDocument:
            refused += 1
    assert read(FILES[form], None).blocks
    assert 0 < refused < count
