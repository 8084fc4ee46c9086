"""Health of endpoints: an endpoint that fails for five days is disabled, and its tenant is notified once."""

from collections.abc import Callable
from datetime import datetime

from vigil.alerting.webhooks.model import Webhook
from vigil.alerting.webhooks.ports import WebhookStore
from vigil.errors import Unavailable
from vigil.kernel.events import PublishEvent
from vigil.runtime.retries import TryAgain, retry

_TRIES = 5


class EndpointHealth:
    """Records the results of attempts for all webhooks, and disables those whose endpoint fails for days."""

    def __init__(self, webhooks: WebhookStore, publish: PublishEvent, clock: Callable[[], datetime]) -> None:
        self._webhooks = webhooks
        self._publish = publish
        self._clock = clock

    def record_success(self, webhook: Webhook) -> None:
        """Record a successful attempt. Only the first success after a failure is written.

        A webhook that was deleted or has another address meanwhile is not changed. Raises Unavailable.
        """
        self._record(webhook, Webhook.record_success)

    def record_failure(self, webhook: Webhook, *, is_last: bool) -> None:
        """Record a failed attempt. `is_last` is True if its delivery has failed, so that no attempt follows.

        Only the first failure, the first failed deliveries and the disabling are written. A webhook that was deleted or
        has another address meanwhile is not changed. Raises Unavailable.
        """
        now = self._clock()
        self._record(webhook, lambda current: current.record_failure(now, is_last=is_last))

    def _record(self, webhook: Webhook, change: Callable[[Webhook], Webhook | None]) -> None:
        def attempt() -> Webhook | None:
            current = self._webhooks.get(webhook.tenant_id, webhook.webhook_id)
            if current is None or current.url != webhook.url:
                return None
            changed = change(current)
            if changed is None or self._webhooks.write(changed.tenant_id, changed):
                return changed
            raise TryAgain

        if change(webhook) is None:
            return
        error = Unavailable("The webhook is being changed by other processes.")
        changed = retry(attempt, attempts=_TRIES, error=error)
        if changed and changed.due_at:
            self.notify(changed)

    def notify(self, webhook: Webhook) -> None:
        """Publish the event that an endpoint is disabled, then mark the webhook as notified.

        A repetition has the same event id. Raises Unavailable if the event was not published; a sweep repeats it.
        """
        self._publish(webhook.disabled_event())
        self._webhooks.write(webhook.tenant_id, webhook.mark_notified())
