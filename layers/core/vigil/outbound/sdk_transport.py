"""Transport for the HTTP clients of vendors' SDKs, httpx and httpx2, which sends by Vigil's own rules."""

import logging
from datetime import timedelta
from typing import Any

from vigil.outbound.ports import Https
from vigil.outbound.requests import ANSWER_LIMIT, CONNECT_LIMIT, TOTAL_LIMIT, NoAnswer, OutboundRequest

_SENT = frozenset({"accept", "api-key", "authorization", "content-type", "x-pinecone-api-version"})
"""Headers of an SDK that are sent. The others describe this machine, its libraries and its retries."""
_FRAMING = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})
"""Headers of an answer that an SDK does not get. A body is passed on as it is, so that no body is unpacked.

Headers that are not ASCII are left out too: the libraries raise an error for them, and the answer would be lost.
"""


class SdkTransport:
    """Sends the requests of an SDK by `https`. `library` is the SDK's HTTP library, the module httpx or httpx2.

    An SDK gets its client as `httpx.Client(transport=..., trust_env=False)`. The time-out `connect` of a request limits
    the connection, and `read` the whole request; `total` is their upper bound. `answer_bytes` is the maximum size of
    the body of an answer. The library writes no log line per request from now on.
    """

    def __init__(
        self,
        library: Any,
        https: Https,
        total: timedelta = TOTAL_LIMIT,
        answer_bytes: int = ANSWER_LIMIT,
    ) -> None:
        logging.getLogger(library.__name__).setLevel(logging.WARNING)
        self._response = library.Response
        self._https = https
        self._total = total
        self._answer_bytes = answer_bytes

    def __enter__(self) -> "SdkTransport":
        return self

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Close nothing: each request has a connection of its own."""

    def handle_request(self, request: Any) -> Any:
        """Send a request once and return the answer of any status.

        Raises NoAnswer, also for a successful answer whose body is incomplete, and the errors of a guard. The SDKs pass
        these errors on unchanged, so that no error contains the request with its key.
        """
        times: dict[str, float | None] = request.extensions.get("timeout", {})
        answer = self._https.send(
            OutboundRequest(
                str(request.url),
                request.read(),
                {name: value for name, value in request.headers.items() if name in _SENT},
                request.method,
                self._shortest(times.get("connect"), CONNECT_LIMIT),
                self._shortest(times.get("read"), self._total),
                self._answer_bytes,
            )
        )
        if answer.is_cut and answer.status < 300:
            raise NoAnswer("broken", was_sent=True)
        headers = {
            name: value for name, value in answer.headers.items() if name not in _FRAMING and f"{name}{value}".isascii()
        }
        return self._response(answer.status, headers=headers, content=answer.body)

    def _shortest(self, seconds: float | None, limit: timedelta) -> timedelta:
        shortest = min(limit, self._total)
        return shortest if seconds is None else min(timedelta(seconds=seconds), shortest)
