"""Mutates a packed table and uses every accepted one; `test_trees.py` runs this as a process.

In a deployment the signature excludes such bytes; this test covers the library without it. Prints the number of
refusals by kind, as JSON.
"""

import json
import math
import random
import struct
import sys
from collections import Counter
from pathlib import Path

from cli import native
from vigil.errors import ModelRefused
from vigil.prediction.engines import trees

MUTATIONS = 6_000
HEADER = 56
SETS = "its sets"
EXPECTED = ("accepted", "header is", "its size", "a slot has", "a node has", "form trees", "training rows", "table has")
"""Words of each refusal that occurs in this many mutations."""

INTERESTING = (0, 1, 2, 3, 7, 8, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def categories_of(table: bytes) -> int:
    """Return the offset of the categories, or the size of a table without them."""
    _, slots, trees, nodes = struct.unpack_from("<4I", table, 40)
    return HEADER + 20 * nodes + 4 * slots + 4 * trees


def mutated(random_: random.Random, table: bytes) -> bytes:
    """Return the table with overwritten fields, or truncated, extended, or with other section lengths."""
    changed = bytearray(table)
    for _ in range(random_.choice([1, 1, 1, 2, 5, 30])):
        width, at = random_.choice([(1, "B"), (2, "H"), (4, "I")]), random_.randrange(len(changed) - 8)
        if (section := random_.random()) < 0.15:
            at = random_.randrange(40, HEADER)
        elif section < 0.3:
            at = min(categories_of(table) + random_.randrange(24), len(changed) - 8)
        at -= at % width[0]
        value = random_.choice(INTERESTING) if random_.random() < 0.7 else random_.getrandbits(32)
        struct.pack_into(f"<{width[1]}", changed, at, value % (1 << 8 * width[0]))
    if random_.random() < 0.1:
        del changed[random_.randrange(len(changed)) :]
    elif random_.random() < 0.1:
        changed += random_.randbytes(random_.choice([1, 4, 16, 20, 64]))
    changed[:8] = table[:8] if random_.random() < 0.97 else random_.randbytes(8)
    changed[8:40] = table[8:40]  # otherwise it would be refused before it reaches the library
    return bytes(changed)


def use(engine: trees.TreesEngine, random_: random.Random) -> None:
    """Compute all results; they must be floats, whatever the trees contain."""
    odd = (0.0, 1.0, -1.0, 31.0, 4e9, math.nan, math.inf, -math.inf)
    rows = [[random_.choice(odd) for _ in range(12)] for _ in range(9)]
    for row in rows:
        score = engine.raw_score(row)
        values, base = engine.contributions(row)
        assert all(isinstance(x, float) for x in (score, base, *values))
    flat = memoryview(struct.pack("108d", *(x for row in rows for x in row))).cast("d")
    assert list(engine.raw_scores(flat, 9)) == [engine.raw_score(row) for row in rows]


def main(folder: Path) -> None:
    native.add_to_path()
    table, text = (folder / "table").read_bytes(), (folder / "model").read_bytes()
    random_, answers = random.Random(20260301), Counter()
    use(trees.load(table, text, 12), random_)
    for _ in range(MUTATIONS):
        try:
            use(trees.load(mutated(random_, table), text, 12), random_)
        except ModelRefused as refused:
            answers[next((words for words in (*EXPECTED, SETS) if words in refused.detail), refused.detail)] += 1
        else:
            answers["accepted"] += 1
    print(json.dumps(answers))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
