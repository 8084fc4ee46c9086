"""Rows of a chunk as its reader parses them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.support.fakes.outcomes import FakeRowOutcomes
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.batches.parsing import RowReader
from vigil.decisions.batches.person_rows import PersonRows
from vigil.decisions.batches.ports import BatchStore, VersionedFiles
from vigil.decisions.scoring.answered_rows_model import AnsweredRows, AnswerFacts


def parse_rows(read: RowReader, content: bytes) -> list[tuple[bytes, object]]:
    """Return each row of a chunk with its subject."""
    return [pair for step in read(content) for pair in zip(step.rows, step.subjects, strict=True)]


def answered_rows(texts: Sequence[str], width: int) -> AnsweredRows:
    """Return rows with these answers, all in the lowest band."""
    rows = AnsweredRows.without_answers(len(texts), width)
    facts = AnswerFacts(1, "low", "wait")
    rows.texts, rows.kinds, rows.facts = list(texts), [facts] * len(texts), {facts: facts}
    return rows


def person_rows_of(batches: BatchStore, files: VersionedFiles, clock: Callable[[], datetime]) -> PersonRows:
    """Return the rows of persons in batches, with outcomes in memory and without a pause between passes."""
    return PersonRows(batches, files, tenant_key, FakeRowOutcomes(), clock, timedelta())


def no_fast_reader(_contract: Any, _columns: Any) -> Any:
    """Return a fast reader that reads no line, so that Python parses every row."""
    return _read_none


def _read_none(lines: Sequence[bytes]) -> list[None]:
    return [None] * len(lines)
