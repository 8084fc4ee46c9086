"""Sender of notices to Slack: with a bot token, which can update messages, or to an incoming webhook, which cannot."""

import json
from collections.abc import Mapping
from typing import Any

from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels.exchanges import Exchange, document, mask_secrets, refusal
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Postponed, Refused, Sent
from vigil.alerting.channels.ports import Unseal
from vigil.alerting.channels.slack_model import to_message, to_reply
from vigil.alerting.channels.texts_model import dedup_key, describe
from vigil.outbound.requests import OutboundAnswer, OutboundRequest

_BASE = "https://slack.com"
_GONE_MESSAGES = {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}
"""Errors of an update after which a new message is sent."""
_TEMPORARY = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_BROKEN_CHANNELS = {
    *("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope"),
    *("no_permission", "channel_not_found", "is_archived", "not_in_channel", "restricted_action"),
    *("org_login_required", "ekm_access_denied", "team_access_not_granted", "not_allowed_token_type"),
}
"""Errors that every other message of the channel would meet."""
_GONE = (404, 410)
"""Statuses of an incoming webhook that was removed, or of an archived channel."""


class SlackSender:
    """One sender for all Slack channels, through a bot token or an incoming webhook.

    A bot token can update messages and reply in threads; a webhook only posts new messages. Slack has no key for equal
    messages, so a notice that is sent twice appears twice.
    """

    def __init__(self, exchange: Exchange, unseal: Unseal) -> None:
        self._exchange = exchange
        self._unseal = unseal

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send a notice once and return the outcome.

        With a bot token, a further notice of an episode updates its first message and replies in its thread. Otherwise
        the notice is a new message. Raises UnreadableSecrets and Unavailable.
        """
        secrets = self._unseal.open(channel)
        text = describe(content)
        message = to_message(text, dedup_key(content), has_buttons="signing_secret" in secrets and bool(text.alert_id))
        if "webhook_url" in secrets:
            return self._send_to_webhook(channel, secrets, message)
        workspace = _Workspace(self._exchange, channel, secrets)
        before = content.last_receipt
        if before is None or not before.thread:
            return workspace.post(message)
        updated = workspace.call("chat.update", {"ts": before.thread, **message})
        if isinstance(updated, _Problem):
            return workspace.post(message) if updated.code in _GONE_MESSAGES else updated.outcome
        # Slack notifies nobody of an update, so a repeat or a rise in severity is also shown in the channel.
        is_shown = content.notice.action == "trigger"
        return workspace.post({"thread_ts": before.thread, "reply_broadcast": is_shown, **to_reply(text)})

    def _send_to_webhook(self, channel: Channel, secrets: Mapping[str, str], message: dict[str, Any]) -> Outcome:
        address, masked = secrets["webhook_url"], tuple(secrets.values())
        body = json.dumps(message, ensure_ascii=False).encode()
        request = OutboundRequest(address, body, {"content-type": "application/json"})
        answer = self._exchange.send(channel, "Slack", "slack", request, masked)
        if not isinstance(answer, OutboundAnswer):
            return answer
        return Sent(Receipt()) if answer.status == 200 else refusal("Slack", answer, masked, _GONE)


class _Problem:
    """An error of the Web API with its outcome."""

    def __init__(self, code: str, outcome: Refused | Postponed) -> None:
        self.code = code
        self.outcome = outcome


class _Workspace:
    """The Web API for one channel."""

    def __init__(self, exchange: Exchange, channel: Channel, secrets: Mapping[str, str]) -> None:
        self._exchange = exchange
        self._channel = channel
        self._token = secrets["bot_token"]
        self._masked = tuple(secrets.values())

    def post(self, message: dict[str, Any]) -> Outcome:
        """Send a new message. The receipt has the message and the first message of its thread."""
        found = self.call("chat.postMessage", {"unfurl_links": False, "unfurl_media": False, **message})
        if isinstance(found, _Problem):
            return found.outcome
        sent = str(found.get("ts", ""))
        return Sent(Receipt(vendor_id=sent, thread=str(message.get("thread_ts", sent))))

    def call(self, method: str, arguments: dict[str, Any]) -> "Mapping[str, Any] | _Problem":
        """Return the answer of a method with `ok: true`, or the problem."""
        base = self._channel.options.get("base_url") or _BASE
        body = json.dumps({"channel": self._channel.options["channel"], **arguments}, ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8", "authorization": f"Bearer {self._token}"}
        request = OutboundRequest(f"{base}/api/{method}", body, headers)
        answer = self._exchange.send(self._channel, "Slack", "slack", request, self._masked)
        if not isinstance(answer, OutboundAnswer):
            return _Problem("", answer)
        if answer.status != 200:
            return _Problem("", refusal("Slack", answer, self._masked))
        found = document(answer.body)
        return found if found.get("ok") is True else self._problem(found)

    def _problem(self, found: Mapping[str, Any]) -> _Problem:
        code = str(found.get("error", "an answer in another format"))
        if code in _TEMPORARY:
            return _Problem(code, Postponed(f"Slack answered {mask_secrets(code, self._masked)}."))
        details = found.get("response_metadata")
        listed = details.get("messages", ()) if isinstance(details, dict) else ()
        words = ": ".join([code, *(text for text in listed if isinstance(text, str))])
        reason = mask_secrets(f"Slack answered {words}", self._masked)
        return _Problem(code, Refused(reason, is_channel_broken=code in _BROKEN_CHANNELS))
