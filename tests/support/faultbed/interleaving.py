"""Actors in turns: only one runs at a time, and at every AWS call a seed selects the next one.

Free threads meet a race between AWS calls only by chance. Here races are frequent and repeat exactly.
"""

import threading
from collections.abc import Callable, Sequence
from random import Random
from typing import Any


class Interleaving:
    """Seeded order of the AWS calls of several actors."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._stage = threading.Semaphore(0)
        self._mine = threading.local()
        self._ended: threading.Semaphore | None = None

    def run(self, actors: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run all actors. Return the result of each, or the exception that ended it."""
        results: list[Any] = [None] * len(actors)
        turns = [threading.Semaphore(0) for _ in actors]
        threads = [
            threading.Thread(target=self._play, args=(actor, turns[i], results, i), daemon=True)
            for i, actor in enumerate(actors)
        ]
        for thread in threads:
            thread.start()
        left = list(range(len(actors)))
        while left:
            chosen = self._random.choice(left)
            turns[chosen].release()
            self._stage.acquire()
            if turns[chosen] is self._ended:
                left.remove(chosen)
        for thread in threads:
            thread.join()
        return results

    def pause(self) -> None:
        """Let another actor run. Does nothing outside of `run`."""
        turn = getattr(self._mine, "turn", None)
        if turn is not None:
            self._ended = None
            self._stage.release()
            turn.acquire()

    def _play(self, actor: Callable[[], Any], turn: threading.Semaphore, results: list[Any], place: int) -> None:
        self._mine.turn = turn
        turn.acquire()
        try:
            results[place] = actor()
        except BaseException as error:  # a crash counts as a result
            results[place] = error
        self._ended = turn
        self._stage.release()
