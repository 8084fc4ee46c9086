"""Scores the rows of a chunk within the time of one delivery, and isolates rows that take too long."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from vigil.decisions.batches import results, row_boundaries
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.parsing import ParsedStep, RowReader
from vigil.decisions.batches.ports import RowScorer
from vigil.decisions.batches.row_columns_model import RowColumns
from vigil.decisions.batches.step_rows import ROWS_PER_STEP
from vigil.decisions.scoring.answered_rows_model import AnsweredRows
from vigil.decisions.scoring.groups_model import Groups
from vigil.errors import InvalidInput, Unavailable
from vigil.workers.cpu_limit import CpuLimit, OutOfTime, limit_cpu

SPARE_SECONDS = 6.0
"""Time of a delivery, in seconds, that is reserved to write the parts and to settle the chunk."""
MIN_SECONDS = 0.5
"""Minimum processor time of a step, in seconds. A row that needs more than this is lost only if it is alone."""
SHARE = 24
"""Divisor of the remaining time for the limit of a step. Ten steps isolate a row, in a third of the time."""


@dataclass(slots=True)
class ChunkLines:
    """Result lines of a chunk, error lines of its rows without an answer, and first and last row of each lost range."""

    columns: RowColumns
    """Facts of the rows."""
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)


_Answered: TypeAlias = tuple[AnsweredRows, Sequence[Groups], list[str], list[str]]
"""Rows of a step, the groups that were given with them, their lines, and the error lines of those without an answer."""


class ChunkRows:
    """Scores rows in steps. `read` parses rows, `digest_rows` returns the keyed digests of rows, and `remaining` the
    seconds until the delivery ends.

    A step that exceeds its share of the remaining time is halved until the row that takes too long is alone. Only that
    row is lost. The rows that are still open when the time is used up are lost too, after a lost row or with `is_last`.
    """

    def __init__(
        self,
        scorer: RowScorer,
        read: RowReader,
        form: FileFormat,
        digest_rows: Callable[[Sequence[bytes]], list[str]],
        remaining: Callable[[], float],
        is_last: bool,
        limit: CpuLimit = limit_cpu,
    ) -> None:
        self._scorer = scorer
        self._read = read
        self._form: FileFormat = form
        self._digest_rows = digest_rows
        self._remaining = remaining
        self._is_last = is_last
        self._limit = limit
        self._write, self._write_error = results.line_writers(form)

    def score(self, content: bytes, columns: RowColumns) -> ChunkLines:
        """Return the lines of a chunk, and add the facts of its rows to `columns`.

        Raises Unavailable if the time is too short for the chunk and another delivery follows.
        """
        scored, steps, first_row = ChunkLines(columns), self._read(content), columns.first_row
        try:
            while self._has_time():
                with self._step():
                    if (parsed := next(steps, None)) is None:
                        return scored
                    answered = self._answer(parsed, first_row + len(scored.lines))
                _append(scored, *answered)
        except OutOfTime:
            self._isolate(scored, _open_rows(content, self._form, len(scored.lines)), first_row + len(scored.lines))
            return scored
        open_rows = _open_rows(content, self._form, len(scored.lines))
        self._lose_rest(scored, first_row + len(scored.lines), len(open_rows))
        return scored

    def _isolate(self, scored: ChunkLines, rows: Sequence[bytes], number: int) -> None:
        """Score `rows`, of which one of the first took too long. `number` is the number of the first one.

        After a step that was too long, steps stay smaller until a row was lost, since all rows may be slow.
        """
        place, suspects, size = 0, min(ROWS_PER_STEP, len(rows)), ROWS_PER_STEP
        while place < len(rows):
            if not self._has_time():
                self._lose_rest(scored, number + place, len(rows) - place)
                return
            half = (suspects - place) // 2 if suspects > place else size
            taken = rows[place : place + max(1, min(half, size))]
            try:
                with self._step():
                    answered = self._answer(_join(self._read(b"".join(taken))), number + place)
            except OutOfTime:
                suspects = place + len(taken)
                if len(taken) > 1:
                    size = len(taken) // 2
                    continue
                size = ROWS_PER_STEP
                self._lose(scored, number + place, 1, results.TOO_SLOW)
            else:
                _append(scored, *answered)
            place += len(taken)

    def _step(self) -> AbstractContextManager[None]:
        return self._limit(max(MIN_SECONDS, self._remaining() / SHARE))

    def _has_time(self) -> bool:
        return self._remaining() > SPARE_SECONDS

    def _answer(self, parsed: ParsedStep, number: int) -> _Answered:
        """Return the rows of a step; `number` is the number of the first one."""
        rows = self._scorer.answer_rows(parsed.subjects)
        digests = self._digest_rows(parsed.rows)
        if not rows.has_errors:
            return rows, parsed.groups, self._write(number, digests, cast("list[str]", rows.texts)), []
        lines, errors = list[str](), list[str]()
        for place, (digest, answer) in enumerate(zip(digests, rows.texts, strict=True), number):
            if isinstance(answer, str):
                lines += self._write(place, [digest], [answer])
            elif answer is results.ERASED:
                lines.append(results.format_erased_row(self._form, place))
                errors.append(results.format_erased_row("ndjson", place))
            else:
                lines.append(self._write_error(place, digest, answer))
                errors.append(results.format_error(place, digest, answer))
        return rows, parsed.groups, lines, errors

    def _lose_rest(self, scored: ChunkLines, number: int, count: int) -> None:
        """Lose all open rows, if a row was lost already or no other delivery follows. Raises Unavailable otherwise."""
        if count and not scored.lost and not self._is_last:
            raise Unavailable("The chunk did not fit into the time of one delivery.")
        self._lose(scored, number, count, results.NO_TIME)

    def _lose(self, scored: ChunkLines, number: int, count: int, reason: InvalidInput) -> None:
        if not count:
            return
        scored.columns.add_lost(count)
        for place in range(number, number + count):
            scored.lines.append(results.format_lost_row(self._form, place, reason))
            scored.errors.append(results.format_lost_row("ndjson", place, reason))
        first, last = number, number + count - 1
        if scored.lost and scored.lost[-1][1] == first - 1:
            first = scored.lost.pop()[0]
        scored.lost.append((first, last))


def _join(steps: Iterable[ParsedStep]) -> ParsedStep:
    rows, subjects, groups = list[bytes](), list[object](), list[Groups]()
    for step in steps:
        rows += step.rows
        subjects += step.subjects
        groups += step.groups
    return ParsedStep(rows, subjects, groups)


def _open_rows(content: bytes, form: FileFormat, done: int) -> list[bytes]:
    """Return the bytes of each row of a chunk behind the first `done` ones."""
    ranges = row_boundaries.find_chunks([content], form, ChunkRange(0, 0, 0, 1, 0), 1)
    return [content[each.start : each.start + each.length] for each in ranges][done:]


def _append(
    scored: ChunkLines, rows: AnsweredRows, groups: Sequence[Groups], lines: list[str], errors: list[str]
) -> None:
    scored.columns.add(rows, groups)
    scored.lines += lines
    scored.errors += errors
