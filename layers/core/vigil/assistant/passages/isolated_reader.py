"""Reads each file in a process of its own, with limits for time and memory, and without any variable of this process.

The process has no credentials. It returns its result over a pipe, which also works on Lambda, where shared memory is
missing.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import IO

from vigil.assistant.passages.blocks_model import Block, ReadDocument
from vigil.assistant.passages.failures_model import (
    FAILURES,
    MAX_BLOCKS,
    MAX_FILE_BYTES,
    OUT_OF_LIMITS_STATUS,
    FailureCode,
    UnreadableDocument,
)
from vigil.assistant.passages.formats_model import DocumentFormat

WALL_TIME = timedelta(seconds=60)
"""Maximum time for reading a file. A function with 512 MB has a third of a processor, so 8 s of it take about 28 s."""

MAX_RESULT_BYTES = 32_000_000
"""Maximum size of the result of a process in bytes. The text of a document is a third of it."""
_MODULE = "vigil.assistant.passages.child_reader"
_FORWARDED = ("LD_LIBRARY_PATH",)
"""Variables that Python itself needs to start on Lambda."""
_OUT_OF_LIMITS = (OUT_OF_LIMITS_STATUS, -signal.SIGKILL, -signal.SIGXCPU)
"""Ends for which time or memory is used up. The timer of this process kills, and so does the system."""


class IsolatedReader:
    """Reader of documents that starts a Python process for each file."""

    def read(self, form: DocumentFormat, content: bytes, charset: str | None = None) -> ReadDocument:
        """Return the visible blocks of a file. Raises UnreadableDocument."""
        if len(content) > MAX_FILE_BYTES:
            raise UnreadableDocument("too_large")
        with subprocess.Popen(
            [sys.executable, "-P", "-s", "-S", "-m", _MODULE, form, charset or ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            close_fds=True,
        ) as process:
            timer = threading.Timer(WALL_TIME.total_seconds(), process.kill)
            timer.start()
            try:
                lines = list(_exchange(process, content))
                status = process.wait()
            finally:
                timer.cancel()
                process.kill()
        return _document(lines, status)


def _environment() -> dict[str, str]:
    """Return the variables of the process: the folders of modules, and no secret."""
    forwarded = {name: os.environ[name] for name in _FORWARDED if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1"} | forwarded


def _exchange(process: subprocess.Popen[bytes], content: bytes) -> Iterator[bytes]:
    """Send the file, and yield the lines of the result, up to a maximum size."""
    _send(process.stdin, content)
    left = MAX_RESULT_BYTES
    while process.stdout and left > 0 and (line := process.stdout.readline(left)):
        left -= len(line)
        yield line
    if process.stdout:
        process.stdout.close()


def _send(pipe: IO[bytes] | None, content: bytes) -> None:
    try:
        if pipe:
            pipe.write(content)
            pipe.close()
    except BrokenPipeError:
        # The process ended before it read the file; its status tells why.
        return


def _document(lines: list[bytes], status: int) -> ReadDocument:
    if status in _OUT_OF_LIMITS:
        raise UnreadableDocument("too_complex")
    try:
        head, *rows = [json.loads(line) for line in lines]
        if status == 0 and "failure" in head and head["failure"] in FAILURES:
            code: FailureCode = head["failure"]
            raise UnreadableDocument(code, head["page"])
        if status != 0 or len(rows) != head["blocks"] or len(rows) > MAX_BLOCKS:
            raise UnreadableDocument("crashed")
        return ReadDocument(tuple(Block(*row) for row in rows), head["hidden"])
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableDocument("crashed") from error
