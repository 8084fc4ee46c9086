"""Reads HTML as a person with a browser sees it: without hidden text, scripts, comments and attributes."""

from collections.abc import Sequence

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.characters_model import declared_in_page, decode, lowered, raised
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.html_elements_model import BLOCKS, HEADINGS, Element, OpenElements
from vigil.assistant.passages.html_tokens_model import Closing, Comment, Opening, Raw, Text, Token, tokens
from vigil.assistant.passages.tables_model import Cell, TableBuilder

_MAX_SPAN = 1_000


def read_html(content: bytes, charset: str | None = None) -> ReadDocument:
    """Return the visible blocks of an HTML file. Raises UnreadableDocument."""
    collector = BlockCollector()
    read_page(decode(content, charset or declared_in_page(content)), collector)
    return collector.document()


def read_page(source: str, collector: BlockCollector) -> None:
    """Add the visible blocks of an HTML text to a collector. Raises UnreadableDocument."""
    page = _Page(collector)
    for token in tokens(source):
        page.read(token)
    page.end()


class _Table:
    """A table that is being read. A table with headings or tables inside is a layout, and its cells are blocks."""

    def __init__(self) -> None:
        self.builder = TableBuilder()
        self.cells: list[Cell] = []
        self.cell: Opening | None = None
        self.text: list[str] = []
        self.is_layout = False


class _Page:
    """The state of reading: open elements, text of the current block, and open tables."""

    def __init__(self, collector: BlockCollector) -> None:
        self._collector = collector
        self._elements = OpenElements()
        self._text: list[str] = []
        self._tables: list[_Table] = []

    def end(self) -> None:
        """Finish the block and the tables at the end of the text."""
        self._end_block()
        while self._tables:
            self._end_table()

    def read(self, token: Token) -> None:
        """Read the next token."""
        match token:
            case Text(text):
                self._add_text(text)
            case Opening():
                self._open(token)
            case Closing(name):
                self._finish(self._elements.close(name))
            case Raw(name, text):
                self._elements.add_rules(text if name == "style" else "")
                self._collector.hide(text)
            case Comment(text):
                self._collector.hide(text)

    def _add_text(self, text: str) -> None:
        if self._elements.style.is_hidden:
            self._collector.hide(text)
            return
        if self._elements.count["sup"]:
            text = raised(text)
        elif self._elements.count["sub"]:
            text = lowered(text)
        self._text.append(text)

    def _open(self, tag: Opening) -> None:
        self._finish(self._elements.end_before(tag.name))
        if tag.name in BLOCKS:
            self._end_block()
        if not self._elements.open(tag):
            self._text.append(" " if tag.name == "br" else "")
        elif tag.name == "table":
            self._set_layout()
            self._tables.append(_Table())
        elif tag.name in HEADINGS:
            self._set_layout()
        elif tag.name in {"td", "th"} and self._tables and not self._elements.style.is_hidden:
            self._tables[-1].cell = tag

    def _finish(self, ended: Sequence[Element]) -> None:
        """Finish the blocks, cells, rows and tables of elements that end, the innermost first."""
        names = [element.name for element in ended]
        if not BLOCKS.isdisjoint(names):
            level = next((HEADINGS[name] for name in names if name in HEADINGS), 0)
            self._end_block(level, is_item="li" in names)
        for name in names:
            if name in {"td", "th"}:
                self._end_cell()
            elif name == "tr":
                self._end_row()
            elif name == "table":
                self._end_table()

    def _end_block(self, level: int = 0, *, is_item: bool = False) -> None:
        text = "".join(self._text)
        self._text = []
        if self._tables and not self._tables[-1].is_layout and self._tables[-1].cell is not None:
            self._tables[-1].text.append(text)
        elif level := level or self._elements.heading_level:
            self._collector.add("heading", text, level)
        else:
            self._collector.add("list_item" if is_item or self._elements.count["li"] else "paragraph", text)

    def _set_layout(self) -> None:
        """Turn the current table into blocks, because a cell contains a heading or a table."""
        if not self._tables or self._tables[-1].is_layout or self._tables[-1].cell is None:
            return
        table = self._tables[-1]
        self._end_row()
        self._add_rows(table)
        table.is_layout = True

    def _end_cell(self) -> None:
        self._end_block()
        table = self._tables[-1] if self._tables else None
        if table is None or table.cell is None:
            return
        if not table.is_layout:
            columns, rows = (_span(table.cell.attributes.get(name)) for name in ("colspan", "rowspan"))
            table.cells.append(Cell(" ".join(table.text), columns, rows, table.cell.name == "th"))
        table.cell, table.text = None, []

    def _end_row(self) -> None:
        self._end_cell()
        if self._tables and self._tables[-1].cells:
            table = self._tables[-1]
            table.builder.add_row(table.cells, is_header=self._elements.count["thead"] > 0)
            table.cells = []

    def _end_table(self) -> None:
        if self._tables:
            self._end_row()
            self._add_rows(self._tables.pop())

    def _add_rows(self, table: _Table) -> None:
        for kind, text in table.builder.blocks():
            self._collector.add(kind, text)
        table.builder = TableBuilder()


def _span(value: str | None) -> int:
    """Return the number of columns or rows over which a cell extends."""
    digits = (value or "").strip()[:4]
    return min(max(int(digits), 1), _MAX_SPAN) if digits.isascii() and digits.isdigit() else 1
