"""Sender of notices to Opsgenie or Jira Service Management, which queue each request and report its result later."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels import opsgenie_model as alerts
from vigil.alerting.channels.exchanges import Exchange, document, mask_secrets, refusal
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Postponed, Refused, Sent
from vigil.alerting.channels.ports import Unseal
from vigil.outbound.requests import Method, OutboundAnswer, OutboundRequest

_MAX_POLLS = 3
"""Attempts of a notice that wait for the result of its request. Later attempts trust the receipt of the request."""
_PAUSE = timedelta(seconds=5)
"""Pause before a request is repeated whose result is not known. All requests may be repeated."""
_ACTIONS = {"acknowledge": "acknowledge", "resolve": "close"}


class OpsgenieSender:
    """One sender for all Opsgenie channels; each channel has its own API key and address.

    The notices of an episode use one alias, so that a repeated notice changes the same alert.
    """

    def __init__(self, exchange: Exchange, unseal: Unseal) -> None:
        self._exchange = exchange
        self._unseal = unseal

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Create, acknowledge or close the alert of a notice, and return the outcome.

        Postponed if the vendor has queued the request and has no result yet. The first three attempts wait for the
        result. From the fourth on, the receipt of the request is trusted. The alert of a digest is closed as soon as it
        is created, because no later notice ends it. Raises UnreadableSecrets and Unavailable.
        """
        account, action = _Account(self._exchange, channel, self._unseal.open(channel)), content.notice.action
        if action in _ACTIONS:
            return self._act(account, content, _ACTIONS[action])
        created = self._create(account, content)
        if action == "digest" and isinstance(created, Sent):
            return self._act(account, content, "close")
        return created

    def _act(self, account: "_Account", content: NoticeContent, action: str) -> Outcome:
        result = account.request("POST", alerts.action_path(content, action), alerts.to_action(content))
        if isinstance(result, Refused | Postponed):
            return result
        # The alert is absent if its creation is still queued, or if a person has already closed it.
        is_known = result.get("isSuccess") is True
        if not is_known and content.notice.attempts <= _MAX_POLLS:
            return Postponed("Opsgenie has not found the alert yet.", _PAUSE)
        return Sent(_receipt(result))

    def _create(self, account: "_Account", content: NoticeContent) -> Outcome:
        result = account.request("POST", "/v2/alerts", alerts.to_alert(content))
        if isinstance(result, Refused | Postponed):
            return result
        if result.get("isSuccess") is False:
            return Refused(account.masked(f"Opsgenie answered: {result.get('status', '')}"))
        if result.get("isSuccess") is not True and content.notice.attempts <= _MAX_POLLS:
            return Postponed("Opsgenie has queued the alert.", _PAUSE)
        if content.last_receipt is not None:  # the creation of a known alert does not change its priority
            priority = {"priority": alerts.PRIORITIES[content.notice.severity]}
            changed = account.request("PUT", alerts.action_path(content, "priority"), priority)
            if isinstance(changed, Postponed):
                return changed
        return Sent(_receipt(result))


class _Account:
    """The API with the key of one channel."""

    def __init__(self, exchange: Exchange, channel: Channel, secrets: Mapping[str, str]) -> None:
        self._exchange = exchange
        self._channel = channel
        self._base_name = channel.options.get("base", "us")
        self._base = channel.options.get("base_url") or alerts.BASES[self._base_name]
        self._key = secrets["api_key"]
        self._masked = tuple(secrets.values())

    def request(self, method: Method, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | Refused | Postponed:
        """Send a request and return the result as the API knows it now; it is empty while the request is queued."""
        answer = self._send(method, path, json.dumps(body, ensure_ascii=False).encode())
        if not isinstance(answer, OutboundAnswer):
            return answer
        if answer.status != 202:
            return refusal("Opsgenie", answer, self._masked)
        request_id = str(document(answer.body).get("requestId", ""))
        polled = self._send("GET", f"/v2/alerts/requests/{quote(request_id, safe='')}")
        if not isinstance(polled, OutboundAnswer) or polled.status != 200:
            return {}
        found = document(polled.body).get("data")
        return found if isinstance(found, dict) else {}

    def masked(self, text: str) -> str:
        """Return a text for people without secrets."""
        return mask_secrets(text, self._masked)

    def _send(self, method: Method, path: str, body: bytes = b"") -> OutboundAnswer | Refused | Postponed:
        headers = {"content-type": "application/json", "authorization": f"GenieKey {self._key}"}
        request = OutboundRequest(self._base + path, body, headers, method)
        return self._exchange.send(self._channel, "Opsgenie", f"opsgenie:{self._base_name}", request, self._masked)


def _receipt(result: Mapping[str, Any]) -> Receipt:
    return Receipt(vendor_id=str(result.get("alertId") or ""))
