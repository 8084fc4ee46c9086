"""Calls of OpenAI by its SDK. Only this module imports the SDK, which costs a second of processor time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from vigil.errors import Unavailable
from vigil.outbound.ports import Https
from vigil.outbound.requests import NoAnswer, retry_after
from vigil.outbound.sdk_transport import SdkTransport

if TYPE_CHECKING:
    from openai._legacy_response import LegacyAPIResponse

_CONNECT_LIMIT = timedelta(seconds=1)
"""Maximum time of the look-up of the name, the connection and the handshake."""
_MAX_PAUSE = timedelta(seconds=2)
"""Maximum pause before a second request. A vendor that demands a longer one gets no second request."""
_USUAL_PAUSE = timedelta(seconds=0.5)
"""Pause before a second request if the vendor demands none."""
_MIN_REQUEST = timedelta(seconds=2)
"""Minimum time for a second request."""
_UNCONNECTED = frozenset({"unresolved", "unreachable", "late"})
"""Causes for which a request that was not sent is repeated."""
_BUSY = 429
_TEMPORARY = frozenset({408, 409, _BUSY})
_NO_QUOTA = "insufficient_quota"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Codes of errors that Vigil's own errors name. Other texts of a vendor may repeat a request."""


@dataclass(frozen=True, slots=True)
class OpenAiAccount:
    """Address of the API, such as `https://api.openai.com/v1`, and reader of the key, which raises Unavailable."""

    address: str
    key: Callable[[], str]


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of a call. `total` is the maximum time of both requests and their pause, `request` of one of them.

    `reserve` is the part of `total` that is left for the caller. `answer_bytes` is the maximum size of an answer.
    """

    total: timedelta
    request: timedelta
    answer_bytes: int
    reserve: timedelta = timedelta()


class OpenAiRefused(Unavailable):
    """OpenAI answered with an error, for which it bills nothing. The text has the status and the code only."""

    def __init__(self, status: int, code: str, pause: timedelta | None) -> None:
        super().__init__(f"OpenAI answered {status} {code}".rstrip() + ".")
        self.status = status
        self.code = code
        self.pause = pause


class OpenAiCalls:
    """Calls of one endpoint of OpenAI. `https` is guarded by the circuit of the endpoint.

    A call makes at most two requests. The second one follows a failed connection, a status of 408, 409 or 429 with a
    short pause, or one of 500 and more. A request whose answer is lost is not repeated, because its tokens are billed.
    """

    def __init__(
        self,
        account: OpenAiAccount,
        limits: CallLimits,
        https: Https,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        transport: Any = SdkTransport(httpx2, https, limits.request, limits.answer_bytes)
        self._client = openai.OpenAI(
            api_key=account.key,
            base_url=account.address,
            max_retries=0,
            http_client=httpx2.Client(transport=transport, trust_env=False),
        )

    def send(self, ask: "Callable[[openai.OpenAI, httpx2.Timeout], LegacyAPIResponse[Any]]") -> bytes:
        """Return the body of a successful answer to `ask`, which gets the client and the time-out of its request.

        Raises NoAnswer, whose `was_sent` is True if OpenAI may bill the request, OpenAiRefused, CircuitOpen, and
        Unavailable without a key.
        """
        ends_at = self._clock() + self._limits.total - self._limits.reserve
        result = self._attempt(ask, ends_at)
        pause = _pause_before_repeat(result) if isinstance(result, Unavailable) else None
        if pause is not None and self._clock() + pause + _MIN_REQUEST <= ends_at:
            self._sleep(pause.total_seconds())
            result = self._attempt(ask, ends_at)
        # Raised here, because an error of the SDK has the request with its key, and Python keeps the one being handled.
        if isinstance(result, Unavailable):
            raise result
        return result

    def _attempt(
        self, ask: "Callable[[openai.OpenAI, httpx2.Timeout], LegacyAPIResponse[Any]]", ends_at: datetime
    ) -> bytes | Unavailable:
        seconds = min(self._limits.request, ends_at - self._clock()).total_seconds()
        try:
            return ask(self._client, httpx2.Timeout(seconds, connect=_CONNECT_LIMIT.total_seconds())).content
        except openai.APIStatusError as error:
            return self._refusal(error)
        except Unavailable as error:
            return error
        except (openai.OpenAIError, ValueError):
            return Unavailable("The request to OpenAI could not be sent.")

    def _refusal(self, error: openai.APIStatusError) -> OpenAiRefused:
        known = [code for code in (error.code, error.type) if isinstance(code, str) and _CODE.fullmatch(code)]
        code = _NO_QUOTA if _NO_QUOTA in known else next(iter(known), "")
        return OpenAiRefused(error.status_code, code, retry_after(error.response.headers, self._clock()))


def _pause_before_repeat(error: Unavailable) -> timedelta | None:
    """Return the pause before the second request, or None if there must be none."""
    if isinstance(error, NoAnswer):
        return _USUAL_PAUSE if not error.was_sent and error.cause in _UNCONNECTED else None
    if not isinstance(error, OpenAiRefused) or error.code == _NO_QUOTA:
        return None
    if error.status < 500 and (error.status not in _TEMPORARY or (error.status == _BUSY and error.pause is None)):
        return None
    pause = _USUAL_PAUSE if error.pause is None else error.pause
    return pause if pause <= _MAX_PAUSE else None
