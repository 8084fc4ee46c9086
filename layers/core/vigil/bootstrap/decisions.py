"""Wires scoring, outcomes, and batches from the uploaded file to the results."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import access, prediction, process, stores

if TYPE_CHECKING:
    from vigil.decisions.batches.charges import Charges
    from vigil.decisions.batches.chunks import Chunks
    from vigil.decisions.batches.model import Batch, JobKind, Terms
    from vigil.decisions.batches.splits import Splits
    from vigil.decisions.batches.stream import GivenUp, Postbox
    from vigil.decisions.outcomes.service import Outcomes
    from vigil.decisions.scoring.batch_scorer import Bulk
    from vigil.decisions.scoring.ports import ScoringModel
    from vigil.decisions.scoring.service import Scoring

_LEDGER = ("decisions_table", "subjects_table", "usage_table")
_MODELS = ("model_keys", "packages_bucket", "registry_table")
_BATCHES = ("batches_bucket", "batches_table")
_QUEUES = ("batch_assemblies_queue", "batch_chunks_queue", "batch_splits_queue")
ABANDONED_WORK_NEEDS = (*_BATCHES, *_MODELS, *_QUEUES, "usage_table")
"""Settings that `abandoned_work` reads. It neither splits nor scores, so it reads no flags and no consents."""


@process.entry(*_LEDGER, *_MODELS, "cursor_secret_arn", "flags_table", "limits_table")
def scoring_api() -> process.Handler:
    """Return the Lambda entry of the scoring API. It loads the models."""
    from vigil.decisions.scoring import routes as scoring_routes
    from vigil.operations.health import routes as health_routes
    from vigil.operations.health.service import Health
    from vigil.prediction.features.service import feature_set
    from vigil.prediction.packages import routes as registry_routes
    from vigil.web import swagger

    registry = prediction.registry()
    registry.preload()
    access.flags().preload()
    return process.api(
        [scoring_routes.router, registry_routes.router, health_routes.router, swagger.router],
        scoring=scoring(),
        registry=registry,
        history_schema=lambda name: feature_set(name).schema(),
        cursors=process.cursors(),
        health=Health({"models": registry.check, "ledger": stores.ledger().check}),
        openapi=process.openapi,
    )


@process.entry(*_LEDGER, "cursor_secret_arn", "idempotency_table", "limits_table", "outcomes_table")
def outcomes_api() -> process.Handler:
    """Return the Lambda entry of the API of outcomes."""
    from vigil.decisions.outcomes import routes

    return process.api([routes.router], outcomes=outcomes(), cursors=process.cursors(), claims=process.claims())


@process.entry(*_BATCHES, "cursor_secret_arn", "idempotency_table", "limits_table", "registry_table", "usage_table")
def batches_api() -> process.Handler:
    """Return the Lambda entry of the API of batches."""
    from vigil.decisions.batches import routes
    from vigil.decisions.batches.service import Batches

    config, names = process.settings(), stores.catalogue().names
    books, files, window = stores.batches(), stores.batch_files(), config.idempotency_window
    batches = Batches(books, files, names, process.now, window, _charges(), _stored_bytes)
    return process.api(
        [routes.router],
        max_body_bytes=config.max_batch_body_bytes,
        batches=batches,
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry(*_BATCHES, *_MODELS, *_QUEUES, "dead_letters", "flags_table", "subjects_table", "usage_table")
def batches_split() -> process.Handler:
    """Return the Lambda entry of the queue of uploaded files."""
    from vigil.decisions.batches.stream import SplitWork

    work = SplitWork(batch_splits(), stores.batches().get)
    return process.worker(work.do, work.read)


@process.entry(*_BATCHES, *_MODELS, *_QUEUES, "dead_letters", "flags_table")
def batches_chunk() -> process.Handler:
    """Return the Lambda entry of the queue of chunks."""
    from vigil.decisions.batches.stream import ChunkWork

    return process.worker(ChunkWork(_chunks()).do)


@process.entry(*_BATCHES, *_QUEUES, "dead_letters", "usage_table")
def batches_assembly() -> process.Handler:
    """Return the Lambda entry of the queue of batches whose results are joined."""
    from vigil.decisions.batches.assembly import Assembly
    from vigil.decisions.batches.stream import AssemblyWork

    assembly = Assembly(stores.batches(), stores.batch_files(), _postbox(), _charges(), process.now)
    return process.worker(AssemblyWork(assembly, stores.batches().get).do)


@process.once
def scoring() -> "Scoring":
    """Return the scoring service."""
    from vigil.decisions.scoring.service import Scoring
    from vigil.prediction.features.service import feature_set

    window = process.settings().idempotency_window
    return Scoring(prediction.registry(), feature_set, stores.ledger(), process.now, window, access.flags().switches)


@process.once
def outcomes() -> "Outcomes":
    """Return the service of outcomes."""
    from vigil.decisions.outcomes.service import Outcomes
    from vigil.decisions.outcomes.store import DynamoOutcomes

    reports = DynamoOutcomes(process.client("dynamodb"), process.settings().outcomes_table)
    return Outcomes(stores.ledger(), reports, process.now)


def abandoned_work() -> "GivenUp":
    """Return the handler of batch messages that are not retried again."""
    from vigil.decisions.batches.stream import GivenUp

    return GivenUp(_chunks(), batch_splits(), stores.batches().get)


@process.once
def batch_splits() -> "Splits":
    """Return the service that splits uploaded files into chunks."""
    from vigil.decisions.batches.splits import Splits

    books, files = stores.batches(), stores.batch_files()
    return Splits(books, files, _postbox(), prediction.registry(), _terms, _charges(), process.now)


def batch_scorer(model: "ScoringModel", batch: "Batch") -> "Bulk":
    """Return the scorer of a batch's rows."""
    from vigil.access.flags.model import all_off
    from vigil.decisions.batches import results
    from vigil.decisions.scoring import serialize
    from vigil.decisions.scoring.batch_scorer import Bulk
    from vigil.prediction.features.service import feature_set

    asked_at = datetime.fromisoformat(batch.created_at)
    render = results.cells if batch.form == "csv" else serialize.members
    switches = access.flags().pinned(batch.flags) if batch.flags else all_off
    return Bulk(model, feature_set, asked_at, (), render, partial(switches, batch.tenant_id))


@process.once
def _chunks() -> "Chunks":
    from vigil.decisions.batches import fast_rows
    from vigil.decisions.batches.chunks import Chunks

    books, files, registry = stores.batches(), stores.batch_files(), prediction.registry()
    return Chunks(books, files, _postbox(), registry, batch_scorer, fast_rows.reader, process.now)


def _terms(tenant_id: str) -> "Terms":
    from vigil.decisions.batches.model import Terms

    return Terms(access.flags().digest() or "", stores.consents().withdrawn(tenant_id))


def _charges() -> "Charges":
    from vigil.decisions.batches.charges import Charges

    return Charges(access.quota(), stores.hard_limits())


def _stored_bytes(tenant_id: str) -> int:
    """Return the bytes of a tenant's files at the last measurement."""
    return stores.usage().held(tenant_id).storage_bytes


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
