"""Worker of the queue of deliveries."""

from collections.abc import Mapping
from typing import Any

from vigil.alerting.notices.digest_service import Digests
from vigil.alerting.notices.follow_ups_service import FollowUps
from vigil.alerting.notices.model import (
    DELIVER,
    DIGEST,
    FOLLOW_UP,
    TICK,
    DeliveryStep,
    NoticeRef,
    is_late_critical,
)
from vigil.alerting.notices.ports import EpisodeClock
from vigil.alerting.notices.service import Deliveries
from vigil.alerting.sources.model import parse_document, text_of
from vigil.errors import UnreadableMessage
from vigil.runtime import telemetry
from vigil.runtime.error_facts import error_fields
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message
from vigil.workers.worker_loop import Deadline

_NUMBERS = ("number", "sequence")


class DeliveryWorker:
    """Processes the messages of the queue of deliveries. Each is safe to repeat."""

    def __init__(self, deliveries: Deliveries, follow_ups: FollowUps, digests: Digests, episodes: EpisodeClock) -> None:
        self._deliveries = deliveries
        self._follow_ups = follow_ups
        self._digests = digests
        self._episodes = episodes

    def process(self, message: Message, _deadline: Deadline) -> None:
        """Do the work of a message by its kind: DELIVER, FOLLOW_UP, TICK or DIGEST.

        Raises UnreadableMessage for another kind or malformed content. Raises Conflict and Unavailable; a retry may
        then succeed.
        """
        about = parse_document(message.body)
        if message.kind == DELIVER:
            self._deliveries.deliver(_ref(message, about))
        elif message.kind == FOLLOW_UP:
            self._follow_ups.resume(_ref(message, about))
        elif message.kind == TICK:
            self._episodes.tick(message.tenant_id, text_of(about, "fingerprint"))
        elif message.kind == DIGEST:
            self._digests.close_hour(message.tenant_id, text_of(about, "hour"))
        else:
            raise UnreadableMessage("The message is not about a delivery.")


class DeliveryLog:
    """Writes a log line with a metric for each step of a delivery. The line has ids only."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def observe(self, step: DeliveryStep) -> None:
        """Write the log line of a step, and count the metric `notice_<name of the step>`."""
        notice = step.notice
        fields: dict[str, Any] = {
            "notice_id": notice.notice_id,
            "tenant_id": notice.tenant_id,
            "channel": notice.channel,
        }
        fields |= {"severity": notice.severity, "action": notice.action}
        if step.error:
            fields |= error_fields(step.error)
        failed = step.name in {"failed", "unroutable"}
        # One dimension with few values: the id of a channel would be a metric of its own per channel.
        name, about = f"notice_{step.name}", ("queue", "alert-deliveries")
        self._telemetry.log_event(name, failed=failed, about=about, attempts=notice.attempts, **fields)
        if (is_late := is_late_critical(notice)) is not None:
            telemetry.count("CriticalNotices")
            telemetry.count("CriticalNoticesLate", int(is_late))


def _ref(message: Message, document: Mapping[str, Any]) -> NoticeRef:
    numbers = [document.get(name) for name in _NUMBERS]
    if not all(type(number) is int and number > 0 for number in numbers):
        raise UnreadableMessage("number and sequence must be integers from 1.")
    return NoticeRef(message.tenant_id, text_of(document, "fingerprint"), *numbers)  # type: ignore[arg-type]  # checked above
