"""Arrivals of uploaded files: the right to be scored is checked, and the version that arrived is pinned."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.files_model import upload_key
from vigil.decisions.batches.jobs_model import BatchJob
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import VersionedFiles
from vigil.decisions.batches.splits import FileSplitting, SecondsLeft
from vigil.errors import FieldError, InvalidInput, NotFound

STRAY_PAUSE = timedelta(seconds=60)
"""Time between the two checks of a file without a batch. The second check deletes the file."""
SendLater = Callable[[Sequence[BatchJob], int], None]
"""Function that sends jobs for delivery after some seconds."""
FindBatch = Callable[[str, str], Batch | None]
"""Function that returns a batch by tenant and id, read consistently."""
_REPLACED = InvalidInput(FieldError("file", "was replaced before it could be read", "one upload per batch"))


@dataclass(frozen=True, slots=True)
class Arrival:
    """An uploaded file as its S3 event describes it.

    `version` is empty if the event names none. `checked` is True at the second check of a file without a batch.
    """

    batch_id: str
    version: str
    size: int
    etag: str = ""
    checked: bool = False


class FileArrivals:
    """Admits files to the split. An upload address is only as good as the tenant's right at the file's arrival."""

    def __init__(
        self,
        find: FindBatch,
        files: VersionedFiles,
        send_later: SendLater,
        splits: FileSplitting,
        is_active: Callable[[str], bool],
    ) -> None:
        self._find = find
        self._files = files
        self._send_later = send_later
        self._splits = splits
        self._is_active = is_active

    def admit(self, tenant_id: str, arrival: Arrival, correlation_id: str, remaining: SecondsLeft) -> None:
        """Start to split an arrived file.

        The file of a tenant that is not active is deleted at once, in every version, and its batch is cancelled. A file
        without a batch is deleted after STRAY_PAUSE. A file whose version cannot be pinned fails its batch.
        """
        batch = self._find(tenant_id, arrival.batch_id)
        if not self._is_active(tenant_id):
            self._revoke(tenant_id, arrival.batch_id, batch)
        elif batch is None:
            self._check_stray(tenant_id, arrival, correlation_id)
        elif version := self._pin(batch, arrival):
            self._splits.start(batch, version, arrival.size, remaining)
        elif not batch.object_version:
            self._splits.fail_batch(batch, _REPLACED)

    def resume(self, batch: Batch, run: str, start: ChunkRange, remaining: SecondsLeft) -> None:
        """Continue a split that ran out of time.

        If the tenant is no longer active, delete every version of the upload and cancel the batch.
        """
        if self._is_active(batch.tenant_id):
            self._splits.resume(batch, run, start, remaining)
        else:
            self._revoke(batch.tenant_id, batch.batch_id, batch)

    def _revoke(self, tenant_id: str, batch_id: str, batch: Batch | None) -> None:
        self._delete(tenant_id, batch_id)
        if batch is not None:
            self._splits.cancel_batch(batch)

    def _check_stray(self, tenant_id: str, arrival: Arrival, correlation_id: str) -> None:
        """Delete a file without a batch at the second check; at the first, send the message for the second."""
        if arrival.checked:
            self._delete(tenant_id, arrival.batch_id)
            return
        name = f"{arrival.version or 'only'}.checked"
        details = asdict(replace(arrival, checked=True))
        job = BatchJob("batch.arrival", tenant_id, arrival.batch_id, correlation_id, name, details)
        self._send_later([job], int(STRAY_PAUSE.total_seconds()))

    def _pin(self, batch: Batch, arrival: Arrival) -> str:
        """Return the version that arrived; empty if it is unknown, because another version is the latest."""
        if arrival.version:
            return arrival.version
        try:
            latest = self._files.head(batch.upload_key)
        except NotFound:
            return ""
        return latest.version if arrival.etag and latest.etag == arrival.etag else ""

    def _delete(self, tenant_id: str, batch_id: str) -> None:
        """Delete every version of an upload."""
        self._files.delete_versions(list(self._files.list_versions(upload_key(tenant_id, batch_id))))
