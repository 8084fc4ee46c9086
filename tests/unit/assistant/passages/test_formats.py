"""Formats of files, their encodings, and the normal form of their characters."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.docx_files import docx, paragraph
from tests.support.pdf_files import pdf
from vigil.assistant.passages import collecting_model
from vigil.assistant.passages.characters_model import decode, normal_form
from vigil.assistant.passages.collecting_model import BlockCollector
from vigil.assistant.passages.failures_model import FAILURES, UnreadableDocument
from vigil.assistant.passages.formats_model import HEAD_BYTES, MEDIA_TYPES, declared_charset, detect_format
from vigil.errors import InvalidInput

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PAGE = b"\xef\xbb\xbf \n<!-- c --><!DOCTYPE HTML><html>"


@pytest.mark.parametrize(
    ("declared", "head", "form"),
    [
        ("application/pdf", pdf([""]), "pdf"),
        (DOCX, docx(paragraph("x")), "docx"),
        ("Text/HTML; charset=utf-8", PAGE, "html"),
        ("text/html", b"<p>fragment", "html"),
        ("text/html", "<html>".encode("utf-16"), "html"),
        ("text/markdown", b"# Guide", "markdown"),
        ("text/markdown", b"<!-- note -->\n# Guide", "markdown"),
        ("text/plain", "Größe".encode("cp1252"), "text"),
        ("text/plain", "text".encode("utf-16"), "text"),
    ],
)
def test_declared_format_of_the_file_is_returned(declared, head, form):
    assert detect_format(declared, head[:HEAD_BYTES]) == form


@pytest.mark.parametrize(
    ("declared", "head", "words"),
    [
        ("application/msword", b"x", "is not allowed"),
        ("", b"x", "is not allowed"),
        ("application/pdf", b"<html>", "looks like text/html"),
        ("application/pdf", docx(""), f"looks like {DOCX}"),
        ("application/pdf", b" %PDF-1.7", "looks like text/markdown or text/plain"),
        (DOCX, b"%PDF-1.7", "looks like application/pdf"),
        (DOCX, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "encrypted or old Office file"),
        ("text/html", b"plain", "looks like text/markdown or text/plain"),
        ("text/plain", PAGE, "looks like text/html"),
        ("text/markdown", b"<html><body>", "looks like text/html"),
        ("text/plain", b"a\x00b", "has none of the allowed formats"),
        ("text/plain", b"\x89PNG\r\n\x1a\n\x00", "has none of the allowed formats"),
    ],
)
def test_other_file_is_refused_with_a_remedy(declared, head, words):
    with pytest.raises(InvalidInput) as refused:
        detect_format(declared, head)
    (error,) = refused.value.errors
    assert error.field == "media_type"
    assert words in error.message
    assert error.bound == ", ".join(MEDIA_TYPES)
    assert ": " in error.message


@pytest.mark.parametrize(
    ("declared", "charset"),
    [("text/html; charset=UTF-8", "UTF-8"), ('text/plain;x=1; charset="latin1"; y=2', "latin1"), ("text/plain", None)],
)
def test_declared_charset_is_found(declared, charset):
    assert declared_charset(declared) == charset


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("é≥".encode(), None, "é≥"),
        ("é≥".encode("utf-8-sig"), "latin1", "é≥"),
        ("é≥".encode("utf-16"), None, "é≥"),
        ("\ufeffé≥".encode("utf-16-be"), "utf-8", "é≥"),
        ("é€".encode("cp1252"), "ISO-8859-1", "é€"),
        (b"\xe9", None, None),
        (b"\xe9", "utf-7", None),
        (b"\x81", "windows-1252", None),
        (b"a", "rot13", None),
        ("\ud800".encode("utf-16-le", "surrogatepass"), "utf-16", None),
    ],
)
def test_text_is_decoded_strictly(content, charset, text):
    if text is not None:
        assert decode(content, charset) == text
        return
    with pytest.raises(UnreadableDocument) as refused:
        decode(content, charset)
    assert refused.value.code == "unknown_encoding"


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\u200b\u202e\u00ad\U000e0041 \n\u0301e\ufe0f\ud800")))
)
def test_normal_form_is_stable_and_has_no_invisible_characters(text):
    found, hidden = normal_form(text)
    assert normal_form(found) == (found, 0)
    assert unicodedata.is_normalized("NFC", found)
    assert found == " ".join(found.split())
    assert found.encode().decode() == found
    assert not any(unicodedata.category(character) == "Cc" for character in found)
    assert hidden >= sum(character in "\u200b\u202e\u00ad\U000e0041\ufe0f\ud800" for character in text)


def test_many_combining_marks_take_little_time():
    start = time.process_time()
    found, hidden = normal_form("a" + "\u0315\u0316" * 100_000)
    assert time.process_time() - start < 1
    assert len(found) + hidden == 200_001


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [
        ("MAX_BLOCKS", 2, "too_much_text"),
        ("MAX_TEXT_BYTES", 6, "too_much_text"),
        ("MAX_PAGE_TEXT_BYTES", 3, "page_too_large"),
    ],
)
def test_limits_of_text_are_enforced(name, limit, code, monkeypatch):
    monkeypatch.setattr(collecting_model, name, limit)
    collector = BlockCollector()
    collector.add("paragraph", "éa", page=1)
    collector.add("paragraph", "éa", page=2)
    with pytest.raises(UnreadableDocument) as refused:
        collector.add("paragraph", "b", page=2)
    assert refused.value.code == code
    assert str(refused.value).endswith(FAILURES[code])
