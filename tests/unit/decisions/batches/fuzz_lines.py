"""Reads mutated lines that end at a memory guard page; `test_fast_rows.py` runs it in a process of its own.

The page behind the line is not readable. Prints how many lines were read and how many were rejected.
"""

import ctypes
import json
import mmap
import random

from cli import native
from tests.support.fakes.scoring import CONTRACT
from vigil.decisions.batches import fast_rows

LINES = 20_000
COLUMNS = ("subject_id", *(spec.name for spec in CONTRACT.features))
SEEDS = {
    COLUMNS: [b"p-1,40.5,3,TRUE,II", b"p-1,4e-01,,,", b"p, 7 ,null,false ,III", b"p,12345678901234567890123,0,,"],
    None: [
        b'{"subject_id":"p-1","features":{"age":40.5,"visits":3,"urban":true,"stage":"II"}}',
        b'{ "features" : { "stage":null, "age" : 1E1 } , "subject_id" : "p" }',
    ],
}
BYTES = b'",:{}[] \t\r\\0123456789.eE+-truefalsenullIpx\x00\xff'


def mutated(random_, line):
    changed = bytearray(line)
    for _ in range(random_.choice([0, 1, 1, 2, 4])):
        at = random_.randrange(len(changed) + 1)
        change = random_.random()
        if change < 0.3:
            changed[at:] = b""
        elif change < 0.6:
            changed[at:at] = bytes([random_.choice(BYTES)])
        else:
            changed[at : at + 1] = bytes([random_.choice(BYTES)])
    return bytes(changed)


def guarded():
    """Return the address behind a writable page, at which an unreadable page starts."""
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    libc = ctypes.CDLL(None, use_errno=True)
    end = start + mmap.PAGESIZE
    assert libc.mprotect(ctypes.c_void_p(end), ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    return pages, end


def main():
    native.add_to_path()
    random_, counts = random.Random(20260301), [0, 0]
    _pages, end = guarded()
    shared = fast_rows.load_library()
    functions = {COLUMNS: shared.vigil_rows_table, None: shared.vigil_rows_object}
    row = (ctypes.c_double * 5)()
    for columns, lines in SEEDS.items():
        read = functions[columns]
        read.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        described = fast_rows.describe_columns(CONTRACT, columns)
        for _ in range(LINES):
            line = mutated(random_, random_.choice(lines))
            ctypes.memmove(end - len(line), line, len(line))
            counts[not read(described, len(described), end - len(line), len(line), row)] += 1
    print(json.dumps(counts))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
