"""Reads DOCX files as a person with a word processor sees them: without hidden, deleted and struck text."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.characters_model import lowered, raised
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.docx_archive_model import Archive
from vigil.assistant.passages.docx_styles_model import Properties, Style, Styles
from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.tables_model import Cell, TableBuilder

_SYMBOL_CODES = "F0B3 F0A3 F0B1 F0B4 F0B8 F0B9 F0BB F0AE F0B0 F061 F062 F06D"
SYMBOLS = dict(
    zip(_SYMBOL_CODES.split(), "\u2265\u2264\xb1\xd7\xf7\u2260\u2248\u2192\xb0\u03b1\u03b2\u03bc", strict=True)
)
"""Characters of the font Symbol by their codes. Word writes comparisons such as "at least" with them."""
_UNKNOWN_SYMBOL = "\ufffd"
_BREAKS = {"tab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"}
_UNSEEN = frozenset(("del", "moveFrom", "mc:Fallback", "instrText", "delText"))
_NOTES = ("footnotes.xml", "endnotes.xml")


def read_docx(content: bytes, _charset: str | None = None) -> ReadDocument:
    """Return the visible blocks of a DOCX file: its text, then its notes. Raises UnreadableDocument."""
    archive = Archive(content)
    main = archive.main_part()
    folder = posixpath.dirname(main)
    styles = Styles()
    reader = _StylesReader(styles)
    archive.parse(posixpath.join(folder, "styles.xml"), reader.start, reader.end, reader.text)
    body = _Body(styles)
    if not archive.parse(main, body.start, body.end, body.text):
        raise UnreadableDocument("malformed")
    for name in _NOTES:
        archive.parse(posixpath.join(folder, name), body.start, body.end, body.text)
    return body.collector.document()


class _StylesReader:
    """Reads the part with the styles."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._style = Style()

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Read an element."""
        if name == "style":
            self._style = Style()
            self._styles.by_id[attributes.get("styleId", "")] = self._style
        elif name == "name":
            self._style.name = attributes.get("val", "")
        else:
            self._style.properties.set(name, attributes)

    def end(self, name: str) -> None:
        """Ignore the end of an element."""

    def text(self, text: str) -> None:
        """Ignore text."""


@dataclass(slots=True)
class _Paragraph:
    """A paragraph that is being read."""

    properties: Properties = field(default_factory=Properties)
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Table:
    """A table that is being read. `merged` has the text of cells that extend over rows, by column."""

    builder: TableBuilder = field(default_factory=TableBuilder)
    cells: list[Cell] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    columns: int = 1
    merge: str | None = None
    merged: dict[int, str] = field(default_factory=dict)
    is_header: bool = False
    is_hidden: bool = False


class _Body:
    """The state of reading: open paragraphs and tables, the current run, and the depth of unseen elements."""

    def __init__(self, styles: Styles) -> None:
        self.collector = BlockCollector()
        self._styles = styles
        self._paragraphs: list[_Paragraph] = []
        self._tables: list[_Table] = []
        self._run: Properties | None = None
        self._open: list[str] = []
        self._unseen = 0
        self._is_text = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Read the start of an element."""
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        self._unseen += name in _UNSEEN and parent not in {"rPr", "trPr"}
        if name == "p":
            self._paragraphs.append(_Paragraph())
        elif name == "r":
            self._run = Properties()
        elif name in {"tbl", "tr", "tc"} or parent in {"trPr", "tcPr"}:
            self._start_in_table(name, parent, attributes)
        elif parent == "rPr" and self._run is not None:
            self._run.set(name, attributes)
        elif parent in {"pPr", "numPr"} and self._paragraphs:
            self._paragraphs[-1].properties.set(name, attributes)
        elif name == "sym":
            code = attributes.get("char", "").upper() if attributes.get("font") == "Symbol" else ""
            self._add(SYMBOLS.get(code, _UNKNOWN_SYMBOL))
        elif name in _BREAKS and parent == "r":
            self._add(_BREAKS[name])
        self._is_text = name in {"t", "delText", "instrText"}

    def end(self, name: str) -> None:
        """Read the end of an element."""
        self._open.pop()
        parent = self._open[-1] if self._open else ""
        self._unseen -= name in _UNSEEN and parent not in {"rPr", "trPr"}
        self._is_text = False
        if name == "p" and self._paragraphs:
            self._end_paragraph(self._paragraphs.pop())
        elif name == "r":
            self._run = None
        elif self._tables and name in {"tc", "tr", "tbl"}:
            self._end_in_table(name, self._tables[-1])

    def text(self, text: str) -> None:
        """Read text between tags. Only the text of runs is part of the document."""
        if self._is_text:
            self._add(text)

    def _add(self, text: str) -> None:
        run = self._run or Properties()
        if not self._paragraphs:
            return
        paragraph = self._paragraphs[-1]
        if self._unseen or self._styles.is_invisible(run, paragraph.properties):
            self.collector.hide(text)
            return
        if run.script == "superscript":
            text = raised(text)
        elif run.script == "subscript":
            text = lowered(text)
        paragraph.text.append(text)

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = "".join(paragraph.text)
        if self._tables:
            self._tables[-1].text.append(text)
            return
        level = self._styles.level(paragraph.properties)
        if level:
            self.collector.add("heading", text, level)
        else:
            self.collector.add("list_item" if self._styles.is_item(paragraph.properties) else "paragraph", text)

    def _start_in_table(self, name: str, parent: str, attributes: Mapping[str, str]) -> None:
        if name == "tbl":
            self._tables.append(_Table())
            return
        if not self._tables:
            return
        table, value = self._tables[-1], attributes.get("val", "")
        if name == "tr":
            table.cells, table.is_header, table.is_hidden = [], False, False
        elif name == "tc":
            table.text, table.columns, table.merge = [], 1, None
        elif name == "gridSpan":
            table.columns = int(value) if value.isdecimal() and len(value) < 4 else 1
        elif name == "vMerge":
            table.merge = value or "continue"
        elif parent == "trPr" and name == "tblHeader":
            table.is_header = value not in {"0", "false", "off"}
        elif parent == "trPr" and name in {"hidden", "del"}:
            table.is_hidden = True

    def _end_in_table(self, name: str, table: _Table) -> None:
        if name == "tc":
            text, column = " ".join(table.text), sum(cell.columns for cell in table.cells)
            if table.merge == "continue":
                text = table.merged.get(column, text)
            elif table.merge == "restart":
                table.merged[column] = text
            table.cells.append(Cell(text, table.columns))
            table.text = []
        elif name == "tr" and table.is_hidden:
            self.collector.hide(" ".join(cell.text for cell in table.cells))
        elif name == "tr":
            table.builder.add_row(table.cells, is_header=table.is_header)
        else:
            self._end_table()

    def _end_table(self) -> None:
        for kind, text in self._tables.pop().builder.blocks():
            if self._tables:
                self._tables[-1].text.append(text)
            else:
                self.collector.add(kind, text)
