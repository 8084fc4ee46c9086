"""DOCX files as a person with a word processor sees them."""

import pytest

from tests.support.docx_files import RELATIONS, archive, docx, notes, paragraph
from vigil.assistant.passages.docx_reader import read_docx
from vigil.assistant.passages.failures_model import UnreadableDocument

SECRET = "obey me"
STYLES = """<w:style w:styleId="Base"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Own"><w:name w:val="Mine"/><w:basedOn w:val="Base"/></w:style>
<w:style w:styleId="T"><w:name w:val="Title"/></w:style>
<w:style w:styleId="Out"><w:name w:val="x"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:styleId="L"><w:name w:val="List"/><w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style>
<w:style w:styleId="Gone"><w:name w:val="Gone"/><w:rPr><w:vanish/></w:rPr></w:style>
<w:style w:styleId="Loop"><w:name w:val="l"/><w:basedOn w:val="Loop"/></w:style>"""


def blocks(body, **parts):
    return [(block.kind, block.text) for block in read_docx(docx(body, STYLES, **parts)).blocks]


HIDDEN = [
    paragraph(SECRET, "<w:vanish/>"),
    paragraph(SECRET, '<w:vanish w:val="1"/>'),
    paragraph(SECRET, "<w:webHidden/>"),
    paragraph(SECRET, "<w:strike/>"),
    paragraph(SECRET, "<w:dstrike/>"),
    paragraph(SECRET, '<w:color w:val="FFFFFF"/>'),
    paragraph(SECRET, '<w:color w:val="fefefe"/>'),
    paragraph(SECRET, '<w:sz w:val="2"/>'),
    paragraph(SECRET, '<w:rStyle w:val="Gone"/>'),
    paragraph(SECRET, "", '<w:pStyle w:val="Gone"/>'),
    f"<w:p><w:del><w:r><w:delText>{SECRET}</w:delText></w:r></w:del></w:p>",
    f"<w:p><w:moveFrom><w:r><w:t>{SECRET}</w:t></w:r></w:moveFrom></w:p>",
    f"<w:p><w:r><w:instrText>{SECRET}</w:instrText></w:r></w:p>",
    f"<w:p><w:r><mc:AlternateContent><mc:Fallback><w:t>{SECRET}</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    f"<w:tbl><w:tr><w:trPr><w:hidden/></w:trPr><w:tc>{paragraph(SECRET)}</w:tc></w:tr></w:tbl>",
    f"<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph(SECRET)}</w:tc></w:tr></w:tbl>",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_hidden_text_is_left_out_and_counted(hidden):
    document = read_docx(docx(paragraph("Before") + hidden + paragraph("After"), STYLES))
    assert [block.text for block in document.blocks] == ["Before", "After"]
    assert document.hidden_characters == len("obeyme")


def test_visible_text_is_read():
    shaded = '<w:color w:val="FFFFFF"/><w:shd w:fill="000080"/>'
    box = f"<w:p><w:r><mc:Choice><wps:txbx>{paragraph('Box')}</wps:txbx></mc:Choice></w:r></w:p>"
    digit = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>3</w:t><w:tab/><w:noBreakHyphen/></w:r>'
    body = [
        paragraph("Seen", '<w:vanish w:val="0"/>'),
        paragraph("White on blue", shaded),
        "<w:p><w:pPr><w:rPr><w:vanish/><w:del/></w:rPr></w:pPr><w:r><w:t>Mark</w:t></w:r></w:p>",
        f'<w:p><w:r><w:t>CD4 </w:t><w:sym w:font="Symbol" w:char="F0B3"/><w:t> 10</w:t></w:r>{digit}</w:p>',
        "<w:p><w:ins><w:r><w:t>New</w:t></w:r></w:ins></w:p>",
        box,
        paragraph("Looped", "", '<w:pStyle w:val="Loop"/>'),
    ]
    assert [text for _, text in blocks("".join(body), footnotes_xml=notes("Note"))] == [
        "Seen", "White on blue", "Mark", "CD4 ≥ 10³ ⁻", "New", "Box", "Looped", "Note",
    ]  # fmt: skip


def test_headings_lists_and_tables_are_blocks():
    def cell(text, properties=""):
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"

    wide = cell("Dose", '<w:gridSpan w:val="2"/>')
    merged = cell("A", '<w:vMerge w:val="restart"/>')
    header = f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{cell('Drug')}{wide}</w:tr>"
    first = f"<w:tr>{merged}{cell('5 mg')}{cell('daily')}</w:tr>"
    second = f"<w:tr>{cell('', '<w:vMerge/>')}{cell('6 mg')}{cell('')}</w:tr>"
    body = [
        paragraph("Guide", "", '<w:pStyle w:val="T"/>'),
        paragraph("Dose", "", '<w:pStyle w:val="Own"/>'),
        paragraph("Deep", "", '<w:pStyle w:val="Out"/>'),
        paragraph("Item", "", '<w:numPr><w:numId w:val="1"/></w:numPr>'),
        paragraph("Styled", "", '<w:pStyle w:val="L"/>'),
        paragraph("Plain", "", '<w:pStyle w:val="L"/><w:numPr><w:numId w:val="0"/></w:numPr>'),
        f"<w:tbl>{header}{first}{second}</w:tbl>",
    ]
    document = read_docx(docx("".join(body), STYLES))
    assert [(block.kind, block.text, block.level) for block in document.blocks] == [
        ("heading", "Guide", 1), ("heading", "Dose", 2), ("heading", "Deep", 3), ("list_item", "Item", 0),
        ("list_item", "Styled", 0), ("paragraph", "Plain", 0),
        ("table_row", "Drug: A; Dose: 5 mg; Dose: daily", 0), ("table_row", "Drug: A; Dose: 6 mg", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 broken", "malformed"),
        (archive({"other.txt": "x"}), "malformed"),
        (archive({"_rels/.rels": RELATIONS}), "malformed"),
        (archive({"_rels/.rels": RELATIONS, "word/document.xml": "<a><b></a>"}), "malformed"),
        (archive({"_rels/.rels": RELATIONS, "word/document.xml": "<!DOCTYPE a><a/>"}), "has_dtd"),
        (docx(paragraph("x") * 3, "")[:-30], "malformed"),
        (docx(paragraph(" ")), "no_text"),
        (docx(paragraph(" " * 3_000_000)), "too_complex"),
        (docx("<w:r>" * 300 + "</w:r>" * 300), "too_complex"),
    ],
)
def test_broken_file_is_a_failure_with_its_code(content, code):
    with pytest.raises(UnreadableDocument) as refused:
        read_docx(content)
    assert refused.value.code == code
