"""Scores a chunk: reads, scores and writes its rows, settles the chunk once, and enqueues the next job."""

from collections.abc import Callable
from dataclasses import replace

from vigil.decisions.batches import consents, parsing
from vigil.decisions.batches.chunk_rows import ChunkRows
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.join_model import kept_days
from vigil.decisions.batches.join_sealing import seal_rows
from vigil.decisions.batches.model import STOPPED, Batch
from vigil.decisions.batches.ports import (
    BatchModels,
    BatchPorts,
    FastReaderFactory,
    RowCounter,
    RowScorer,
    RowScorerFactory,
)
from vigil.decisions.batches.row_columns_model import RowColumns
from vigil.decisions.scoring.ports import ScoringModel
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.pseudonyms import TenantKeys
from vigil.workers.cpu_limit import CpuLimit, limit_cpu

_ENDED = {"assembling", "completed", "completed_with_errors"}


class ChunkScoring:
    """Scores chunks.

    A part without lost rows depends only on file, model and batch, so that a repeated write gives the same bytes.
    A part with lost rows has its digest in its key, so that it replaces no other part.
    """

    def __init__(
        self,
        ports: BatchPorts,
        models: BatchModels,
        scorers: RowScorerFactory,
        fast_readers: FastReaderFactory,
        keys: TenantKeys,
        count_rows: RowCounter,
        limit: CpuLimit = limit_cpu,
    ) -> None:
        self._ports = ports
        self._models = models
        self._scorers = scorers
        self._fast_readers = fast_readers
        self._keys = keys
        self._limit = limit
        self._count_rows = count_rows

    def score(
        self, tenant_id: str, batch_id: str, index: int, remaining: Callable[[], float], is_last: bool
    ) -> Chunk | None:
        """Score a chunk and continue its lane. Return the settled chunk, or None if there was nothing to score.

        For a finished chunk, the lane continues if needed: the earlier delivery may have crashed before it did so.
        `remaining` returns the seconds until this delivery ends. `is_last` is True if rows that do not fit into it are
        lost. Raises Conflict if another delivery or a cancellation was faster, and Unavailable if time is too short.
        """
        batch, chunk = self._find(tenant_id, batch_id, index)
        if batch.state in STOPPED:
            return None
        if chunk.state == "done":
            self._resume_lane(batch, index)
            return None
        done = self._score(batch, chunk, remaining, is_last)
        if not self._ports.batches.settle(batch, done, chunk.state):
            raise Conflict(
                "Another delivery settled this chunk, or the batch was cancelled; retry to continue its lane."
            )
        if chunk.state == "failed":  # a lost chunk: the batch may have been assembled without it meanwhile
            batch, _ = self._find(tenant_id, batch_id, index)
        self._enqueue_next(batch, index)
        return done

    def request_cancellation(self, tenant_id: str, batch_id: str, index: int) -> None:
        """Send the job that cancels a batch, unless it has ended. The lane of this chunk ends."""
        batch, _ = self._find(tenant_id, batch_id, index)
        if batch.is_unfinished:
            self._ports.jobs.send([batch.make_job("batch.assembly", f"cancel.{index:06}", {"cancel": 1})])

    def mark_lost(self, tenant_id: str, batch_id: str, index: int, reason: str) -> None:
        """Mark the rows of a chunk as lost and continue its lane. A finished chunk is not changed."""
        batch, chunk = self._find(tenant_id, batch_id, index)
        if chunk.state == "waiting" and batch.state not in STOPPED:
            now = self._ports.now()
            lost = replace(chunk, state="failed", failed=chunk.range.rows, reason=reason, settled_at=now)
            if self._ports.batches.settle(batch, lost, chunk.state):
                self._enqueue_next(batch, index)
                return
        self._resume_lane(batch, index)

    def _find(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk]:
        if (found := self._ports.batches.find_chunk(tenant_id, batch_id, index)) is None:
            raise NotFound("There is no such chunk.")
        return found

    def _score(self, batch: Batch, chunk: Chunk, remaining: Callable[[], float], is_last: bool) -> Chunk:
        chunk_range = chunk.range
        content = self._read(batch, chunk_range)
        model = self._model(batch)
        scorer, read = self._scorer_and_reader(batch, model)
        steps = ChunkRows(scorer, read, batch.form, batch.row_digests, remaining, is_last, self._limit)
        scored = steps.score(content, RowColumns(chunk_range.first_row, model.contract))
        if len(scored.lines) != chunk_range.rows:
            changed = FieldError("file", "has changed since it was split", f"{chunk_range.rows} rows in this chunk")
            raise InvalidInput(changed)
        failed, results = len(scored.errors), _part(scored.lines)
        answered = chunk_range.rows - failed
        late = chunk.state != "waiting"  # the tenant does not pay for rows that were reported as lost
        now = self._ports.now()
        rows = scored.columns.to_join_file(model.version, batch.created_at)
        done = replace(
            chunk,
            state="done",
            scored=answered,
            failed=failed,
            charged=0 if batch.quota is None or late else answered,
            reserved_micros=0 if batch.hard_stop is None or late else answered * batch.hard_stop.price_micros,
            part_sha256=self._keys(batch.tenant_id).digest(results),
            lost=tuple(scored.lost),
            reason="",
            settled_at=now if late else batch.counting_time(now),
            scored_at=now,
            profile=self._count_rows(model, scored.columns, now),
            due_weeks=rows.due_weeks(),
        )
        self._put_parts(batch, done, results, _part(scored.errors))
        sealed = seal_rows(rows, self._keys(batch.tenant_id), batch.batch_id)
        self._ports.files.put(batch.join_key(done), sealed, batch.metadata, kept_days(model.contract))
        return done

    def _read(self, batch: Batch, chunk_range: ChunkRange) -> bytes:
        """Return the bytes of a chunk. Raises Conflict if the file was rewritten without an erased person meanwhile."""
        try:
            return self._ports.files.read(batch.source, batch.source_version, chunk_range.start, chunk_range.length)
        except NotFound:
            now, _ = self._find(batch.tenant_id, batch.batch_id, chunk_range.index)
            if (now.source, now.source_version) != (batch.source, batch.source_version):
                raise Conflict("The file of the batch was replaced; retry to read the new one.") from None
            raise

    def _model(self, batch: Batch) -> ScoringModel:
        assert batch.pin is not None  # noqa: S101 - a batch that has chunks has a model
        return self._models.pinned(batch.pin.name, batch.pin.version, batch.pin.digest)

    def _scorer_and_reader(self, batch: Batch, model: ScoringModel) -> tuple[RowScorer, parsing.RowReader]:
        key = self._keys(batch.tenant_id)
        scorer = consents.enforce_consents(self._scorers(model, batch), self._ports.files, batch, key)
        read = parsing.build_reader(batch.form, batch.columns, model.contract, self._fast_readers)
        return scorer, consents.leave_out_subjects(read, batch, key)

    def _put_parts(self, batch: Batch, done: Chunk, results: bytes, errors: bytes) -> None:
        if results:
            self._ports.files.put(batch.part_key(done, "results"), results, batch.metadata)
        if errors:
            self._ports.files.put(batch.part_key(done, "errors"), errors, batch.metadata)

    def _enqueue_next(self, batch: Batch, index: int) -> None:
        """Enqueue the lane's next chunk, or the assembly when every lane is finished."""
        if batch.state in _ENDED:  # a lost chunk was scored late
            self._ports.jobs.send([batch.make_job("batch.assembly", f"{index:06}", {"output": "results"})])
        elif index + batch.lanes < batch.chunks:
            self._ports.jobs.send([batch.chunk_job(index + batch.lanes)])
        elif all(chunk.state != "waiting" for chunk in self._ports.batches.chunks(batch)):
            self._ports.jobs.send([batch.make_job("batch.assembly", "first", {"output": "results"})])

    def _resume_lane(self, batch: Batch, index: int) -> None:
        """Continue a lane, unless its next chunk is settled or the batch has ended."""
        if batch.state != "running":
            return
        following = self._ports.batches.find_chunk(batch.tenant_id, batch.batch_id, index + batch.lanes)
        if following is None or following[1].state == "waiting":
            self._enqueue_next(batch, index)


def _part(lines: list[str]) -> bytes:
    return "\n".join([*lines, ""]).encode()
