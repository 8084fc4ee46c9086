"""HTML inside Markdown: removes tags and hidden text, and protects code and escaped characters from both languages."""

import re
import string

from vigil.assistant.passages.characters_model import raised
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.html_elements_model import BLOCKS, HEADINGS, OpenElements
from vigil.assistant.passages.html_tokens_model import RAW, Closing, Comment, Opening, is_markup, markup, raw_end

_SHIFT = 0xF0000
_PROTECTED = {ord(character): _SHIFT + ord(character) for character in string.punctuation}
_RESTORED = {shifted: character for character, shifted in _PROTECTED.items()}
_FOREIGN = re.compile("[\U000f0000-\U000f00ff]")
TABLE_MARK = "\U000f0000"
"""Character before the number of an HTML table on a line of its own."""
_TOKEN = re.compile(r"^[ >]*(?P<fence>`{3,}|~{3,})[^`\n]*$|\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<code>`+)|<", re.MULTILINE)
_LINK = re.compile(r"<((?:[A-Za-z][A-Za-z0-9+.-]{1,31}:|[\w.+-]{1,64}@)[^\s<>]{1,2000})>")
_TABLE_END = re.compile(r"</table\s*>", re.IGNORECASE)
_FENCE_END = re.compile(r"^[ >]*+(`{3,}|~{3,})[ \t]*+$", re.MULTILINE)
_BACKQUOTES = re.compile(r"`+")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_MAX_CODE = 10_000
_MAX_FENCE = 20


def restore(text: str) -> str:
    """Return a text with its protected characters in their own form."""
    return text.translate(_RESTORED)


class VisibleMarkdown:
    """Markdown without HTML. `text` is the result, and `tables` are the sources of its HTML tables."""

    def __init__(self, source: str, collector: BlockCollector) -> None:
        self.tables: list[str] = []
        self._source = _FOREIGN.sub("\ufffd", source)
        self._collector = collector
        self._elements = OpenElements()
        self._pieces: list[str] = []
        place = 0
        while match := _TOKEN.search(self._source, place):
            self._add(self._source[place : match.start()])
            place = self._read(match)
        self._add(self._source[place:])
        self.text = "".join(self._pieces)

    def _add(self, text: str) -> None:
        if self._elements.style.is_hidden:
            self._collector.hide(text)
        else:
            self._pieces.append(raised(text) if self._elements.count["sup"] else text)

    def _read(self, match: re.Match[str]) -> int:
        """Read a token and return the place behind it."""
        if match["fence"]:
            return self._read_fence(match)
        if match["escaped"]:
            self._add(match["escaped"].translate(_PROTECTED))
            return match.end()
        if match["code"]:
            return self._read_code(match)
        return self._read_markup(match.start())

    def _read_fence(self, match: re.Match[str]) -> int:
        """Read a block of code as one paragraph."""
        fence = match["fence"][:_MAX_FENCE]
        ends = _FENCE_END.finditer(self._source, match.end())
        end = next((each for each in ends if each[1].startswith(fence)), None)
        stop = end.start() if end else len(self._source)
        code = " ".join(self._source[match.end() : stop].translate(_PROTECTED).split())
        self._add(f"\n\n{code}\n\n")
        return end.end() if end else stop

    def _read_code(self, match: re.Match[str]) -> int:
        """Read a code span, or the backquotes themselves if nothing closes them in their paragraph."""
        run, start = match["code"], match.end()
        paragraph = _EMPTY_LINE.search(self._source, start, start + _MAX_CODE)
        stop = paragraph.start() if paragraph else start + _MAX_CODE
        runs = _BACKQUOTES.finditer(self._source, start, stop) if len(run) <= _MAX_FENCE else ()
        end = next((each for each in runs if each[0] == run), None)
        if end is None:
            self._add(run.translate(_PROTECTED))
            return start
        self._add(self._source[start : end.start()].translate(_PROTECTED))
        return end.end()

    def _read_markup(self, start: int) -> int:
        if link := _LINK.match(self._source, start):
            self._add(link[1].translate(_PROTECTED))
            return link.end()
        if start + 1 >= len(self._source) or not is_markup(self._source, start):
            self._add("<".translate(_PROTECTED))
            return start + 1
        token, stop = markup(self._source, start)
        match token:
            case Opening(name) if name in RAW:
                end = raw_end(self._source, stop, name)
                self._elements.add_rules(self._source[stop:end] if name == "style" else "")
                self._collector.hide(self._source[stop:end])
                return end
            case Opening("table") if not self._elements.style.is_hidden:
                end_tag = _TABLE_END.search(self._source, stop)
                end = end_tag.end() if end_tag else len(self._source)
                self._add(f"\n\n{TABLE_MARK}{len(self.tables)}\n\n")
                self.tables.append(self._source[start:end])
                return end
            case Opening(name):
                self._elements.end_before(name)
                self._elements.open(token)
                self._add_break(name, f"{'#' * HEADINGS.get(name, 0)} ")
            case Closing(name):
                self._elements.close(name)
                self._add_break(name, "")
            case Comment(text):
                self._collector.hide(text)
        return stop

    def _add_break(self, name: str, heading: str) -> None:
        if name == "br":
            self._pieces.append(" ")
        elif name in BLOCKS:
            self._pieces.append("\n\n" + heading.lstrip(" "))
