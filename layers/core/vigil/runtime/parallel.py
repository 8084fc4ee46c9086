"""Calls side by side, for work that waits for a network."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")
_THREADS = 8


def call_each(function: Callable[[Argument], Result], arguments: Sequence[Argument]) -> list[Result]:
    """Return the results of a function for all arguments, in their order. The first error is raised.

    Each call has a copy of the context, so that the tenant guard confines it too.
    """
    if len(arguments) < 2:
        return [function(each) for each in arguments]
    with ThreadPoolExecutor(_THREADS) as pool:
        calls = [pool.submit(copy_context().run, function, each) for each in arguments]
        return [call.result() for call in calls]
