"""Reads Markdown as people see it in a browser: headings, lists, tables, code, and HTML without hidden text."""

import re

from vigil.assistant.passages.blocks_model import BlockKind, ReadDocument
from vigil.assistant.passages.characters_model import decode
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.html_reader import read_page
from vigil.assistant.passages.markdown_html_model import TABLE_MARK, VisibleMarkdown
from vigil.assistant.passages.markdown_inline_model import inline_text
from vigil.assistant.passages.tables_model import table_sentences

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FRONT = re.compile(r"\ufeff?---[ \t]*\n(?:[A-Za-z_][^\n]*\n|[ \t#-][^\n]*\n){1,200}?(?:---|\.\.\.)[ \t]*(?:\n|$)")
_QUOTE = re.compile(r"(?: {0,3}> ?)+")
_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_THEMATIC_BREAK = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_BULLET = re.compile(r"[ \t]*[-*+][ \t]+")
_ORDERED = re.compile(r"[ \t]*\d{1,9}[.)][ \t]+")
_DEFINITION = re.compile(r" {0,3}\[[^\[\]^][^\[\]]{0,200}\]:[ \t]*\S")
_BARS = frozenset("|:- \t")


def read_markdown(content: bytes, charset: str | None = None) -> ReadDocument:
    """Return the visible blocks of a Markdown file. Raises UnreadableDocument."""
    collector = BlockCollector()
    source = _LINE_ENDS.sub("\n", decode(content, charset))
    front = _FRONT.match(source)
    if front:
        collector.hide(front[0])
        source = source[front.end() :]
    visible = VisibleMarkdown(source, collector)
    blocks = _Blocks(collector, visible.tables)
    for line in visible.text.split("\n"):
        blocks.read(_QUOTE.sub("", line, count=1) if line.lstrip().startswith(">") else line)
    blocks.end()
    return collector.document()


class _Blocks:
    """The state of reading lines: the lines of the current block, and the rows of the current table."""

    def __init__(self, collector: BlockCollector, tables: list[str]) -> None:
        self._collector = collector
        self._tables = tables
        self._kind: BlockKind = "paragraph"
        self._lines: list[str] = []
        self._rows: list[list[str]] = []
        self._is_in_list = False

    def read(self, line: str) -> None:
        """Read the next line."""
        if not line.strip():
            self.end()
        elif self._rows:
            self._rows.append(self._cells(line))
        elif line.startswith(TABLE_MARK):
            self.end()
            read_page(self._tables[int(line[1:])], self._collector)
        elif self._lines and self._kind == "paragraph" and self._ends_head(line):
            return
        elif match := _HEADING.match(line):
            self.end()
            self._add_heading(line[match.end() :], len(match[1]))
        elif _THEMATIC_BREAK.match(line):
            self.end()
        elif _DEFINITION.match(line) and not self._lines:
            self._collector.hide(line)
        else:
            self._add_line(line)

    def end(self) -> None:
        """Finish the current block."""
        if self._rows:
            for sentence in table_sentences(self._rows, 1):
                self._collector.add("table_row", sentence)
        elif self._lines:
            self._collector.add(self._kind, self._inline(" ".join(self._lines)))
        self._rows, self._lines, self._kind = [], [], "paragraph"

    def _ends_head(self, line: str) -> bool:
        """Return True for the line below a heading or below the header of a table, after reading it."""
        if _UNDERLINE.match(line):
            text = " ".join(self._lines)
            self._lines = []
            self._add_heading(text, 1 if "=" in line else 2)
            return True
        header = self._lines[-1]
        if "-" not in line or not _BARS.issuperset(line) or "|" not in header + line:
            return False
        if len(self._split(header)) != len(self._split(line)):
            return False
        self._lines.pop()
        self.end()
        self._rows.append(self._cells(header))
        return True

    def _add_heading(self, text: str, level: int) -> None:
        plain = text.strip()
        unmarked = plain.rstrip("#")
        text = unmarked if not unmarked or unmarked[-1].isspace() else plain
        self._collector.add("heading", self._inline(text), level)
        self._is_in_list = False

    def _add_line(self, line: str) -> None:
        bullet, ordered = _BULLET.match(line), _ORDERED.match(line)
        if bullet or ordered:
            self.end()
            self._kind, self._is_in_list = "list_item", True
            # The number of an ordered item is visible text, a bullet is not.
            self._lines.append(line[bullet.end() :] if bullet else line.strip())
            return
        if not self._lines:
            self._is_in_list = self._is_in_list and line.startswith(("  ", "\t"))
            self._kind = "list_item" if self._is_in_list else "paragraph"
        self._lines.append(line.strip())

    def _inline(self, text: str) -> str:
        return inline_text(text, self._collector)

    def _cells(self, line: str) -> list[str]:
        return [self._inline(cell) for cell in self._split(line)]

    @staticmethod
    def _split(line: str) -> list[str]:
        return line.strip().removeprefix("|").removesuffix("|").split("|")
