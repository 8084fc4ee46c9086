"""The process that reads one file: `python -m vigil.assistant.passages.child_reader FORMAT CHARSET < FILE`.

The first line of its output is the number of blocks or the failure, and each further line is a block, in JSON.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from vigil.assistant.passages.blocks_model import ReadDocument
from vigil.assistant.passages.failures_model import (
    MAX_CPU_SECONDS,
    MAX_FILE_BYTES,
    MAX_MEMORY_BYTES,
    OUT_OF_LIMITS_STATUS,
    UnreadableDocument,
)
from vigil.assistant.passages.format_reader import reader_of

_MAX_OPEN_FILES = 16


def main() -> None:
    """Read the file from the standard input, and write the result to the standard output."""
    form, charset = sys.argv[1:3]
    read = reader_of(form)
    _set_limits()
    try:
        _write_document(read(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), charset or None))
        sys.stdout.flush()
    except UnreadableDocument as failure:
        _write({"failure": failure.code, "page": failure.page})
    except (MemoryError, RecursionError):
        os._exit(OUT_OF_LIMITS_STATUS)


def _set_limits() -> None:
    """Limit processor time, memory, files and output of this process. Everything that reading needs is imported."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, maximum in (
        (resource.RLIMIT_AS, used + MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        limit = maximum if hard == resource.RLIM_INFINITY else min(maximum, hard)
        resource.setrlimit(kind, (limit, limit))


def _write_document(document: ReadDocument) -> None:
    _write({"blocks": len(document.blocks), "hidden": document.hidden_characters})
    for block in document.blocks:
        _write([block.kind, block.text, block.level, block.page])


def _write(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
