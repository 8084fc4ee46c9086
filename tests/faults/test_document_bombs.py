"""Hostile documents end with a failure or with bounded text, within 10 s of processor time and 64 MB."""

import json
import subprocess
import sys

import pytest

from tests.support.document_bombs import BOMBS
from vigil.assistant.passages.failures_model import FAILURES, MAX_TEXT_BYTES

MAX_CPU_SECONDS = 10
MAX_MEMORY_KB = 64_000

# The process that measures is small, because a new process counts the memory of the one that starts it.
MEASURE = """
import json, resource, sys
from vigil.assistant.passages.failures_model import UnreadableDocument
from vigil.assistant.passages.isolated_reader import IsolatedReader
try:
    document = IsolatedReader().read(sys.argv[1], sys.stdin.buffer.read())
    found = {"bytes": sum(len(block.text.encode()) for block in document.blocks)}
except UnreadableDocument as failure:
    found = {"failure": failure.code}
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps(found | {"seconds": used.ru_utime + used.ru_stime, "kb": used.ru_maxrss}))
"""
SMALL = {"pdf": b"%PDF-1.7", "docx": b"PK\x03\x04", "html": b"<p>x", "markdown": b"x", "text": b"x"}


def measure(form, content):
    """Return the result of reading a file in a process of its own, with the time and memory that it used."""
    done = subprocess.run([sys.executable, "-c", MEASURE, form], input=content, capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def empty():
    """Memory of the process for the smallest file of each format, in kB."""
    return {form: measure(form, content)["kb"] for form, content in SMALL.items()}


@pytest.mark.faults
@pytest.mark.parametrize("name", BOMBS)
def test_bomb_ends_within_its_bounds(name, empty):
    bomb = BOMBS[name]
    found = measure(bomb.form, bomb.content())
    assert found.get("failure", "no_text") in FAILURES
    assert found.get("failure") != "crashed"
    assert found.get("bytes", 0) <= MAX_TEXT_BYTES
    assert found["seconds"] <= MAX_CPU_SECONDS
    assert found["kb"] - empty[bomb.form] <= MAX_MEMORY_KB


def test_each_format_has_at_least_twelve_bombs():
    counts = [sum(bomb.form == form for bomb in BOMBS.values()) for form in SMALL]
    assert min(counts) >= 12
    assert sum(counts) >= 60
