"""Check the subject of a commit message: `python tests/style/commit_subject.py <file>`, a commit-msg hook."""

import re
import sys
from pathlib import Path

MAX_LENGTH = 72
SUBJECT = re.compile(r"[a-z][a-z0-9_, -]*: [a-z]")
GENERATED = ("Merge ", "Revert ", "fixup! ", "squash! ")
NOT_IMPERATIVE = re.compile(r": (\w+(ed|ing)|a|an|the|no|not|what|who|each|every|all|one|two) ", re.IGNORECASE)


def fault(message: str) -> str | None:
    """Return the fault of a commit message's subject with the remedy, or None if it is well formed."""
    subject = message.split("\n", 1)[0]
    if subject.startswith(GENERATED):
        return None
    if len(subject) > MAX_LENGTH:
        return f"The subject has {len(subject)} characters; at most {MAX_LENGTH} are allowed. Move details to the body."
    if not SUBJECT.match(subject):
        return "Write the subject as 'area: verb object', for example 'batches: reject files with two headers'."
    if NOT_IMPERATIVE.search(subject):
        return "Begin with a verb in the imperative after the area, for example 'costs: round once per line'."
    return None


if __name__ == "__main__":
    if found := fault(Path(sys.argv[1]).read_text()):
        sys.exit(found)
