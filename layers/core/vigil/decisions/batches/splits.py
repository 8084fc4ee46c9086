"""Splits an arrived file: unpacks it, finds its chunks, and starts its lanes."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

from vigil.decisions.batches import consents, csv_header, foreign_formats, row_boundaries
from vigil.decisions.batches.blocks import read_blocks
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.ending import INACTIVE_TENANT, end_batch
from vigil.decisions.batches.limits_model import CHUNK_ROWS, MAX_FILE_BYTES, READ_BYTES, SLOW_CHUNK_ROWS
from vigil.decisions.batches.model import STOPPED, Batch, BatchState, BatchTerms, failure, lanes_beside
from vigil.decisions.batches.ports import BatchModels, BatchPorts
from vigil.decisions.batches.unpacking import unpack_gzip
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.rows import ModelRef

CHUNKS_PER_WRITE = 50
"""Maximum chunks per write."""
SPARE_SECONDS = 10.0
"""Remaining time in seconds below which a further message continues the split."""
SecondsLeft = Callable[[], float]


class FileSplitting:
    """Splits files into chunks. Every step is safe to repeat; only chunks of the batch's current `run` count."""

    def __init__(
        self, ports: BatchPorts, models: BatchModels, terms: Callable[[str], BatchTerms], charges: BatchCharges
    ) -> None:
        self._ports = ports
        self._models = models
        self._terms = terms
        self._charges = charges

    def start(self, batch: Batch, version: str, size: int, remaining: SecondsLeft) -> None:
        """Start to split an arrived file. A second file of the batch is ignored.

        Raises Conflict while another delivery splits the file, so that this one is retried if that one crashes.
        """
        mine: tuple[BatchState, ...] = ("awaiting_upload",) if batch.state == "awaiting_upload" else ("splitting",)
        if batch.object_version not in {"", version}:
            return
        arrived = {"object_version": version, "run": uuid.uuid4().hex, "changed_at": self._ports.now()}
        values = {"state": "splitting", **arrived}
        begun = self._ports.batches.change(batch, mine, values)
        if begun is None:
            self._finish_other_delivery(batch)
            return
        with _Failing(self, begun):
            if not 0 < size <= MAX_FILE_BYTES:
                raise InvalidInput(FieldError("file", "is empty or too large", f"1 to {MAX_FILE_BYTES} bytes"))
            prepared, start = self._prepare(begun)
            if prepared is None:
                self._finish_other_delivery(begun)
            else:
                self._split(prepared, start, remaining)

    def resume(self, batch: Batch, run: str, start: ChunkRange, remaining: SecondsLeft) -> None:
        """Continue a split that ran out of time. A job of an older run is ignored."""
        if batch.state != "splitting":
            self._finish_other_delivery(batch)
            return
        if batch.run != run:
            return
        with _Failing(self, batch), suppress(_TakenOver):
            self._split(batch, start, remaining)

    def fail_batch(self, batch: Batch, error: InvalidInput) -> None:
        """Fail a batch because of its file, and store the errors."""
        end_batch(self._ports, self._charges, batch, "failed", failure(error))

    def cancel_batch(self, batch: Batch) -> None:
        """Cancel a batch whose tenant is not active, and release its charges."""
        end_batch(self._ports, self._charges, batch, "cancelled", INACTIVE_TENANT)

    def _prepare(self, batch: Batch) -> tuple[Batch | None, ChunkRange]:
        """Pin model and terms, detect the file format, and return the batch and the start of its rows.

        The batch is None if it was cancelled, or is split by another delivery, meanwhile.
        """
        try:
            model = self._models.champion(batch.model)
        except NotFound as error:
            raise InvalidInput(
                FieldError("model", "is no longer a model of this service", "see GET /v1/models")
            ) from error
        source, version = batch.upload_key, batch.object_version
        head = self._ports.files.read(source, version, 0, READ_BYTES)
        if foreign_formats.is_gzip(head):
            source, version = self._unpacked(batch), ""
            head = self._ports.files.read(source, version, 0, READ_BYTES)
        foreign_formats.reject_foreign_format(head, batch.form)
        begin = foreign_formats.find_text_start(head)
        columns: tuple[str, ...] = ()
        ignored: tuple[str, ...] = ()
        if batch.form == "csv":
            row, length = row_boundaries.find_first_row(head[begin:])
            columns = csv_header.parse_header(row, model.contract, batch.ignore_unknown_columns)
            known = csv_header.known_columns(model.contract)
            begin, ignored = begin + length, tuple(name[:64] for name in columns if name not in known)
        terms = self._terms(batch.tenant_id)
        values = {
            "source": source,
            "source_version": version,
            "columns": columns,
            "ignored_columns": ignored,
            "chunk_rows": CHUNK_ROWS if model.only_engine() else SLOW_CHUNK_ROWS,
            "pin": ModelRef(model.name, model.version, model.digest),
            "flags": terms.flags,
            "withdrawn": consents.store_withdrawn(self._ports.files, batch, terms.withdrawn),
        }
        prepared = self._ports.batches.change(batch, ("splitting",), values, batch.run)
        return prepared, ChunkRange(0, begin, 0, 1, 0)

    def _unpacked(self, batch: Batch) -> str:
        key = f"plain/{batch.object_key('input')}"
        upload, number, buffer = self._ports.files.begin_upload(key, {}), 1, bytearray()
        for text in unpack_gzip(read_blocks(self._ports.files, batch.upload_key, batch.object_version, 0)):
            buffer += text
            if len(buffer) >= READ_BYTES:
                self._ports.files.upload_part(key, upload, number, bytes(buffer))
                number, buffer = number + 1, bytearray()
        self._ports.files.upload_part(key, upload, number, bytes(buffer))
        self._ports.files.complete_upload(key, upload)
        return key

    def _split(self, batch: Batch, start: ChunkRange, remaining: SecondsLeft) -> None:
        """Write the chunks from `start` on. The delivery that reaches the end starts the lanes."""
        last, entered = start, []
        blocks = read_blocks(self._ports.files, batch.source, batch.source_version, start.next_empty().start)
        for chunk_range in row_boundaries.find_chunks(blocks, batch.form, start, batch.chunk_rows):
            last = chunk_range
            entered.append(chunk_range)
            if len(entered) < CHUNKS_PER_WRITE:
                continue
            if not self._ports.batches.add_chunks(batch, entered):
                self._finish_other_delivery(batch)
                return
            entered = []
            if remaining() < SPARE_SECONDS:
                details = {"run": batch.run, **asdict(chunk_range)}
                self._ports.jobs.send([batch.make_job("batch.split", f"{batch.run}.{chunk_range.index}", details)])
                return
        if entered and not self._ports.batches.add_chunks(batch, entered):
            self._finish_other_delivery(batch)
            return
        end = last.next_empty()
        if end.index == 0:
            raise InvalidInput(FieldError("file", "contains no rows", "1 row or more"))
        rows = end.first_row - 1
        self._charges.reserve(batch, rows)
        lanes = lanes_beside(len(self._ports.batches.unfinished_ids(batch.tenant_id)))
        started = {"lanes": lanes, "started_at": self._ports.now()}
        values = {"state": "running", "chunks": end.index, "rows": rows, **started}
        if running := self._ports.batches.change(batch, ("splitting",), values, batch.run):
            self._start(running)
            return
        self._finish_other_delivery(batch)

    def _finish_other_delivery(self, batch: Batch) -> None:
        """Finish the work of another delivery, which may have crashed: start the lanes, or release the reservation."""
        now = self._ports.batches.get(batch.tenant_id, batch.batch_id)
        if now and now.state == "running":
            self._start(now)
        elif now and now.state in STOPPED:
            self._charges.release_unused(now, self._ports.batches.chunks(now))
        elif now and now.state == "splitting":
            raise _TakenOver("Another delivery is splitting this file.")

    def _start(self, batch: Batch) -> None:
        self._ports.jobs.send([batch.chunk_job(index) for index in range(min(batch.lanes, batch.chunks))])


class _TakenOver(Conflict):
    """Raised when a newer run has taken over the split of the file; this run must stop."""


class _Failing:
    """Fails a batch on InvalidInput. A bad file is the tenant's error, so the message counts as done."""

    def __init__(self, splits: FileSplitting, batch: Batch) -> None:
        self._splits = splits
        self._batch = batch

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, InvalidInput):
            self._splits.fail_batch(self._batch, error)
            return True
        return False
