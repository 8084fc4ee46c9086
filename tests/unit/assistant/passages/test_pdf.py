"""PDF files as people see them."""

import io

import pytest
from pypdf import PdfReader, PdfWriter

from tests.support.pdf_files import line, lines, pdf, stream
from vigil.assistant.passages import pdf_reader
from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.pdf_reader import read_pdf

SECRET = "obey me"
LOREM = "the dose of the drug depends on the weight of each child and on the age"


def blocks(*contents, **options):
    return [(block.kind, block.text) for block in read_pdf(pdf(contents, **options)).blocks]


def hidden_line(before, after="", y=700, x=50, size=10):
    return line(x, y, SECRET, size, before=before) + after


# A font of glyph numbers without a table of their characters.
FONT = "/F3 << /Type /Font /Subtype /Type0 /Encoding /Identity-H /BaseFont /X /DescendantFonts [] >>"
LAYERS = {
    "resources": "/Properties << /L1 1000 0 R >> /XObject << /X1 1001 0 R >> /ExtGState << /G1 << /ca 0 >> >>",
    "objects": {
        1: b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [1000 0 R] /D << /OFF [1000 0 R] >> >> >>",
        1000: b"<< /Type /OCG /Name (x) >>",
        1001: stream(line(50, 700, SECRET).encode(), "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /OC 1000 0 R"),
    },
}


@pytest.mark.parametrize(
    "hidden",
    [
        hidden_line("3 Tr"),
        hidden_line("7 Tr"),
        hidden_line("1 1 1 rg"),
        hidden_line("1 g"),
        hidden_line("0 0 0 0 k"),
        hidden_line("0.97 0.98 0.99 rg"),
        hidden_line("/DeviceRGB cs 1 1 1 sc"),
        hidden_line("", size=0.5),
        hidden_line("0.01 0 0 0.01 0 0 cm"),
        hidden_line("", x=-300),
        hidden_line("", y=900),
        hidden_line("0 Tz"),
        hidden_line("0 0 0 rg 0 690 600 30 re f", y=700),
        hidden_line("", "0 0 1 rg 0 690 600 30 re f", y=700),
        hidden_line("0 0 100 100 re W n"),
        hidden_line("/G1 gs"),
        f"/OC /L1 BDC {hidden_line('')} EMC ",
        "/X1 Do",
        f"/OC /L1 BDC /Span <</x 1>> BDC {hidden_line('')} EMC EMC",
    ],
)
def test_hidden_text_is_left_out_and_counted(hidden):
    document = read_pdf(pdf([line(50, 750, "Before") + hidden + "\n" + line(50, 600, "After")], **LAYERS))
    assert [block.text for block in document.blocks] == ["Before", "After"]
    assert document.hidden_characters == len("obeyme")


@pytest.mark.parametrize(
    "shown",
    [
        line(50, 700, "Seen", before="0 0 0.5 rg 40 690 500 30 re f 1 1 1 rg"),
        line(50, 700, "Seen", before="0 0 0.5 rg 40 690 m 500 690 l 500 720 l 40 720 l f 1 1 1 rg"),
        line(50, 700, "Seen", before="/Pattern cs /P1 scn"),
        line(50, 700, "Seen", before="2 Tr"),
        line(50, 700, "Seen") + "0 0 1 rg 300 690 100 30 re f\n",
        line(50, 700, "Seen") + "1 0 0 RG 40 690 500 30 re S\n",
        "q 40 690 500 30 re W n " + line(50, 700, "Seen") + "Q\n",
        "BT /F1 10 Tf 50 700 Td [(S) -20 (ee) 30 (n)] TJ ET\n",
        "BT /F1 10 Tf 14 TL 50 714 Td (Seen) ' ET\n",
    ],
)
def test_visible_text_is_read(shown):
    assert blocks(shown + line(50, 600, "After.")) == [("paragraph", "Seen"), ("paragraph", "After.")]


