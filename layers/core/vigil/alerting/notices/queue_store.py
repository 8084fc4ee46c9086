"""Queues that deliveries send to: their own, with the names of notices and due items, and that of usage events."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vigil.alerting.alerts.model import Notice
from vigil.alerting.notices.model import DELIVER, DIGEST, FOLLOW_UP, TICK, DueItem
from vigil.kernel.tenants import OPERATORS
from vigil.runtime import correlation
from vigil.workers.queues import Message, SqsQueue

_KINDS = {"notice": DELIVER, "episode": TICK, "follow_up": FOLLOW_UP, "digest": DIGEST}


class SqsDeliveryQueue:
    """The SQS queue of deliveries. Both methods raise Unavailable."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def send(self, notices: Sequence[Notice], delay_seconds: int = 0) -> None:
        """Send a message for each notice, at least once, so that it is received after a delay of at most 900 s."""
        messages = [_message(DELIVER, each.tenant_id, each.notice_id, _of_notice(each)) for each in notices]
        if messages:
            self._queue.send(messages, delay_seconds)

    def send_due(self, items: Sequence[DueItem]) -> None:
        """Send a message for each due item, at least once."""
        self._queue.send([_of_due(item) for item in items])


class SqsUsageReports:
    """Sender to the queue of usage events, for all tenants."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def report(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        """Send a usage event of a tenant, a CloudEvent, at least once. The same event id counts once.

        Deliveries of the deployment itself have no price and are not reported. Raises Unavailable.
        """
        if tenant_id == OPERATORS:
            return
        self._queue.send([_message(event["type"], tenant_id, event["id"], dict(event))])


def _of_notice(notice: Notice) -> dict[str, object]:
    return {"fingerprint": notice.fingerprint, "number": notice.number, "sequence": notice.sequence}


def _of_due(item: DueItem) -> Message:
    kind, name = _KINDS[item.kind], item.fingerprint or item.key
    if item.kind in {"episode", "digest"}:
        field = "fingerprint" if item.kind == "episode" else "hour"
        return _message(kind, item.tenant_id, name, {field: name})
    _, number, sequence, *_ = item.key.split("#")
    about = {"fingerprint": item.fingerprint, "number": int(number), "sequence": int(sequence)}
    return _message(kind, item.tenant_id, f"{item.fingerprint}-{int(number)}-{int(sequence)}", about)


def _message(kind: str, tenant_id: str, name: str, about: dict[str, object]) -> Message:
    body = json.dumps(about, separators=(",", ":"))
    return Message(name, kind, tenant_id, correlation.current.get() or name, body)
