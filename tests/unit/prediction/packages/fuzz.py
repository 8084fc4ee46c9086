"""Mutates a real package and verifies it with the real engine; `test_fuzz.py` runs this as a process.

Prints the number of refusals by reason, as JSON.
"""

import json
import random
import sys
from collections import Counter
from pathlib import Path

from tests.support.fakes.packages import KEYS, NOW
from vigil.errors import ModelRefused
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier

MUTATIONS = 200


def mutated(random_: random.Random, content: bytes) -> bytes:
    """Return the content with a flipped bit, or truncated, partly doubled, partly replaced, or empty."""
    at, changed = random_.randrange(len(content)), bytearray(content)
    kind = random_.choice(["flip", "flip", "flip", "truncate", "double", "garble", "empty"])
    if kind == "flip":
        changed[at] ^= 1 << random_.randrange(8)
    elif kind == "truncate":
        del changed[at:]
    elif kind == "double":
        changed[at:at] = changed[at : at + 64]
    elif kind == "garble":
        changed[at : at + 16] = random_.randbytes(16)
    else:
        changed.clear()
    return bytes(changed)


def main(folder: Path) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    verifier, random_, reasons = PackageVerifier(KEYS, load_engine), random.Random(20260301), Counter()
    verifier.verify(files, ExpectedPackage(now=NOW))  # the unchanged package is valid
    for number in range(MUTATIONS):
        name = sorted(files)[number % len(files)]
        content = mutated(random_, files[name])
        if content == files[name]:
            continue
        try:
            verifier.verify({**files, name: content}, ExpectedPackage(now=NOW))
        except ModelRefused as refused:
            reasons[refused.reason] += 1
        else:
            reasons["accepted"] += 1
    print(json.dumps(reasons))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
