"""Verdicts about the results of guarded calls, which decide how a circuit counts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, runtime_checkable

from vigil.errors import Unavailable, VigilError
from vigil.outbound.requests import retry_after

_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Answered:
    """The endpoint answered, so that the call is no failure. A refusal such as 404 is an answer too."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The endpoint did not answer, or reported a failure of its own.

    A call that raises an exception that is not Vigil's is a failure too.
    """


@dataclass(frozen=True, slots=True)
class Throttled:
    """The endpoint answered that it accepts no call for a time. The call is no failure."""

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
    """Return the verdict about a result: Failed for a status of 500 or more, Throttled for 429 with Retry-After.

    Retry-After is a number of seconds or a date after `now`. Any other result, with or without a status, is Answered.
    """
    if not isinstance(result, HttpAnswer):
        return Answered()
    if result.status >= 500:
        return Failed()
    if result.status == _TOO_MANY_REQUESTS and (pause := retry_after(result.headers, now)):
        return Throttled(pause)
    return Answered()


def judge_error(error: Exception) -> Verdict:
    """Return the verdict about an exception of a call: Answered for Vigil's errors but Unavailable, otherwise Failed.

    An error of Vigil is not about the endpoint. Unavailable is.
    """
    return Answered() if isinstance(error, VigilError) and not isinstance(error, Unavailable) else Failed()
