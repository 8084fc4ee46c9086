"""Hostile documents in each format, made by seed: they ask for much time or memory with few bytes."""

import io
import random
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.docx_files import RELATIONS, archive, docx, paragraph
from tests.support.pdf_files import assembled, line, pdf, stream
from vigil.assistant.passages.formats_model import DocumentFormat

MB = 1_000_000


@dataclass(frozen=True)
class Bomb:
    """A hostile document. `end` is the failure, or "text", of one that takes little time, and empty for others."""

    form: DocumentFormat
    make: Callable[[], bytes | str]
    end: str = ""

    def content(self) -> bytes:
        """Return the bytes of the file."""
        made = self.make()
        return made.encode() if isinstance(made, str) else made


def _repeated(piece: str, size: int = 9 * MB) -> str:
    return piece * (size // len(piece.encode()))


def _random_text(alphabet: str, size: int, seed: int = 7) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=size))


def _html(piece: str, size: int = 9 * MB, *, end: str = "") -> Bomb:
    return Bomb("html", lambda: _repeated(piece, size), end)


HTML = {
    "unfinished tags": _html("<a "),
    "unfinished comments": _html("<!--"),
    "deep elements": Bomb("html", lambda: "<div>" * 100_000 + "x", end="too_complex"),
    "deep tables": Bomb("html", lambda: "<table><tr><td>" * 50_000 + "x", end="too_complex"),
    "a million headings": _html("<h1>x</h1>"),
    "attributes": Bomb("html", lambda: "<p " + " ".join(f"a{n}=b" for n in range(900_000)) + ">x"),
    "wide header": Bomb("html", lambda: f"<table><tr><th>{'h' * 100}<th>b" + _repeated("<tr><td>x<td>y")),
    "spans": Bomb("html", lambda: "<table>" + _repeated("<tr><td colspan=9999 rowspan=9999>long text")),
    "entities": _html("&#x41;&amp;&notit;"),
    "closing tags": _html("</b></i>"),
    "style sheets": Bomb("html", lambda: "<style>" + _repeated("@a{", 8 * MB) + "</style><p>x"),
    "mixed tags": Bomb(
        "html",
        lambda: "".join(
            random.Random(3).choices(["<b>", "</b>", "<p>", "<td>", "<tr>", "</table>", "<table>", "x", "<li>"], k=MB)
        ),
    ),
    "marks": Bomb("html", lambda: "<p>a" + "\u0315\u0316" * 2 * MB),
}
MARKDOWN = {
    "brackets": Bomb("markdown", lambda: _repeated("[", MB // 2), end="text"),
    "links": Bomb("markdown", lambda: _repeated("[a](")),
    "stars": Bomb("markdown", lambda: _repeated("*a **b ")),
    "backquotes": Bomb("markdown", lambda: "".join("`" * (n % 3_000 + 1) + "a" for n in range(6_000))),
    "quotes": Bomb("markdown", lambda: _repeated("> ")),
    "nested lists": Bomb("markdown", lambda: "\n".join(" " * (n % 2_000) + "- a" for n in range(9_000))),
    "table with wide rows": Bomb(
        "markdown", lambda: "|a" * 4_000 + "\n" + "|-" * 4_000 + "\n" + _repeated("|" * 4_000 + "\n")
    ),
    "headings": Bomb("markdown", lambda: _repeated("# a\n")),
    "hashes": Bomb("markdown", lambda: _repeated("#")),
    "definitions": Bomb("markdown", lambda: _repeated("[a]: b\n")),
    "html comments": Bomb("markdown", lambda: _repeated("<!-- a\n")),
    "front matter": Bomb("markdown", lambda: "---\n" + _repeated("a: b\n")),
    "fences": Bomb("markdown", lambda: _repeated("```\n~~~\n")),
}
TEXT = {
    "one word": Bomb("text", lambda: _repeated("a")),
    "one letter a line": Bomb("text", lambda: _repeated("a\n\n")),
    "combining marks": Bomb("text", lambda: "a" + "\u0315\u0316" * 100_000, end="text"),
    "marks after letters": Bomb("text", lambda: _repeated("a\u0315\u0316\u0317")),
    "zero width": Bomb("text", lambda: _repeated("\u200b", MB), end="no_text"),
    "tags": Bomb("text", lambda: _repeated("\U000e0041")),
    "hyphens": Bomb("text", lambda: _repeated("a-\n")),
    "numbers": Bomb("text", lambda: _repeated("1.1 A\n\n")),
    "list numbers": Bomb("text", lambda: _repeated("1. a\n")),
    "spaces": Bomb("text", lambda: " " * (9 * MB) + "a"),
    "wide characters": Bomb("text", lambda: _repeated("\U0001f600 ")),
    "random": Bomb("text", lambda: _random_text("ab .\n-1\t\u0301\u202e", 3 * MB)),
}


def _docx(body: Callable[[], str], *, end: str = "", **parts: str) -> Bomb:
    return Bomb("docx", lambda: docx(body(), **parts), end)


def _zip(name: str, piece: bytes, count: int) -> bytes:
    """Return a DOCX file whose part consists of one piece many times."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        if name != "_rels/.rels":
            written.writestr("_rels/.rels", RELATIONS)
        with written.open(name, "w") as part:
            for _ in range(count):
                part.write(piece)
    return target.getvalue()


_LAUGHS = (
    '<!DOCTYPE a [<!ENTITY x "ha">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]><a>&x9;</a>"
)
_ROW = "<w:tr><w:tc><w:p/></w:tc></w:tr>"
DOCX = {
    "zip bomb": Bomb("docx", lambda: _zip("word/document.xml", b" " * MB, 20), end="too_complex"),
    "zip bomb in relations": Bomb("docx", lambda: _zip("_rels/.rels", b" " * MB, 300)),
    "entities": Bomb("docx", lambda: archive({"_rels/.rels": RELATIONS, "word/document.xml": _LAUGHS}), end="has_dtd"),
    "external entity": Bomb(
        "docx", lambda: archive({"_rels/.rels": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}), end="has_dtd"
    ),
    "deep elements": _docx(lambda: "<w:sdt>" * 100_000, end="too_complex"),
    "a million headings": _docx(lambda: _repeated(paragraph("x", "", '<w:outlineLvl w:val="0"/>'), 40 * MB)),
    "a million rows": _docx(lambda: f"<w:tbl>{_repeated(_ROW, 40 * MB)}</w:tbl>"),
    "nested tables": _docx(
        lambda: "<w:tbl><w:tr><w:tc>" * 80 + paragraph("x" * 1_000) + "</w:tc></w:tr></w:tbl>" * 80, end="text"
    ),
    "styles": _docx(
        lambda: paragraph("x"), styles=_repeated('<w:style w:styleId="a"><w:basedOn w:val="a"/></w:style>', 20 * MB)
    ),
    "attributes": _docx(lambda: "<w:p " + " ".join(f'w:a{n}="1"' for n in range(500_000)) + "/>"),
    "many parts": Bomb("docx", lambda: archive({f"a/{n}": b"" for n in range(60_000)})),
    "random runs": _docx(lambda: "".join(map(paragraph, _random_text("ab ", MB).split()))),
}


def _pdf(content: Callable[[], bytes | str], *, end: str = "") -> Bomb:
    return Bomb("pdf", lambda: pdf([content()]), end)


def _nested_filters(levels: int) -> bytes:
    data = b" " * (5 * MB)
    for _ in range(levels):
        data = zlib.compress(data)
    filters = "/Filter [" + "/FlateDecode " * levels + "]"
    return pdf(
        ["0 g"],
        "/XObject << /X 1000 0 R >>",
        {1000: stream(data, f"/Subtype /Form {filters}", is_packed=False), 4: stream(b"/X Do")},
    )


def _object_streams() -> bytes:
    """Return a file with an object stream that unpacks to many objects."""
    numbers = "".join(f"{n} {2 * n} " for n in range(1_000, 300_000))
    packed = stream((numbers + "0 " * 300_000).encode(), f"/Type /ObjStm /N 299000 /First {len(numbers)}")
    return assembled({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [] /Count 0 >>", 5: packed})


def _looped_pages() -> bytes:
    pages = {2: b"<< /Type /Pages /Kids [" + b"3 0 R " * 9_000 + b"] /Count 9000 >>"}
    pages[3] = b"<< /Type /Pages /Kids [" + b"4 0 R " * 9_000 + b"] /Count 9000 >>"
    return assembled({1: b"<< /Type /Catalog /Pages 2 0 R >>", **pages, 4: b"<< /Type /Page >>"})


def _form_tree() -> bytes:
    forms = {
        1_000 + n: stream(b"/X Do " * 10, f"/Subtype /Form /Resources << /XObject << /X {1_001 + n} 0 R >> >>")
        for n in range(9)
    }
    return pdf(["/X Do " * 10], "/XObject << /X 1000 0 R >>", {**forms, 1_009: stream(b"0 g", "/Subtype /Form")})


PDF = {
    "flate": _pdf(lambda: b" " * (5 * MB), end="too_complex"),
    "nested filters": Bomb("pdf", lambda: _nested_filters(4), end="too_complex"),
    "object streams": Bomb("pdf", _object_streams),
    "looped pages": Bomb("pdf", _looped_pages),
    "forms": Bomb("pdf", _form_tree),
    "operators": _pdf(lambda: "q Q " * 60_000),
    "one letter each": _pdf(
        lambda: "BT /F1 9 Tf " + "".join(f"1 0 0 1 {n % 600} {n * 7 % 800} Tm (a) Tj " for n in range(8_000)) + "ET"
    ),
    "fills": _pdf(lambda: "0 0 600 800 re f " * 6_000 + line(50, 700, "Text ") * 2_000),
    "nested arrays": _pdf(lambda: "[" * 200_000),
    "long strings": _pdf(lambda: "BT /F1 9 Tf " + f"({'a' * 900_000}) Tj " * 2 + "ET"),
    "pages": Bomb("pdf", lambda: pdf([line(50, 700, "x")] * 1_900)),
    "deep dictionaries": Bomb("pdf", lambda: assembled({1: b"<< /A " * 5_000 + b">> " * 5_000})),
    "broken table": Bomb("pdf", lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 400_000 + b"%%EOF"),
}
BOMBS: Mapping[str, Bomb] = {
    f"{bomb.form}: {name}": bomb for bombs in (HTML, MARKDOWN, TEXT, DOCX, PDF) for name, bomb in bombs.items()
}
