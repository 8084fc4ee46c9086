"""Tenant operations on batches: create, follow, cancel, fetch outputs."""

import secrets
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks_model import Progress
from vigil.decisions.batches.files_model import FileFormat, Output
from vigil.decisions.batches.limits_model import MAX_UNFINISHED_BATCHES
from vigil.decisions.batches.model import Batch, BatchListing, derive_batch_id, failure
from vigil.decisions.batches.ports import BatchFiles, BatchStore
from vigil.errors import Conflict, FieldError, IdempotencyKeyReused, InvalidInput, NotFound, StorageFull
from vigil.kernel.json_documents import BOUND
from vigil.kernel.money import SpendLimit
from vigil.kernel.pseudonyms import TenantKey, TenantKeys
from vigil.kernel.time import format_timestamp

DOWNLOAD_SECONDS = 900
UPLOAD_TIMEOUT = timedelta(hours=6)
"""Time after creation at which a batch without a file fails. Each answer has a new upload address."""


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A tenant's request for a batch: the rows themselves, or the format of a file that follows as an upload."""

    model: str
    form: FileFormat
    rows: Sequence[Mapping[str, Any]] | None
    digests: Sequence[str]
    """SHA-256 of the order, and of the same order by the rules of earlier releases. They are stored with a key only."""
    correlation_id: str
    quota: int | None = None
    """Monthly predictions of the tenant; None is unlimited."""
    hard_stop: SpendLimit | None = None
    """Spend limit of the tenant; None is unlimited."""
    storage: int | None = None
    """Maximum bytes of the tenant's files; None is unlimited."""
    ignore_unknown_columns: bool = False


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """A batch and its progress. `rate` is in rows per second. Both estimates are None until the first row is done."""

    batch: Batch
    progress: Progress
    rate: float | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """The clock, the life of an Idempotency-Key, and the life of an upload address."""

    clock: Callable[[], datetime]
    idempotency: timedelta
    upload_address: timedelta


