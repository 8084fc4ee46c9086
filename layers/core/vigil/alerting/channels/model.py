"""Channels of a tenant, the content of a notice, and the outcomes of an attempt to send it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from vigil.alerting.alerts.model import Episode, Notice, Receipt

ChannelKind = Literal["pagerduty", "slack", "opsgenie", "email", "webhook"]
"""Kind of a channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A place that receives notices. `options` are its settings without secrets, `sealed` its encrypted secrets.

    `hint` is the last four characters of the main secret; it is empty for a short or no secret. `broken` is empty for a
    usable channel, otherwise the vendor's reason for refusing every notice. `version` grows with each change, from 1.
    """

    tenant_id: str
    channel_id: str
    kind: ChannelKind
    label: str
    options: Mapping[str, str]
    sealed: bytes = b""
    hint: str = ""
    broken: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """Content of one attempt: the notice, its episode, and `at`, the time of the attempt.

    `episode` is None for a digest. `last_receipt` is the receipt of the last sent notice of the same episode and
    channel, or None. `address` is the e-mail address of a member or contact; it is empty for other channels. `links`
    are https addresses for people by name, for example `acknowledge`. `counts` are the limited notices of a digest, by
    `<type> <source>`; None for other notices.
    """

    notice: Notice
    episode: Episode | None
    at: datetime
    last_receipt: Receipt | None = None
    address: str = ""
    links: Mapping[str, str] | None = None
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The vendor accepted the notice. `meter` is the usage meter of the delivery; empty if it has no price."""

    receipt: Receipt
    meter: Literal["", "emails", "webhooks"] = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The notice failed, and a repeat cannot succeed. `reason` is for people: no secrets, at most 300 characters.

    `is_channel_broken` is True if no other notice of the channel can succeed either, for example after a revoked key.
    """

    reason: str
    is_channel_broken: bool = False


@dataclass(frozen=True, slots=True)
class Postponed:
    """The notice was not accepted now, and a later attempt may succeed.

    `after` is the pause that the vendor named, or the rest of the pause of an open circuit. None stands for Vigil's own
    backoff. `is_open` is True if the circuit of the vendor is open; no request was then sent.
    """

    reason: str
    after: timedelta | None = None
    is_open: bool = False


Outcome: TypeAlias = Sent | Refused | Postponed
"""Result of one attempt to send a notice."""


def usage_event(source: str, event_id: str, at: str, meter: str) -> dict[str, Any]:
    """Return the CloudEvent that reports one delivery to the meter. The same `source` and `event_id` count once.

    `at` is the time of the delivery.
    """
    head = {"specversion": "1.0", "type": "vigil.usage", "source": source, "id": event_id}
    return {**head, "time": at, "data": {meter: 1}}
