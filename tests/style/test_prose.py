"""Docstrings, comments, error messages, API texts and docs are plain English (CONTRIBUTING.md, "How we write")."""

import ast
import io
import re
import statistics
import tokenize
from functools import cache

import pytest

from tests.support.api_document import api_document
from tests.support.syntax import FOLDERS, ROOT, sources, trees
from vigil import errors

DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MAX_HEADLESS_PER_1000_WORDS = 2
MAX_MEDIAN_WORDS, MAX_90TH_PERCENTILE_WORDS = 18, 30

WORD = re.compile(r"[A-Za-z']+")
HEADLESS = re.compile(r"\b(what|whatever|who|whoever)\s+(?!if\b|not\b|to\b|kind\b|type\b)[a-z]+\b", re.IGNORECASE)
"""A clause without a noun as its subject or object: "what is stored", "who asks"."""
FIRST_WORD = re.compile(r"\s*(what|whatever|who|whoever|where|whether)\b", re.IGNORECASE)
PREPOSITION = re.compile(r"\s*(of|in|on|at|by|for|from|to|with|without|under|above|below|behind|beside|until)\b", re.I)
ERROR_NAMES = {name for name, value in vars(errors).items() if isinstance(value, type)}
QUOTED = re.compile(r"```.*?```|`[^`]*`|https?://\S+", re.DOTALL)


def docstrings(tree):
    """Yield (docstring, True if it documents a constant or an attribute)."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for before, statement in zip([None, *body], body, strict=False) if isinstance(body, list) else ():
            text = getattr(getattr(statement, "value", None), "value", None)
            if isinstance(statement, ast.Expr) and isinstance(text, str):
                yield text, isinstance(before, ast.Assign | ast.AnnAssign)


@cache
def documentation():
    """Return path, docstring and True if it documents a constant or an attribute, for each docstring."""
    return [(path, *found) for path, tree in trees().items() for found in docstrings(tree)]


def comments(source):
    """Yield the comments of a source; only a source with a number sign is split into tokens."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline) if "#" in source else ():
        if token.type == tokenize.COMMENT:
            yield token.string


def error_texts(tree):
    """Yield the literal parts of each message that a Vigil error is raised with."""
    for call in ast.walk(tree):
        name = getattr(getattr(call, "func", None), "id", None)
        if isinstance(call, ast.Call) and (name in ERROR_NAMES or name == "ValueError"):
            for part in (inner for argument in call.args for inner in ast.walk(argument)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def sentences(markdown):
    """Yield the sentences of a page: paragraphs and list items, without code, tables and headings."""
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)", QUOTED.sub("x", markdown)):
        if not block.lstrip().startswith(("#", "|", "<", "!")):
            yield from filter(WORD.search, re.split(r"(?<=[.?!])\s+", " ".join(block.split())))


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_and_comments_have_few_headless_clauses(folder):
    texts = [text for path, text, _ in documentation() if path.startswith(f"{folder}/")]
    texts += [text for path, source in sources().items() if path.startswith(f"{folder}/") for text in comments(source)]
    found = [match.group() for text in texts for match in HEADLESS.finditer(text)]
    words = sum(len(WORD.findall(text)) for text in texts)
    assert 1000 * len(found) / words <= MAX_HEADLESS_PER_1000_WORDS, sorted(found)


def test_no_docstring_begins_with_a_headless_clause():
    assert [(path, text.strip()[:60]) for path, text, _ in documentation() if FIRST_WORD.match(text)] == []


def test_no_attribute_docstring_begins_with_a_preposition():
    assert [
        (path, text[:60]) for path, text, of_attribute in documentation() if of_attribute and PREPOSITION.match(text)
    ] == []


def test_error_messages_have_no_headless_clauses():
    assert [
        (path, text)
        for path, tree in trees().items()
        if path.startswith(("layers/core/vigil/", "cli/"))
        for text in error_texts(tree)
        if HEADLESS.search(text)
    ] == []


def api_texts(document):
    """Yield the summaries and descriptions of an OpenAPI document, at every depth."""
    if isinstance(document, dict):
        yield from (text for name in ("summary", "description") if isinstance(text := document.get(name), str))
    for value in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from api_texts(value)


def test_api_texts_have_no_headless_clauses():
    texts = list(api_texts(api_document()))
    assert len(texts) > 300
    assert [text for text in texts if HEADLESS.search(text)] == []


def test_pages_have_short_sentences():
    lengths = {p.relative_to(ROOT): [len(WORD.findall(s)) for s in sentences(p.read_text())] for p in DOCS}
    every = sorted(length for page in lengths.values() for length in page)
    long_pages = {str(page): max(found) for page, found in lengths.items() if found and max(found) > 45}
    assert statistics.median(every) <= MAX_MEDIAN_WORDS
    assert every[len(every) * 9 // 10] <= MAX_90TH_PERCENTILE_WORDS, long_pages
