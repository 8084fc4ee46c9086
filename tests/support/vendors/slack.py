"""A strict fake of Slack: incoming webhooks and the Web API, with messages, threads, limits and its rate limit.

Rules: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, /reference/methods/chat.postMessage,
/reference/methods/chat.update, /reference/block-kit/blocks and /apis/web-api/rate-limits.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.vendors.requests import VendorAnswer, VendorRequest, json_answer, text_answer
from tests.support.vendors.slack_blocks import problems

BOT_TOKEN = "-".join(("xoxb", "000000000000", "canaryBotToken"))
"""Token of a bot at the fake."""
WEBHOOK_URL = "https://hooks.slack.com/services/T00000000/B00000000/canaryWebhookPathXXXXXXXX"
"""Address of an incoming webhook at the fake."""
CHANNEL = "C0123456789"
"""Id of a channel at the fake."""
_MENTION = re.compile(r"<(!|@|#)[^>]*>")
_MESSAGE_FIELDS = {
    *("channel", "text", "blocks", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", "ts"),
}


@dataclass
class SlackMessage:
    """A message. `ts` is its id; `edits` counts its updates."""

    channel: str
    ts: str
    text: str
    blocks: list[Mapping[str, Any]]
    thread_ts: str = ""
    is_broadcast: bool = False
    edits: int = 0

    def shown(self) -> str:
        """Return the text of all blocks and the fallback text, as sent."""
        return "\n".join([self.text, *_texts(self.blocks)])

    def mentions(self) -> list[str]:
        """Return the mentions that would notify people."""
        return [match.group() for match in _MENTION.finditer(self.shown())]

    def buttons(self) -> list[Mapping[str, Any]]:
        """Return the buttons."""
        return [each for block in self.blocks for each in block.get("elements", ())]


@dataclass
class FakeSlack:
    """Messages of one workspace. `clock` in seconds limits each channel to one new message per second.

    `archived` and `removed` tell if the channel or the webhook still exists; `refused` are texts that are refused.
    """

    clock: Callable[[], float]
    messages: list[SlackMessage] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {BOT_TOKEN})
    channels: set[str] = field(default_factory=lambda: {CHANNEL})
    refused: set[str] = field(default_factory=set)
    archived: bool = False
    removed: bool = False
    is_limited: bool = True
    _last: dict[str, float] = field(default_factory=dict)

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """Return the answer to a request."""
        body = request.document()
        if request.path.startswith("/services/"):
            return self._webhook(request, body)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _error("invalid_auth")
        if not isinstance(body, dict) or body.keys() - _MESSAGE_FIELDS:
            return _error("invalid_arguments", "[ERROR] the body has unknown or no fields")
        if body.get("channel") not in self.channels or self.archived:
            return _error("is_archived" if self.archived else "channel_not_found")
        methods = {"/api/chat.postMessage": self._post, "/api/chat.update": self._update}
        return methods[request.path](body) if request.path in methods else _error("unknown_method")

    def _webhook(self, request: VendorRequest, body: Any) -> VendorAnswer:
        if not WEBHOOK_URL.endswith(request.path):
            return text_answer(403, "invalid_token")
        if self.removed or self.archived:
            return text_answer(404, "no_service") if self.removed else text_answer(410, "channel_is_archived")
        if not isinstance(body, dict) or body.keys() - {"text", "blocks", "unfurl_links", "unfurl_media"}:
            return text_answer(400, "invalid_payload")
        if (code := self._refusal(body)) is not None:
            return text_answer(400, "no_text" if code == "no_text" else "invalid_blocks")
        if wait := self._wait("webhook"):
            return text_answer(429, "rate_limited", retry_after=str(wait))
        self._store("webhook", body)
        return text_answer(200, "ok")

    def _post(self, body: Mapping[str, Any]) -> VendorAnswer:
        if (code := self._refusal(body)) is not None:
            return _error(code, f"[ERROR] {code}")
        if (root := body.get("thread_ts")) and self.message(root) is None:
            return _error("thread_not_found")
        if wait := self._wait(body["channel"]):
            return json_answer(429, {"ok": False, "error": "ratelimited"}, retry_after=str(wait))
        message = self._store(body["channel"], body)
        return json_answer(200, {"ok": True, "channel": message.channel, "ts": message.ts})

    def _update(self, body: Mapping[str, Any]) -> VendorAnswer:
        message = self.message(body.get("ts", ""))
        if message is None:
            return _error("message_not_found")
        if (code := self._refusal(body)) is not None:
            return _error(code, f"[ERROR] {code}")
        message.text, message.blocks = body["text"], body.get("blocks", [])
        message.edits += 1
        return json_answer(200, {"ok": True, "channel": message.channel, "ts": message.ts})

    def message(self, ts: str) -> SlackMessage | None:
        """Return a message by its id, or None."""
        return next((message for message in self.messages if message.ts == ts), None)

    def _refusal(self, body: Mapping[str, Any]) -> str | None:
        text, blocks = body.get("text", ""), body.get("blocks", [])
        if not text and not blocks:
            return "no_text"
        if any(each in "\n".join([text, *_texts(blocks)]) for each in self.refused):
            return "invalid_blocks"
        return next(problems(text, blocks), None)

    def _wait(self, channel: str) -> int:
        """Return the seconds until the channel takes the next message, or 0 and count the message."""
        if not self.is_limited:
            return 0
        now = self.clock()
        if now - self._last.get(channel, -1e9) < 1:
            return 1
        self._last[channel] = now
        return 0

    def _store(self, channel: str, body: Mapping[str, Any]) -> SlackMessage:
        ts = f"1764500000.{len(self.messages):06}"
        root = body.get("thread_ts", "")
        is_broadcast = bool(body.get("reply_broadcast"))
        message = SlackMessage(channel, ts, body.get("text", ""), body.get("blocks", []), root, is_broadcast)
        self.messages.append(message)
        return message


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for each in value.values() if not isinstance(each, str) for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else []


def _error(code: str, *messages: str) -> VendorAnswer:
    metadata = {"response_metadata": {"messages": list(messages)}} if messages else {}
    return json_answer(200, {"ok": False, "error": code, **metadata})
