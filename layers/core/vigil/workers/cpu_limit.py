"""Interrupts Python code that uses too much processor time."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

CpuLimit: TypeAlias = Callable[[float], AbstractContextManager[None]]
"""Function that returns a block in which code may use this many seconds of processor time."""


class OutOfTime(BaseException):
    """Raised inside code that has used up its processor time. `except Exception` does not catch it."""


@contextmanager
def limit_cpu(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block after `seconds` of processor time of this process. Waiting does not count.

    A native call ends before it is interrupted; a match of a regular expression does not. Outside the main thread,
    in which Lambda calls the handler, Python allows no interruption and the block has no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGVTALRM, _interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _interrupt(_signal: int, _frame: object) -> None:
    raise OutOfTime
