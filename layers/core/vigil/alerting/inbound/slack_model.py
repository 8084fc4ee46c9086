"""Reports of Slack: buttons of messages. Source: https://docs.slack.dev/authentication/verifying-requests-from-slack."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from vigil.alerting.inbound.model import Action, Report, actor
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads

SIGNATURE_HEADER, TIMESTAMP_HEADER = "x-slack-signature", "x-slack-request-timestamp"
TOLERANCE = timedelta(minutes=5)
"""Maximum difference between the time of a report and now, in both directions."""
_ACTIONS: Mapping[str, Action] = {"acknowledge": "acknowledge", "resolve": "resolve"}
"""Actions by the ids of the buttons, which the channel gives them. Their value is the key of the incident."""
_SIGNATURE = re.compile(r"v0=([0-9a-f]{64})")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_ACTION_TIME = re.compile(r"([0-9]{1,11})(?:\.[0-9]{1,9})?")
_MAX_FIELDS = 16
_MAX_KEY = 255


class SlackReader:
    """Format of Slack's interactions, for all channels.

    The signature, which covers the time and the body, is the id of a report.
    """

    def is_signed(self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Return True if one of the secrets signed the body, at most five minutes before or after `now`."""
        signature = _SIGNATURE.fullmatch(headers.get(SIGNATURE_HEADER, ""))
        timestamp = headers.get(TIMESTAMP_HEADER, "")
        if signature is None or not _TIMESTAMP.fullmatch(timestamp):
            return False
        content = f"v0:{timestamp}:".encode() + body
        own = [hmac.digest(secret.encode(), content, "sha256").hex() for secret in secrets]
        is_fresh = abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()
        return any([hmac.compare_digest(signature[1], digest) for digest in own]) and is_fresh  # noqa: C419 - in constant time

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report | None:  # noqa: ARG002 - `is_signed` checks the time
        """Return the action of a pressed button, or None for another interaction and for an unreadable one.

        Its time is in whole seconds.
        """
        try:
            fields = dict(parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS, strict_parsing=True))
            payload: Any = loads(fields["payload"].encode())
            person = payload["user"]["id"]
            pressed = next(each for each in payload["actions"] if each.get("action_id") in _ACTIONS)
            key = pressed["value"]
        except (AttributeError, KeyError, StopIteration, TypeError, ValueError, MalformedRequest):
            return None
        if payload.get("type") != "block_actions" or not isinstance(key, str) or len(key) > _MAX_KEY:
            return None
        report_id = headers[SIGNATURE_HEADER].removeprefix("v0=")
        occurred_at = _time_of(pressed, headers)
        return Report(report_id, _ACTIONS[pressed["action_id"]], key, actor("slack", person), occurred_at)


def _time_of(pressed: Mapping[str, Any], headers: Mapping[str, str]) -> datetime:
    """Return the time of a button in whole seconds, or the signed time of its report if the button has none."""
    found = _ACTION_TIME.fullmatch(str(pressed.get("action_ts", "")))
    return datetime.fromtimestamp(int(found[1] if found else headers[TIMESTAMP_HEADER]), UTC)