def test_paragraphs_headings_and_lists_are_blocks():
    first = [
        line(50, 760, "Guide", 24), line(50, 730, "Dose", 16),
        lines(50, 700, [f"For adults {LOREM} and treat-", f"ment. We treat {LOREM}", "with treatment (10"]),
        line(129, 679.5, "3", 6), line(136, 676, "cells)."),
        line(50, 640, "Not for:"), line(50, 625, "\u2022"), line(70, 625, "pregnant women with a very long"),
        line(70, 613, "second line"), line(50, 600, "1."), line(70, 600, "Old people"),
        line(50, 570, "2.1 Children", font="F2"),
        lines(50, 550, [f"A child needs more, {LOREM}, and", f"it is {LOREM} of the"]),
        line(50, 20, "Guide page 1"),
    ]  # fmt: skip
    second = lines(50, 760, ["next page, as all know.", "The end."]) + line(50, 20, "Guide page 2")
    third = line(50, 700, "Last.") + line(50, 20, "Guide page 3")
    assert blocks("".join(first), second, third) == [
        ("heading", "Guide"), ("heading", "Dose"),
        ("paragraph", f"For adults {LOREM} and treatment. We treat {LOREM} with treatment (10³ cells)."),
        ("paragraph", "Not for:"), ("list_item", "pregnant women with a very long second line"),
        ("list_item", "1. Old people"), ("heading", "2.1 Children"),
        ("paragraph", f"A child needs more, {LOREM}, and it is {LOREM} of the next page, as all know. The end."),
        ("paragraph", "Last."),
    ]  # fmt: skip


def test_columns_are_read_one_after_the_other():
    left = [f"Left {number} has words of one column" for number in "abcdef"]
    right = [f"right {number} has words of the other one" for number in "abcdef"]
    page = (
        line(120, 760, "A title across both of the columns of this page", 10)
        + lines(50, 730, left)
        + lines(320, 730, right)
    )
    footer = line(150, 640, "A sentence across both of the columns at their end here.")
    assert blocks(page + footer) == [
        ("paragraph", "A title across both of the columns of this page"),
        ("paragraph", " ".join([*left, *right])),
        ("paragraph", "A sentence across both of the columns at their end here."),
    ]


@pytest.mark.parametrize("is_ruled", [True, False])
def test_tables_are_rows_with_headers(is_ruled):
    rows = [("Drug", "Dose", "Note"), ("A", "5 mg", "daily"), ("B", "10 mg", "with food"), ("", "", "and water")]
    texts = [
        line(x, 700 - 14 * index, cell)
        for index, row in enumerate(rows)
        for x, cell in zip((50, 200, 350), row, strict=True)
    ]
    rules = "".join(f"50 {y} m 450 {y} l S\n" for y in (712, 697, 683, 652)) if is_ruled else ""
    assert blocks(line(50, 750, "Before.") + "".join(texts) + rules + line(50, 600, "After.")) == [
        ("paragraph", "Before."),
        ("table_row", "Drug: A; Dose: 5 mg; Note: daily"),
        ("table_row", "Drug: B; Dose: 10 mg; Note: with food and water"),
        ("paragraph", "After."),
    ]


def test_turned_page_is_read_upright():
    content = "BT /F1 10 Tf 0 1 -1 0 100 50 Tm (Upright text) Tj ET\n"
    assert blocks(content, Rotate="90") == [("paragraph", "Upright text")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7 nothing", "malformed"),
        (pdf(["0 0 10 10 re f"]), "no_text"),
        (pdf([hidden_line("3 Tr")]), "no_text"),
        (pdf([line(50, 700, "Text") + line(50, 600, "Coded", font="F3")], fonts=FONT), "unknown_characters"),
        (pdf([line(50, 700, "Text") + "0 0 9 9 re f " * 5_001]), "too_complex"),
        (pdf([b" " * 3_000_000]), "too_complex"),
        (pdf(["/X1 Do"], "/XObject << /X1 1000 0 R >>", {1000: stream(b"/X1 Do", "/Subtype /Form")}), "too_complex"),
    ],
)
def test_broken_file_is_a_failure_with_its_code(content, code):
    with pytest.raises(UnreadableDocument) as refused:
        read_pdf(content)
    assert refused.value.code == code


@pytest.mark.parametrize(("name", "code"), [("MAX_PAGES", "too_many_pages"), ("MAX_PAGE_TEXT_BYTES", "page_too_large")])
def test_limits_of_pages_are_enforced(name, code, monkeypatch):
    monkeypatch.setattr(pdf_reader, name, 3)
    assert read_pdf(pdf([line(50, 700, "abc"), "", ""])).blocks
    with pytest.raises(UnreadableDocument) as refused:
        read_pdf(pdf([line(50, 700, "abcd"), "", "", ""]))
    assert refused.value.code == code


@pytest.mark.parametrize("password", ["", "secret"])
def test_encrypted_file_is_read_only_without_a_password(password):
    writer = PdfWriter(PdfReader(io.BytesIO(pdf([line(50, 700, "Text")]))))
    writer.encrypt(password, "owner", algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    if not password:
        assert read_pdf(target.getvalue()).blocks[0].text == "Text"
        return
    with pytest.raises(UnreadableDocument) as refused:
        read_pdf(target.getvalue())
    assert refused.value.code == "encrypted"
