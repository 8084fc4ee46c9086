"""At-least-once delivery: every input arrives several times, in any order, and again after a failure."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.support.faultbed.faults import Crash
from tests.support.faultbed.interleaving import Interleaving
from vigil.errors import VigilError


class Deliveries:
    """Deliveries of a queue, simulated. The same seed gives the same order."""

    def __init__(self, seed: int, inputs: Sequence[Any], copies: int) -> None:
        self._random = Random(seed)
        self._waiting = [item for item in inputs for _ in range(copies)]
        self._patience = 20 * len(self._waiting)
        self.failed = 0

    def run(self, deliver: Callable[[Any], None], turns: Interleaving, actors: int) -> None:
        """Deliver all inputs. A delivery that fails or crashes is repeated; errors other than VigilError are raised."""
        for end in turns.run([lambda: self._consume(deliver)] * actors):
            if isinstance(end, BaseException):
                raise end

    def _consume(self, deliver: Callable[[Any], None]) -> None:
        while self._waiting:
            item = self._waiting.pop(self._random.randrange(len(self._waiting)))
            try:
                deliver(item)
            except (VigilError, Crash):
                self._waiting.append(item)
                self.failed += 1
                assert self.failed < self._patience, "deliveries never end"
