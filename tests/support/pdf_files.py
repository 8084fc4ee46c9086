"""PDF files for tests, from content streams."""

import zlib
from collections.abc import Mapping, Sequence

_FONTS = "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> {}>>"
_BOLD = "/F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >> "


def pdf(
    contents: Sequence[bytes | str],
    resources: str = "",
    objects: Mapping[int, bytes] | None = None,
    fonts: str = "",
    **page: str,
) -> bytes:
    """Return a PDF file with a page per content stream.

    `resources` and `fonts` are further resources of each page, `objects` further objects by number from 1,000 on, and
    `page` further entries of each page, with the names in their own form.
    """
    count = len(contents)
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(count))
    more = " ".join(f"/{name} {value}" for name, value in ({"MediaBox": "[0 0 600 800]"} | page).items())
    parts = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode()}
    for index, content in enumerate(contents):
        data = content.encode("cp1252") if isinstance(content, str) else content
        own = f"/Resources << /Font {_FONTS.format(_BOLD + fonts)} {resources} >> /Contents {4 + 2 * index} 0 R {more}"
        parts[3 + 2 * index] = f"<< /Type /Page /Parent 2 0 R {own} >>".encode()
        parts[4 + 2 * index] = stream(data)
    return assembled(parts | dict(objects or {}))


def stream(data: bytes, entries: str = "", *, is_packed: bool = True) -> bytes:
    """Return a stream object, compressed if it `is_packed`."""
    packed = zlib.compress(data) if is_packed else data
    filters = "/Filter /FlateDecode" if is_packed else ""
    return f"<< /Length {len(packed)} {filters} {entries} >>\nstream\n".encode() + packed + b"\nendstream"


def assembled(parts: Mapping[int, bytes], trailer: str = "") -> bytes:
    """Return a file of objects by their numbers. The first one is the catalog."""
    content = b"%PDF-1.7\n"
    places: dict[int, int] = {}
    for number, part in parts.items():
        places[number] = len(content)
        content += f"{number} 0 obj\n".encode() + part + b"\nendobj\n"
    start = len(content)
    content += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        content += f"{number} 1\n{place:010} 00000 n \n".encode()
    size = max(parts) + 1
    return content + f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF".encode()


def line(x: float, y: float, text: str, size: float = 10, font: str = "F1", before: str = "") -> str:
    """Return the operators that show a line of text, with others before it."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"q {before} BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET Q\n"


def lines(x: float, y: float, texts: Sequence[str], size: float = 10, font: str = "F1") -> str:
    """Return lines below each other."""
    return "".join(line(x, y - 1.2 * size * index, text, size, font) for index, text in enumerate(texts))
