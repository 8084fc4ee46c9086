"""Wiring of batches, from the file that arrives to the results."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import flags, metering, models, process, quota, subjects

if TYPE_CHECKING:
    from vigil.decisions.batches.charges import Charges
    from vigil.decisions.batches.chunks import Chunks
    from vigil.decisions.batches.model import Batch, JobKind, Terms
    from vigil.decisions.batches.object_store import S3Files
    from vigil.decisions.batches.splits import Splits
    from vigil.decisions.batches.store import DynamoBooks
    from vigil.decisions.batches.stream import GivenUp, Postbox
    from vigil.decisions.scoring.batch_scorer import Bulk
    from vigil.decisions.scoring.ports import ScoringModel


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the batches API."""
    from vigil.decisions.batches import routes
    from vigil.decisions.batches.service import Batches

    config, names = process.settings(), models.catalogue().model_names
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
    from vigil.decisions.batches.stream import SplitWork

    work = SplitWork(splits(), books().get)
    return process.worker(work.do, work.read)


@process.once
def score() -> process.Handler:
    """Return the Lambda entry of the queue of chunks."""
    from vigil.decisions.batches.stream import ChunkWork

    return process.worker(ChunkWork(_chunks()).do)


@process.once
def assemble() -> process.Handler:
    """Return the Lambda entry of the queue of batches to put together."""
    from vigil.decisions.batches.assembly import Assembly
    from vigil.decisions.batches.stream import AssemblyWork

    assembly = Assembly(books(), files(), _postbox(), _charges(), process.now)
    return process.worker(AssemblyWork(assembly, books().get).do)


def _stored(tenant_id: str) -> int:
    """Return how many bytes a tenant's files took when they were last measured."""
    return metering.usage().stored_bytes(tenant_id).storage_bytes


def given_up() -> "GivenUp":
    """Return what is told of messages of batches that nobody will try again."""
    from vigil.decisions.batches.stream import GivenUp

    return GivenUp(_chunks(), splits(), books().get)


@process.once
def _chunks() -> "Chunks":
    from vigil.decisions.batches import fast_rows
    from vigil.decisions.batches.chunks import Chunks

    return Chunks(books(), files(), _postbox(), models.registry(), scorer, fast_rows.reader, process.now)


def scorer(model: "ScoringModel", batch: "Batch") -> "Bulk":
    """Return what answers the rows of a batch."""
    from vigil.access.flags.model import all_off
    from vigil.decisions.batches import results
    from vigil.decisions.scoring import serialize
    from vigil.decisions.scoring.batch_scorer import Bulk
    from vigil.prediction.features.service import get_feature_set

    asked_at = datetime.fromisoformat(batch.created_at)
    render = results.cells if batch.form == "csv" else serialize.members
    switches = flags.service().switches_at(batch.flags) if batch.flags else all_off
    return Bulk(model, get_feature_set, asked_at, (), render, partial(switches, batch.tenant_id))


@process.once
def splits() -> "Splits":
    """Return what cuts files that have arrived into chunks."""
    from vigil.decisions.batches.splits import Splits

    return Splits(books(), files(), _postbox(), models.registry(), _terms, _charges(), process.now)


def _terms(tenant_id: str) -> "Terms":
    from vigil.decisions.batches.model import Terms

    return Terms(flags.service().digest() or "", subjects.consents().withdrawn(tenant_id))


def _charges() -> "Charges":
    from vigil.decisions.batches.charges import Charges

    return Charges(quota.service(), quota.stops())


@process.once
def books() -> "DynamoBooks":
    """Return the records of batches and their chunks."""
    from vigil.decisions.batches.store import DynamoBooks

    return DynamoBooks(process.client("dynamodb"), process.settings().batches_table)


@process.once
def files() -> "S3Files":
    """Return the objects of batches."""
    from vigil.decisions.batches.object_store import S3Files

    return S3Files(process.client("s3"), process.settings().batches_bucket)


@process.once
def _postbox() -> "Postbox":
    from vigil.decisions.batches.stream import Postbox
    from vigil.workers.queues import SqsQueue

    config = process.settings()
    urls: dict[JobKind, str] = {
        "batch.split": config.batch_splits_queue,
        "batch.chunk": config.batch_chunks_queue,
        "batch.assembly": config.batch_assemblies_queue,
    }
    return Postbox({kind: SqsQueue(process.client("sqs"), url) for kind, url in urls.items()})
