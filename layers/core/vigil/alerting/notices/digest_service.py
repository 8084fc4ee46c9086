"""Digests: one notice per channel and hour with the exact numbers of the limited notices."""

from collections.abc import Callable
from datetime import datetime

from vigil.alerting.notices.model import digest_notices
from vigil.alerting.notices.ports import DeliveryQueue, DigestStore


class Digests:
    """Creates the digests of ended hours for all tenants."""

    def __init__(self, store: DigestStore, queue: DeliveryQueue, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    def close_hour(self, tenant_id: str, hour: str) -> None:
        """Close an hour (UTC, `2026-11-21T05`) and create one digest per channel with limited notices; safe to repeat.

        A closed hour accepts no further notice, so the numbers are final before a digest exists. An hour without
        limited notices is no error. Raises Unavailable; a repetition then creates the rest.
        """
        if not self._store.close(tenant_id, hour):
            return
        notices = digest_notices(tenant_id, hour, list(self._store.counts(tenant_id, hour)), self._clock())
        self._store.create(notices)
        self._queue.send(notices)
        self._store.finish(tenant_id, hour)
