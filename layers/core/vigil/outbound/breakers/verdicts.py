"""Verdicts about the results of guarded calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, runtime_checkable

from vigil.errors import Unavailable, VigilError
from vigil.outbound.requests import retry_after

_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Answered:
    """The endpoint answered, be it with a refusal."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The endpoint did not answer, or reported a failure of its own."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """The endpoint answered that it accepts no call for a time."""

    pause: timedelta


Verdict: TypeAlias = Answered | Failed | Throttled
"""Meaning of a result for the circuit."""


@runtime_checkable
class HttpAnswer(Protocol):
    """An answer over HTTP. Names of headers are in lower case."""

    @property
    def status(self) -> int:
        """Status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields."""
        ...


def judge_result(result: object, now: datetime) -> Verdict:
    """Return the verdict about a result: a status of 500 or more fails, 429 with Retry-After throttles.

    Retry-After is a number of seconds or a date. Any other result is an answer.
    """
    if not isinstance(result, HttpAnswer):
        return Answered()
    if result.status >= 500:
        return Failed()
    if result.status == _TOO_MANY_REQUESTS and (pause := retry_after(result.headers, now)):
        return Throttled(pause)
    return Answered()


def judge_error(error: Exception) -> Verdict:
    """Return the verdict about an exception: all fail, except Vigil's own errors other than Unavailable."""
    return Answered() if isinstance(error, VigilError) and not isinstance(error, Unavailable) else Failed()
