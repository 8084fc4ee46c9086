"""What comes out for a row: its line in the results, and in the errors if there was no answer."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from typing import TypeAlias

from vigil.decisions.batches.model import FileFormat
from vigil.decisions.scoring.model import Decision
from vigil.errors import FieldError, InvalidInput

AnswerWriter: TypeAlias = Callable[[int, bytes, str], str]
ErrorWriter: TypeAlias = Callable[[int, bytes, InvalidInput], str]
"""From the number of a row, its own bytes and its answer, or what is wrong with it, to its line."""
_ANSWER = (
    "subject_id", "probability", "raw_score", "band", "decision", "abstention", "missing_fact", "explained_engine",
    "degraded", "as_of", "warnings", "model", "model_version",
)  # fmt: skip
_ERROR = ("error_field", "error", "error_bound")
COLUMNS = ("row", "input_hash", *_ANSWER, *_ERROR)
"""Of results in CSV."""
_LOST = InvalidInput(FieldError("row", "was not scored: its part of the file was given up", None))
_ERASED = InvalidInput(FieldError("row", "was erased with all that was kept of its subject", None))
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run as a formula (OWASP, CSV injection)."""


def line_writers(form: FileFormat) -> tuple[AnswerWriter, ErrorWriter]:
    """Return what writes the line of a row, and what writes that of a bad one.

    An answer is what `cells` makes of a decision, or the rest of a JSON object.
    """
    return (_csv_line, _csv_error_line) if form == "csv" else (_json_line, format_error)


def format_error(number: int, content: bytes, error: InvalidInput) -> str:
    """Return the JSON that says what is wrong with a row: fields and bounds, never values."""
    return _json_error(number, hashlib.sha256(content).hexdigest(), error)


def format_lost_row(form: FileFormat, number: int) -> str:
    """Return the line of a row whose part of the file was given up: nobody has read it."""
    return _csv_error(number, None, _LOST) if form == "csv" else _json_error(number, None, _LOST)


def format_erased_row(form: FileFormat, number: int) -> str:
    """Return the line of a row that was a person's whose data are erased."""
    return _csv_error(number, None, _ERASED) if form == "csv" else _json_error(number, None, _ERASED)


def header_line(form: FileFormat) -> str:
    """Return what stands above the results."""
    return ",".join(COLUMNS) + "\n" if form == "csv" else ""


def answer_cells(decision: Decision) -> str:
    """Return the cells of a decision, behind row and digest."""
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


def _json_line(number: int, content: bytes, answer: str) -> str:
    return f'{{"row":{number},"input_hash":"{hashlib.sha256(content).hexdigest()}",{answer}'


def _csv_line(number: int, content: bytes, answer: str) -> str:
    return f"{number},{hashlib.sha256(content).hexdigest()},{answer}"


def _csv_error_line(number: int, content: bytes, error: InvalidInput) -> str:
    return _csv_error(number, hashlib.sha256(content).hexdigest(), error)


def _json_error(number: int, digest: str | None, error: InvalidInput) -> str:
    errors = [{"field": each.field, "message": each.message, "bound": each.bound} for each in error.errors]
    return json.dumps({"row": number, "input_hash": digest, "errors": errors}, separators=(",", ":"))


def _csv_error(number: int, digest: str | None, error: InvalidInput) -> str:
    first = error.errors[0]
    blank: list[object] = [None] * len(_ANSWER)
    return _csv(number, digest, *blank, first.field, first.message, first.bound)


def _csv(*cells: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet runs; numbers are written as they are."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell
