"""Wiring of batches, from the file that arrives to the results."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import flags, metering, models, process, quota, subjects

if TYPE_CHECKING:
    from vigil.decisions.batches.charges import BatchCharges
    from vigil.decisions.batches.chunks import ChunkScoring
    from vigil.decisions.batches.model import Batch, BatchJobKind, BatchTerms
    from vigil.decisions.batches.object_store import S3Files
    from vigil.decisions.batches.ports import BatchPorts
    from vigil.decisions.batches.splits import FileSplitting
    from vigil.decisions.batches.store import DynamoBatches
    from vigil.decisions.batches.stream import AbandonedBatchWork, JobQueues
    from vigil.decisions.scoring.batch_scorer import BatchScorer
    from vigil.decisions.scoring.ports import ScoringModel


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the batches API."""
    from vigil.decisions.batches import routes
    from vigil.decisions.batches.service import Batches

    config, names = process.settings(), models.catalogue().names
    batches = Batches(books(), files(), names, process.now, config.idempotency_window, _charges(), _stored)
    return process.api(
        [routes.router],
        max_body_bytes=config.max_batch_body_bytes,
        batches=batches,
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.once
def split() -> process.Handler:
    """Return the Lambda entry of the queue of files that have arrived."""
    from vigil.decisions.batches.stream import SplitWorker

    work = SplitWorker(splits(), books().get)
    return process.worker(work.do, work.read)


@process.once
def score() -> process.Handler:
    """Return the Lambda entry of the queue of chunks."""
    from vigil.decisions.batches.stream import ChunkWorker

    return process.worker(ChunkWorker(_chunks()).do)


@process.once
def assemble() -> process.Handler:
    """Return the Lambda entry of the queue of batches to put together."""
    from vigil.decisions.batches.assembly import BatchAssembly
    from vigil.decisions.batches.stream import AssemblyWorker

    assembly = BatchAssembly(_ports(), _charges())
    return process.worker(AssemblyWorker(assembly, books().get).do)


def _ports() -> "BatchPorts":
    from vigil.decisions.batches.ports import BatchPorts

    return BatchPorts(books(), files(), _postbox(), process.now)


def _stored(tenant_id: str) -> int:
    """Return how many bytes a tenant's files took when they were last measured."""
    return metering.usage().held(tenant_id).storage_bytes


def given_up() -> "AbandonedBatchWork":
    """Return what is told of messages of batches that nobody will try again."""
    from vigil.decisions.batches.stream import AbandonedBatchWork

    return AbandonedBatchWork(_chunks(), splits(), books().get)


@process.once
def _chunks() -> "ChunkScoring":
    from vigil.decisions.batches import fast_rows
    from vigil.decisions.batches.chunks import ChunkScoring

    return ChunkScoring(_ports(), models.registry(), scorer, fast_rows.build_fast_reader)


def scorer(model: "ScoringModel", batch: "Batch") -> "BatchScorer":
    """Return what answers the rows of a batch."""
    from vigil.access.flags.model import all_off
    from vigil.decisions.batches import results
    from vigil.decisions.scoring import serialize
    from vigil.decisions.scoring.batch_scorer import BatchScorer
    from vigil.prediction.features.service import feature_set

    asked_at = datetime.fromisoformat(batch.created_at)
    render = results.answer_cells if batch.form == "csv" else serialize.result_members
    switches = flags.service().pinned(batch.flags) if batch.flags else all_off
    return BatchScorer(model, feature_set, asked_at, (), render, partial(switches, batch.tenant_id))


@process.once
def splits() -> "FileSplitting":
    """Return what cuts files that have arrived into chunks."""
    from vigil.decisions.batches.splits import FileSplitting

    return FileSplitting(_ports(), models.registry(), _terms, _charges())


def _terms(tenant_id: str) -> "BatchTerms":
    from vigil.decisions.batches.model import BatchTerms

    return BatchTerms(flags.service().digest() or "", subjects.consents().withdrawn(tenant_id))


def _charges() -> "BatchCharges":
    from vigil.decisions.batches.charges import BatchCharges

    return BatchCharges(quota.service(), quota.stops())


@process.once
def books() -> "DynamoBatches":
    """Return the records of batches and their chunks."""
    from vigil.decisions.batches.store import DynamoBatches

    return DynamoBatches(process.client("dynamodb"), process.settings().batches_table)


@process.once
def files() -> "S3Files":
    """Return the objects of batches."""
    from vigil.decisions.batches.object_store import S3Files

    return S3Files(process.client("s3"), process.settings().batches_bucket)


@process.once
def _postbox() -> "JobQueues":
    from vigil.decisions.batches.stream import JobQueues
    from vigil.workers.queues import SqsQueue

    config = process.settings()
    urls: dict[BatchJobKind, str] = {
        "batch.split": config.batch_splits_queue,
        "batch.chunk": config.batch_chunks_queue,
        "batch.assembly": config.batch_assemblies_queue,
    }
    return JobQueues({kind: SqsQueue(process.client("sqs"), url) for kind, url in urls.items()})
