"""Parts of a DOCX file: a ZIP archive of XML, read piece by piece with bounds for size, ratio and depth."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from xml.parsers import expat

from vigil.assistant.passages.failures_model import MAX_DEPTH, UnreadableDocument

MAX_XML_BYTES = 50_000_000
"""Maximum size of all parts that are read, in bytes after decompression."""
MAX_RATIO = 200
"""Maximum ratio of the decompressed and the compressed size of a part."""

_PIECE_BYTES = 65_536
_FREE_BYTES = 1_000_000
_ENCRYPTED = 0x1
_DEFLATED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_WORD = frozenset(
    (
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
)
_ALTERNATIVES = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_MAIN_PART = "/officeDocument"

Start = Callable[[str, Mapping[str, str]], None]
"""Function that receives the name and the attributes of an element when it begins."""
Receive = Callable[[str], None]
"""Function that receives the name of an element when it ends, or a text."""


class Archive:
    """The parts of a DOCX file. Methods raise UnreadableDocument."""

    def __init__(self, content: bytes) -> None:
        self._read_bytes = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
            raise UnreadableDocument("malformed") from error

    def main_part(self) -> str:
        """Return the name of the part with the text."""
        found: list[str] = []

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship" and attributes.get("Type", "").endswith(_MAIN_PART):
                found.append(attributes.get("Target", ""))

        self.parse("_rels/.rels", start, _ignore, _ignore, words_only=False)
        if not found:
            raise UnreadableDocument("malformed")
        return posixpath.normpath(found[0].lstrip("/"))

    def parse(
        self,
        part: str,
        start: Start,
        end: Callable[[str], None],
        text: Callable[[str], None],
        *,
        words_only: bool = True,
    ) -> bool:
        """Call the functions for each element and text of a part. Return False if the part is missing.

        With `words_only`, elements of other vocabularies than WordprocessingML are passed over, but not their content.
        """
        try:
            info = self._zip.getinfo(part)
        except KeyError:
            return False
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableDocument("encrypted")
        if info.compress_type not in _DEFLATED:
            raise UnreadableDocument("malformed")
        parser = _parser(start, end, text, words_only=words_only)
        try:
            self._feed(parser, info)
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
            raise UnreadableDocument("malformed") from error
        return True

    def _feed(self, parser: Any, info: zipfile.ZipInfo) -> None:
        size = 0
        with self._zip.open(info) as part:
            while piece := part.read(_PIECE_BYTES):
                size += len(piece)
                self._read_bytes += len(piece)
                is_bomb = size > _FREE_BYTES and size > MAX_RATIO * info.compress_size
                if is_bomb or self._read_bytes > MAX_XML_BYTES:
                    raise UnreadableDocument("too_complex")
                parser.Parse(piece, False)
        parser.Parse(b"", True)


def _parser(start: Start, end: Receive, text: Receive, *, words_only: bool) -> Any:
    """Return an XML parser without document types, with a bounded depth and local names."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def local(name: str) -> str:
        space, _, own = name.rpartition(" ")
        if not words_only or space in _WORD:
            return own
        return f"mc:{own}" if space == _ALTERNATIVES else ""

    def start_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise UnreadableDocument("too_complex")
        if own := local(name):
            start(own, {key.rpartition(" ")[2]: value for key, value in attributes.items()})

    def end_element(name: str) -> None:
        nonlocal depth
        depth -= 1
        if own := local(name):
            end(own)

    def doctype(*_: object) -> None:
        raise UnreadableDocument("has_dtd")

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    return parser


def _ignore(_: str) -> None:
    """Ignore the end of an element, or a text."""
