"""Reads PDF files as people see them: without hidden text, column after column, with headings and tables."""

import io
from collections.abc import Collection
from typing import Any

from pypdf import PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError
from pypdf.generic import ArrayObject, DictionaryObject

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.failures_model import MAX_PAGE_TEXT_BYTES, MAX_PAGES, MAX_TEXT_BYTES, UnreadableDocument
from vigil.assistant.passages.pdf_blocks_model import RawBlock, add_blocks, raw_blocks
from vigil.assistant.passages.pdf_content_reader import ContentReader
from vigil.assistant.passages.pdf_fonts_reader import Fonts
from vigil.assistant.passages.pdf_lines_model import reading_order, segments_of
from vigil.assistant.passages.pdf_page_model import Box, Matrix, Page

_MAX_DECODED_BYTES = 2_000_000
_MAX_OPERATORS = 100_000
_LIMITS: dict[str, Any] = {
    "zlib_maximum_output_length": _MAX_DECODED_BYTES,
    "lzw_maximum_output_length": _MAX_DECODED_BYTES,
    "run_length_maximum_output_length": _MAX_DECODED_BYTES,
    "brotli_maximum_output_length": _MAX_DECODED_BYTES,
    "array_based_stream_maximum_output_length": _MAX_DECODED_BYTES,
    "maximum_declared_stream_length": 10_000_000,
    "zlib_maximum_recovery_input_length": 500_000,
    "stream_decoding_work_maximum_length": 20_000_000,
    "stream_parsing_work_maximum_count": _MAX_OPERATORS,
    "stream_filters_maximum_length": 4,
    "page_tree_maximum_entries": 20_000,
    "page_tree_maximum_page_entries": 100_000,
    "jbig2dec_binary": None,
    "disable_legacy_handling": True,
}
"""Limits of pypdf. The usual ones allow 10 s and 260 MB for a file of 20 kB."""
_PAGES_PER_CACHE = 10
_MAX_UNREADABLE = 0.1
"""Maximum share of the text of a page in fonts without characters, such as icons and formulas."""
_TURNS = {90: Matrix(0, -1, 1, 0, 0, 0), 180: Matrix(-1, 0, 0, -1, 0, 0), 270: Matrix(0, 1, -1, 0, 0, 0)}


def read_pdf(content: bytes, _charset: str | None = None) -> ReadDocument:
    """Return the visible blocks of a PDF file. Raises UnreadableDocument.

    A file that readers open without a password is not encrypted for this purpose. A page that cannot be read fails
    the whole document, because missing text is not visible in an answer.
    """
    with apply_configuration(**_LIMITS):
        try:
            return _read(PdfReader(io.BytesIO(content)))
        except (LimitReachedError, RecursionError) as error:
            raise UnreadableDocument("too_complex") from error
        except (FileNotDecryptedError, DependencyError) as error:
            raise UnreadableDocument("encrypted") from error
        except (UnreadableDocument, MemoryError):
            raise
        except Exception as error:
            # pypdf raises errors of many kinds for damaged objects, such as KeyError and AttributeError.
            raise UnreadableDocument("malformed") from error


def _read(reader: PdfReader) -> ReadDocument:
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocument("encrypted")
    count = len(reader.pages)
    if count > MAX_PAGES:
        raise UnreadableDocument("too_many_pages")
    fonts, collector = Fonts(), BlockCollector()
    layers_off = _layers_off(reader.root_object)
    blocks: list[RawBlock] = []
    size = 0
    for index in range(count):
        found = _page_blocks(reader, index, fonts, layers_off, collector)
        page_size = sum(len(line.encode(errors="ignore")) for block in found for line in block.lines)
        size += page_size
        if page_size > MAX_PAGE_TEXT_BYTES:
            raise UnreadableDocument("page_too_large", index + 1)
        if size > MAX_TEXT_BYTES:
            raise UnreadableDocument("too_much_text")
        blocks += found
        if index % _PAGES_PER_CACHE == 0:
            reader.resolved_objects.clear()
    add_blocks(blocks, count, collector)
    return collector.document()


def _page_blocks(
    reader: PdfReader, index: int, fonts: Fonts, layers_off: Collection[int], collector: BlockCollector
) -> list[RawBlock]:
    source = reader.pages[index]
    turn = _TURNS.get(source.rotation % 360, Matrix())
    box = source.cropbox
    corners = [turn.point(float(x), float(y)) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    columns, rows = [x for x, _ in corners], [y for _, y in corners]
    page = Page(Box(min(columns), min(rows), max(columns), max(rows)))
    contents, resources = source.get("/Contents"), source.get("/Resources")
    resources = resources.get_object() if resources is not None else DictionaryObject()
    if contents is not None and isinstance(resources, DictionaryObject):
        ContentReader(page, fonts, layers_off, reader).read(contents.get_object(), resources, turn)
    visible = []
    for fragment, is_hidden in page.visible_and_hidden():
        if is_hidden:
            collector.hide(fragment.text)
        else:
            visible.append(fragment)
    if page.unreadable_bytes > _MAX_UNREADABLE * page.shown_bytes:
        raise UnreadableDocument("unknown_characters", index + 1)
    for text in page.hidden:
        collector.hide(text)
    segments = segments_of([each for each in visible if not each.is_turned])
    regions = reading_order(segments, page.rules)
    turned = " ".join(each.text for each in visible if each.is_turned)
    number = index + 1
    return [*raw_blocks(regions, page.rules, page.box, number), *([RawBlock((turned,), number)] if turned else [])]


def _layers_off(root: Any) -> set[int]:
    """Return the ids of the optional layers that readers do not show at first."""
    properties = root.get("/OCProperties")
    usual = properties.get_object().get("/D") if properties is not None else None
    usual = usual.get_object() if usual is not None else DictionaryObject()
    off = usual.get("/OFF") or ArrayObject()
    if usual.get("/BaseState") == "/OFF":
        shown = {getattr(each, "idnum", None) for each in usual.get("/ON") or ArrayObject()}
        off = [each for each in properties.get_object().get("/OCGs", []) if getattr(each, "idnum", None) not in shown]
    return {each.idnum for each in off if hasattr(each, "idnum")}
