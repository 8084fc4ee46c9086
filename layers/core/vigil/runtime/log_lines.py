"""The form of log lines: one JSON object, written in one step.

Powertools' own formatter copies the attributes of a record, sorts the fields out of them again and formats each
remaining text. It takes twice as long as this one. See docs/adr/0125-a-request-passes-fewer-layers.md.
"""

import logging
import os
import time
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from pydantic_core import to_json

_TRACE_ID = "_X_AMZN_TRACE_ID"
"""Environment variable with the trace of the running request; the runtime sets it."""


_BLANK = vars(logging.makeLogRecord({"filename": "telemetry"}))
"""All attributes that a formatter of another handler may expect."""


class LineRecord(logging.LogRecord):
    """Log record of one line. Its fields are attributes, as those of Powertools' records are.

    The base class looks up the caller, the thread and the process of every record, which no line contains.
    """

    def __init__(self, logger: str, level: int, message: str, fields: dict[str, Any]) -> None:
        self.__dict__.update(_BLANK)
        self.__dict__.update(fields)
        self.name, self.levelno, self.levelname, self.msg = logger, level, logging.getLevelName(level), message
        self.created = time.time()
        self.fields = fields


class LineFormatter(LambdaPowertoolsFormatter):
    """Powertools' formatter for a `LineRecord`; it formats all other records as Powertools does."""

    def __init__(self) -> None:
        # Our messages are never JSON, so that the deserializer need not parse.
        super().__init__(json_serializer=_line, json_deserializer=str, use_rfc3339=True, utc=True)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without fields that have no value."""
        if not isinstance(record, LineRecord):
            return super().format(record)
        entry = self.log_format | {
            "level": record.levelname,
            "location": record.filename,
            "message": record.msg,
            "timestamp": self.formatTime(record),
        }
        entry |= record.fields
        if trace := os.environ.get(_TRACE_ID):
            entry["xray_trace_id"] = trace.partition(";")[0].replace("Root=", "")
        return _line({name: value for name, value in entry.items() if value is not None})


def _line(entry: Any) -> str:
    return to_json(entry, inf_nan_mode="null", fallback=str).decode()