class Batches:
    """Creates, reads and cancels batches; queue workers do the rest."""

    def __init__(
        self,
        batches: BatchStore,
        files: BatchFiles,
        models: Callable[[], Collection[str]],
        times: BatchTimes,
        charges: BatchCharges,
        stored: Callable[[str], int],
        *,
        keys: TenantKeys,
    ) -> None:
        self._batches = batches
        self._files = files
        self._models = models
        self._clock = times.clock
        self._times = times
        self._charges = charges
        self._stored = stored
        self._keys = keys

    def create(self, tenant_id: str, order: BatchOrder, key: str | None = None) -> tuple[Batch, bool]:
        """Return the one batch for this order, and True if an earlier delivery created it.

        Raises InvalidInput for an unknown model or a row that has no file representation, IdempotencyKeyReused for a
        key with another payload, Conflict for a tenant with MAX_UNFINISHED_BATCHES unfinished batches, StorageFull if
        the tenant's files reached the limit at the last measurement, and Unavailable for a tenant without a key.
        """
        # Convert the rows first: a batch with inconvertible rows would wait for them forever.
        content = None if order.rows is None else b"".join(map(_line, range(len(order.rows)), order.rows))
        batch, replayed = self._find_or_create(self._keys(tenant_id), order, key or str(uuid.uuid4()))
        if content is not None and batch.state == "awaiting_upload":
            # Inline rows use the upload key, so that their arrival starts the work. Only the first write counts.
            self._files.put(batch.upload_key, content, {})
        return batch, replayed

    def get(self, tenant_id: str, name: str) -> BatchStatus:
        """Return a batch and its progress. Raises NotFound for an unknown id and for another tenant's id."""
        batch = self._find(tenant_id, name)
        progress = Progress.from_chunks(self._batches.chunks(batch))
        rate = self._rate(batch, progress)
        left = (batch.rows - progress.done) / rate if rate and batch.is_unfinished else None
        return BatchStatus(batch, progress, rate, left)

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> BatchListing:
        """Return a page of a tenant's batches, newest first. A new one can take a second to appear."""
        return self._batches.page(tenant_id, after, limit)

    def cancel(self, tenant_id: str, name: str) -> Batch:
        """Cancel a batch; no further chunk starts. Raises Conflict if it has another end state."""
        batch = self._find(tenant_id, name)
        if batch.state != "cancelled" and not self._batches.end(batch, "cancelled", ended_at=self._now()):
            batch = self._find(tenant_id, name)
            if batch.state != "cancelled":
                raise Conflict(f"The batch has ended: {batch.state}. Create another one to score the file again.")
        cancelled = self._find(tenant_id, name)
        self._charges.release_unused(cancelled, self._batches.chunks(cancelled))
        return cancelled

    def upload_url(self, batch: Batch) -> tuple[str, str] | None:
        """Return the upload URL and its expiry; None unless the batch waits for a file."""
        if batch.inline or batch.state != "awaiting_upload":
            return None
        expires = self._clock() + self._times.upload_address
        url = self._files.upload_url(batch.upload_key, int(self._times.upload_address.total_seconds()))
        return url, format_timestamp(expires)

    def output_url(self, tenant_id: str, name: str, output: Output) -> tuple[Batch, str, str]:
        """Return the batch, a download URL for an output, and its expiry. Raises Conflict if it is incomplete."""
        batch = self._find(tenant_id, name)
        if batch.state not in {"completed", "completed_with_errors"}:
            raise Conflict(f"The batch is {batch.state}; {output} exist only for completed batches. Wait for its end.")
        key = batch.output_key(output)
        expires = self._clock() + timedelta(seconds=DOWNLOAD_SECONDS)
        url = self._files.download_url(key, f"{name}-{key.rsplit('/', 1)[-1]}", DOWNLOAD_SECONDS)
        return batch, url, format_timestamp(expires)

    def _find_or_create(self, tenant: TenantKey, order: BatchOrder, key: str) -> tuple[Batch, bool]:
        now, generation = self._clock(), 0
        fingerprints = [tenant.convert_digest(digest) for digest in order.digests]
        while True:
            batch = Batch(
                tenant_id=tenant.tenant_id,
                batch_id=derive_batch_id(tenant, key, generation),
                model=order.model,
                form=order.form,
                state="awaiting_upload",
                created_at=format_timestamp(now),
                correlation_id=order.correlation_id,
                fingerprint=fingerprints[0],
                expires_at=int((now + self._times.idempotency).timestamp()),
                row_key=secrets.token_hex(16),
                inline=order.rows is not None,
                ignore_unknown_columns=order.ignore_unknown_columns,
                quota=order.quota,
                hard_stop=order.hard_stop,
            )
            existing = self._batches.get(tenant.tenant_id, batch.batch_id) or self._create_new(batch, order.storage)
            if existing is None:
                return batch, False
            if existing.expires_at > now.timestamp():
                break
            generation += 1  # the idempotency window has ended: the batch remains, and the key starts a new one
        if existing.fingerprint not in (*fingerprints, *order.digests):  # earlier releases stored a digest without key
            raise IdempotencyKeyReused("The Idempotency-Key was used before with another payload. Use a new key.")
        return existing, True

    def _create_new(self, batch: Batch, storage: int | None) -> Batch | None:
        if batch.model not in self._models():
            raise InvalidInput(FieldError("model", "is not a model of this service", "see GET /v1/models"))
        if storage is not None and self._stored(batch.tenant_id) >= storage:
            raise StorageFull(f"The files of batches have reached the limit of {storage} bytes; see GET /v1/usage.")
        try:
            return self._batches.create(batch, MAX_UNFINISHED_BATCHES)
        except Conflict:
            if not self._fail_abandoned_batches(batch.tenant_id):
                raise
            return self._batches.create(batch, MAX_UNFINISHED_BATCHES)

    def _fail_abandoned_batches(self, tenant_id: str) -> bool:
        """Fail the tenant's batches without a file after the timeout. Return True if there were any."""
        found = (self._batches.get(tenant_id, name) for name in self._batches.unfinished_ids(tenant_id))
        abandoned = [batch for batch in found if batch and self._is_abandoned(batch)]
        for batch in abandoned:
            self._fail_abandoned(batch)
        return bool(abandoned)

    def _is_abandoned(self, batch: Batch) -> bool:
        waited = self._clock() - datetime.fromisoformat(batch.created_at)
        return batch.state == "awaiting_upload" and waited > UPLOAD_TIMEOUT

    def _find(self, tenant_id: str, name: str) -> Batch:
        if (batch := self._batches.get(tenant_id, name)) is None:
            raise NotFound("There is no such batch. GET /v1/batches lists all.")
        if self._is_abandoned(batch):
            self._fail_abandoned(batch)
            return self._batches.get(tenant_id, name) or batch
        return batch

    def _fail_abandoned(self, batch: Batch) -> None:
        late = FieldError("file", "was not uploaded in time", f"within {UPLOAD_TIMEOUT // timedelta(hours=1)} hours")
        self._batches.end(batch, "failed", ended_at=self._now(), **failure(InvalidInput(late)))

    def _rate(self, batch: Batch, progress: Progress) -> float | None:
        if not batch.started_at or not progress.done:
            return None
        until = datetime.fromisoformat(batch.ended_at) if batch.ended_at else self._clock()
        seconds = (until - datetime.fromisoformat(batch.started_at)).total_seconds()
        return progress.done / seconds if seconds > 0 else None

    def _now(self) -> str:
        return format_timestamp(self._clock())


def _line(place: int, row: Mapping[str, Any]) -> bytes:
    try:
        return to_json(row) + b"\n"
    except PydanticSerializationError as error:  # e.g. half a surrogate pair, or nesting without end
        bound = f"text in Unicode, {BOUND}"
        raise InvalidInput(FieldError(f"rows.{place}", "cannot be written", bound)) from error
