"""Lambda's detection of endless loops: it stops the 17th call of a function in one chain of messages.

The trace header of a message counts the calls of each function in its chain. A function with `RecursiveLoop: Allow` is
never stopped: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

MOST_CALLS = 16
"""Maximum calls of one function in a chain."""
_VARIABLE = "_X_AMZN_TRACE_ID"
_LINEAGE = re.compile(r"Lineage=([^;]*)")
_ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


@dataclass
class LoopDetection:
    """Consumer of a queue, as Lambda's detection knows it. `stopped` lists the messages that it did not receive."""

    function: str
    allowed: bool
    stopped: list[str] = field(default_factory=list)

    def stops(self, message_id: str, header: str) -> bool:
        """Return True, and record the message, if its chain has called the function too often."""
        if self.allowed or _calls(header).get(self._name, 0) < MOST_CALLS:
            return False
        self.stopped.append(message_id)
        return True

    @contextmanager
    def call(self, headers: Iterable[str]) -> Iterator[None]:
        """Run one call of the function, whose trace header continues the longest chain of its messages."""
        chain = max((_calls(header) for header in headers), key=lambda calls: calls.get(self._name, 0), default={})
        counted = chain | {self._name: chain.get(self._name, 0) + 1}
        lineage = "|".join(f"1:{name}:{calls}" for name, calls in counted.items())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(_VARIABLE, f"{_ROOT};Lineage={lineage}")
            yield

    @property
    def _name(self) -> str:
        return hashlib.sha256(self.function.encode()).hexdigest()[:8]


def _calls(header: str) -> dict[str, int]:
    """Return the number of calls of each function in a trace header."""
    found = _LINEAGE.search(header)
    entries = [entry.split(":") for entry in found[1].split("|")] if found else []
    return {name: int(calls) for _, name, calls in entries}
