"""DOCX files for tests, from XML in the vocabulary of WordprocessingML."""

import io
import zipfile

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ALTERNATIVES = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_SPACES = f'xmlns:w="{WORD}" xmlns:mc="{_ALTERNATIVES}" xmlns:wps="urn:shapes"'
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def docx(body: str, styles: str = "", **parts: str | bytes) -> bytes:
    """Return a DOCX file with this body. `parts` are further files in the folder `word`, with `_` for the point."""
    files: dict[str, str | bytes] = {
        "_rels/.rels": RELATIONS,
        "word/document.xml": f"<w:document {_SPACES}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {_SPACES}>{styles}</w:styles>",
    }
    files |= {f"word/{name.replace('_', '.')}": part for name, part in parts.items()}
    return archive(files)


def archive(files: dict[str, str | bytes]) -> bytes:
    """Return a ZIP archive with these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, part in files.items():
            written.writestr(name, part)
    return target.getvalue()


def notes(text: str) -> str:
    """Return the part with footnotes."""
    return f"<w:footnotes {_SPACES}><w:footnote><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:footnote></w:footnotes>"


def paragraph(text: str, run: str = "", properties: str = "") -> str:
    """Return a paragraph of one run with these properties."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"
