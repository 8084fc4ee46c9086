"""Repeats an attempt that lost a race or met a temporary obstacle, a bounded number of times."""

from collections.abc import Callable
from random import SystemRandom
from typing import TypeVar

Result = TypeVar("Result")
_MIN_PAUSE_SECONDS = 0.01
_MAX_PAUSE_SECONDS = 0.2
_random = SystemRandom()
"""The operating system's generator. A seeded one would be part of the snapshot and give all instances equal pauses."""


class TryAgain(Exception):
    """Raised by an attempt that may succeed if it is repeated."""


def retry(
    attempt: Callable[[], Result], *, attempts: int, error: Exception, sleep: Callable[[float], None] | None = None
) -> Result:
    """Return the result of the first attempt that does not raise TryAgain.

    With `sleep`, each attempt after the first follows a random pause. Its upper limit doubles from 0.02 to 0.2 s.
    Raises `error` after the last attempt, with the cause of its TryAgain. Any other exception ends the attempts.
    """
    cause: BaseException | None = None
    for number in range(attempts):
        if number and sleep:
            sleep(_random.uniform(0, min(_MAX_PAUSE_SECONDS, _MIN_PAUSE_SECONDS * 2**number)))
        try:
            return attempt()
        except TryAgain as again:
            cause = again.__cause__
    raise error from cause
