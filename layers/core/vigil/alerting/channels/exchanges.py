"""One request to a vendor behind its circuit, and the outcomes that all vendors share."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from vigil.alerting.channels.masking_model import shorten
from vigil.alerting.channels.model import Channel, Postponed, Refused
from vigil.errors import CircuitOpen, MalformedRequest
from vigil.kernel.json_documents import loads
from vigil.outbound.ports import CircuitGuard, Https
from vigil.outbound.requests import TOTAL_LIMIT, NoAnswer, OutboundAnswer, OutboundRequest, retry_after

MAX_REASON = 300
"""Maximum characters of the reason of an outcome."""
_BROKEN = {401, 403}
_BUSY = 429
_TEMPORARY = {408, 425, _BUSY}
_MASK = "***"
_SEPARATORS = re.compile(r"[/?&=]")
_MIN_PART = 8
"""Minimum characters of a part of a secret that is masked on its own, such as a part of a path."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """A circuit that takes no request for some seconds: `is_failure` if the vendor fails, otherwise it is busy."""

    seconds: int
    is_failure: bool


@dataclass(frozen=True, slots=True)
class _Passed:
    """A result that does not count for the channel's own circuit."""

    answer: OutboundAnswer | _Closed | NoAnswer


@dataclass(frozen=True, slots=True)
class _Throttled:
    """An answer of a vendor that is busy with the requests of one tenant only."""

    answer: OutboundAnswer


class Exchange:
    """Sends requests of all channels under circuits. `limit` is the maximum time of one request."""

    def __init__(
        self, https: Https, guard: CircuitGuard, clock: Callable[[], datetime], limit: timedelta = TOTAL_LIMIT
    ) -> None:
        self._https = https
        self._limit = limit
        self._guard = guard
        self._clock = clock

    def send(
        self, channel: Channel, vendor: str, circuit: str | None, request: OutboundRequest, secrets: Iterable[str]
    ) -> OutboundAnswer | Refused | Postponed:
        """Send a request once. Return the answer of a final status, or Refused or Postponed with the reason.

        Final are all statuses but 408, 425, 429 and those from 500. `vendor` begins the text of the reason, such as
        `Slack`. `circuit` is the name of the vendor's circuit, or None for an endpoint of the tenant. `secrets` are
        masked in the reason. Raises no error of the network or the circuit.
        """
        answer = self._attempt(channel, circuit, replace(request, total=self._limit))
        if isinstance(answer, _Closed):
            words = "fails, so requests pause" if answer.is_failure else "has asked this channel for a pause"
            return Postponed(f"{vendor} {words}.", timedelta(seconds=answer.seconds), is_open=answer.is_failure)
        if isinstance(answer, NoAnswer):
            if answer.cause == "refused":
                return Refused(f"{vendor} has no public address. Set another address.", is_channel_broken=True)
            return Postponed(f"{vendor} did not answer: {answer.cause}.")
        if answer.status >= 500 or answer.status in _TEMPORARY:
            words = f"{vendor} answered {answer.status}. {_words(answer.body)}".rstrip()
            return Postponed(mask_secrets(words, secrets), retry_after(answer.headers, self._clock()))
        return answer

    def _attempt(
        self, channel: Channel, circuit: str | None, request: OutboundRequest
    ) -> OutboundAnswer | _Closed | NoAnswer:
        """Return the answer, or the reason for which there is none.

        A vendor limits the requests of each account. The channel therefore has a circuit of its own for such a pause,
        so that a busy channel does not delay those of other tenants. Failures count for the vendor as a whole.
        """
        own = f"{circuit or 'webhook'}:{channel.channel_id}"
        try:
            if circuit is None:
                return self._guard.call(own, channel.tenant_id, lambda: self._https.send(request))
            result = self._guard.call(own, channel.tenant_id, lambda: self._ask_vendor(circuit, request))
        except CircuitOpen as refused:
            return _Closed(refused.retry_after, is_failure=circuit is None)
        except NoAnswer as error:
            return error
        return result.answer if isinstance(result, _Passed) else result

    def _ask_vendor(self, circuit: str, request: OutboundRequest) -> OutboundAnswer | _Passed:
        """Return the answer of a vendor that throttles this channel, otherwise a result that no circuit counts."""
        try:
            found = self._guard.call(circuit, None, lambda: _without_throttle(self._https.send(request)))
        except CircuitOpen as refused:
            return _Passed(_Closed(refused.retry_after, is_failure=True))
        except NoAnswer as error:
            return _Passed(error)
        return found.answer if isinstance(found, _Throttled) else _Passed(found)


def _without_throttle(answer: OutboundAnswer) -> OutboundAnswer | _Throttled:
    return _Throttled(answer) if answer.status == _BUSY else answer


def refusal(vendor: str, answer: OutboundAnswer, secrets: Iterable[str], broken: Iterable[int] = ()) -> Refused:
    """Return the outcome of an answer that refuses the notice for good, with the vendor's words.

    Statuses 401, 403 and those of `broken` mark the whole channel as broken. `secrets` are masked.
    """
    if 300 <= answer.status < 400:
        reason = f"{vendor} answered {answer.status}, a redirect. Set the final address."
    else:
        reason = f"{vendor} answered {answer.status}. {_words(answer.body)}".rstrip()
    return Refused(mask_secrets(reason, secrets), is_channel_broken=answer.status in {*_BROKEN, *broken})


def mask_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a text for people: visible characters on one line, at most 300, without these secrets.

    Parts of a secret of eight characters or more, such as a part of a path, are masked too. Empty secrets are ignored.
    """
    whole = set(filter(None, secrets))
    parts = {part for secret in whole for part in _SEPARATORS.split(secret) if len(part) >= _MIN_PART}
    for part in sorted(whole | parts, key=len, reverse=True):
        text = text.replace(part, _MASK)
    return shorten(" ".join("".join(c if c.isprintable() else " " for c in text).split()), MAX_REASON)


def document(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; empty for a body that is no JSON object."""
    try:
        found = loads(body)
    except (ValueError, MalformedRequest):
        return {}
    return found if isinstance(found, dict) else {}


def _words(body: bytes) -> str:
    """Return the words of an error: messages of a JSON object, or the text itself."""
    found = document(body)
    if not found:
        text = body.decode("utf-8", "replace").strip()
        return "" if text.startswith(("<", "{", "[")) else text
    errors = found.get("errors", ())
    listed = errors.values() if isinstance(errors, dict) else errors if isinstance(errors, list) else (errors,)
    texts = [found.get("message"), found.get("error"), found.get("detail"), *listed]
    return ": ".join(dict.fromkeys(text for text in texts if isinstance(text, str) and text))
