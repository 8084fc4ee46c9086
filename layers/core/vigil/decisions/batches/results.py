"""Formats result lines and error lines."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.scoring.model import Decision
from vigil.errors import FieldError, InvalidInput

AnswerWriter: TypeAlias = Callable[[int, Sequence[str], Sequence[str]], list[str]]
"""Function from the number of a first row, and the keyed digests and answers of rows, to their lines."""
ErrorWriter: TypeAlias = Callable[[int, str, InvalidInput], str]
"""Function from row number, keyed digest of the row, and error, to a line."""
_ANSWER = (
    "subject_id", "probability", "raw_score", "band", "decision", "abstention", "missing_fact", "explained_engine",
    "degraded", "as_of", "warnings", "model", "model_version",
)  # fmt: skip
_ERROR = ("error_field", "error", "error_bound")
COLUMNS = ("row", "input_hash", *_ANSWER, *_ERROR)
"""Columns of results in CSV."""
_LOST = InvalidInput(FieldError("row", "was not scored: its chunk failed in every attempt", None))
TOO_SLOW = InvalidInput(
    FieldError("row", "was not scored: it takes too long to read or to score", "send it with shorter texts or lists")
)
"""Error of a row that used up the time of a step alone."""
NO_TIME = InvalidInput(
    FieldError("row", "was not scored: other rows of its chunk used up the time", "send it again without those rows")
)
"""Error of a row that was not reached in time."""
MAX_LINE_ERRORS = 20
"""Maximum errors in an error line."""
MAX_ERROR_BYTES = 4096
"""Maximum error line in bytes, without its line end."""
_MAX_TEXT = 200
"""Maximum characters of each text in an error line; a tenth if the text is not ASCII and needs escapes."""
ERASED = InvalidInput(FieldError("row", "was erased with its subject's data", None))
"""Error of a row whose subject was erased, before or after it was scored."""
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that a spreadsheet would run as a formula (OWASP, CSV injection)."""


def line_writers(form: FileFormat) -> tuple[AnswerWriter, ErrorWriter]:
    """Return the functions that write the result lines of answered rows and of bad rows.

    An answer is the output of `answer_cells`, or the remaining members of a JSON object.
    """
    return (_csv_lines, _csv_error) if form == "csv" else (_json_lines, format_error)


def format_error(number: int, digest: str | None, error: InvalidInput) -> str:
    """Return the JSON line of a bad row, of at most MAX_ERROR_BYTES and without values.

    `more_errors` counts the errors that the line does not show. `ConcealingScorer` has counted unknown names before.
    """
    shown = [
        {"field": _cut(each.field), "message": _cut(each.message), "bound": _cut(each.bound)}
        for each in error.errors[:MAX_LINE_ERRORS]
    ]
    while True:
        line: dict[str, object] = {"row": number, "input_hash": digest, "errors": shown}
        if more := len(error.errors) - len(shown):
            line["more_errors"] = more
        text = json.dumps(line, separators=(",", ":"))
        if len(text) <= MAX_ERROR_BYTES:
            return text
        shown.pop()


def format_lost_row(form: FileFormat, number: int, reason: InvalidInput = _LOST) -> str:
    """Return the line of a row that was lost, alone or with its chunk. It has no digest of the row."""
    return _csv_error(number, None, reason) if form == "csv" else format_error(number, None, reason)


def format_erased_row(form: FileFormat, number: int) -> str:
    """Return the line that replaces a row of an erased person."""
    return _csv_error(number, None, ERASED) if form == "csv" else format_error(number, None, ERASED)


def row_number(line: bytes) -> int:
    """Return the row number of a result line, which is its first cell or member."""
    return int(line.partition(b",")[0].removeprefix(b'{"row":'))


def number_of_bad_row(form: FileFormat, line: bytes) -> int | None:
    """Return the row number of an error line; None for the line of an answered row and for a header."""
    if form == "csv":
        number, _, rest = line.partition(b",")
        return int(number) if number.isdigit() and rest.partition(b",")[2].startswith(b",") else None
    found = json.loads(line) if b'"errors"' in line else {}
    return int(found["row"]) if "errors" in found else None


def drop_digest(form: FileFormat, line: bytes) -> bytes:
    """Return an error line without the digest of its row."""
    if form == "csv":
        number, _, rest = line.partition(b",")
        return number + b",," + rest.partition(b",")[2]
    return json.dumps(json.loads(line) | {"input_hash": None}, separators=(",", ":")).encode() + b"\n"


def header_line(form: FileFormat) -> str:
    """Return the header line of the results; empty for NDJSON."""
    return ",".join(COLUMNS) + "\n" if form == "csv" else ""


def answer_cells(decision: Decision) -> str:
    """Return the CSV cells of a decision, which follow row number and keyed digest."""
    abstention = decision.abstention
    fact = abstention.missing_fact if abstention else None
    return _csv(
        decision.subject_id,
        decision.probability,
        decision.raw_score,
        decision.band,
        decision.decision,
        " ".join(abstention.reasons) if abstention else None,
        fact.feature if fact else None,
        decision.explained_engine,
        " ".join(lack.engine for lack in decision.degraded),
        decision.as_of,
        " ".join(decision.warnings),
        decision.model.name,
        decision.model.version,
        *(None for _ in _ERROR),
    )


def _json_lines(first: int, digests: Sequence[str], answers: Sequence[str]) -> list[str]:
    numbered = enumerate(zip(digests, answers, strict=True), first)
    return [f'{{"row":{number},"input_hash":"{digest}",{answer}' for number, (digest, answer) in numbered]


def _csv_lines(first: int, digests: Sequence[str], answers: Sequence[str]) -> list[str]:
    numbered = enumerate(zip(digests, answers, strict=True), first)
    return [f"{number},{digest},{answer}" for number, (digest, answer) in numbered]


def _csv_error(number: int, digest: str | None, error: InvalidInput) -> str:
    first = error.errors[0]
    blank: list[object] = [None] * len(_ANSWER)
    return _csv(number, digest, *blank, _cut(first.field), _cut(first.message), _cut(first.bound))


def _cut(text: str | None) -> str | None:
    return text if text is None else text[: _MAX_TEXT if text.isascii() else _MAX_TEXT // 10]


def _csv(*cells: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet runs as a formula. Numbers are not changed."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell
