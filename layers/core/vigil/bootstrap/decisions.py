"""Wires scoring, outcomes, and batches from the uploaded file to the results."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import access, prediction, process, stores

if TYPE_CHECKING:
    from vigil.decisions.batches.charges import BatchCharges
    from vigil.decisions.batches.chunks import ChunkScoring
    from vigil.decisions.batches.jobs_model import BatchJobKind
    from vigil.decisions.batches.model import Batch, BatchTerms
    from vigil.decisions.batches.ports import BatchPorts, RowScorer
    from vigil.decisions.batches.row_columns_model import RowColumns
    from vigil.decisions.batches.splits import FileSplitting
    from vigil.decisions.batches.stream import AbandonedBatchWork, ArrivalReader, JobQueues
    from vigil.decisions.outcomes.service import Outcomes
    from vigil.decisions.scoring.ports import ScoringModel
    from vigil.decisions.scoring.service import Scoring
    from vigil.kernel.events import Event

_LEDGER = ("decisions_table", "subjects_table", "tenant_keys_table", "usage_table")
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
    from vigil.prediction.features.service import get_feature_set
    from vigil.prediction.packages import routes as registry_routes
    from vigil.web import swagger

    registry = prediction.registry()
    registry.preload()
    access.flags().preload()
    # A refresh reads only data that is older than its interval.
    process.refresh_after_restore(registry.preload)
    process.refresh_after_restore(access.flags().preload)
    return process.api(
        [scoring_routes.router, registry_routes.router, health_routes.router, swagger.router],
        scoring=scoring(),
        registry=registry,
        history_schema=lambda name: get_feature_set(name).schema(),
        cursors=process.cursors(),
        health=Health({"models": registry.check_champions, "ledger": stores.ledger().check}, process.now),
        reference=swagger.Reference("Vigil", process.openapi),
    )


@process.entry(*_BATCHES, *_LEDGER, "cursor_secret_arn", "idempotency_table", "limits_table", "outcomes_table")
def outcomes_api() -> process.Handler:
    """Return the Lambda entry of the API of outcomes."""
    from vigil.decisions.outcomes import routes

    return process.api([routes.router], outcomes=outcomes(), cursors=process.cursors(), claims=process.claims())


@process.entry(
    *_BATCHES, "cursor_secret_arn", "idempotency_table", "limits_table", "registry_table", "tenant_keys_table",
    "usage_table",
)  # fmt: skip
def batches_api() -> process.Handler:
    """Return the Lambda entry of the API of batches."""
    from vigil.decisions.batches import routes
    from vigil.decisions.batches.service import Batches, BatchTimes

    config, names = process.settings(), stores.catalogue().model_names
    books, files = stores.batches(), stores.batch_files()
    times = BatchTimes(process.now, config.idempotency_window, config.upload_address_life)
    batches = Batches(books, files, names, times, _charges(), _stored_bytes, keys=stores.tenant_key)
    return process.api(
        [routes.router],
        max_body_bytes=config.max_batch_body_bytes,
        batches=batches,
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry(
    *_BATCHES, *_MODELS, *_QUEUES, "access_table", "dead_letters", "event_bus", "flags_table", "subjects_table",
    "usage_table",
)  # fmt: skip
def batches_split() -> process.Handler:
    """Return the Lambda entry of the queue of uploaded files."""
    from vigil.decisions.batches.arrivals import FileArrivals
    from vigil.decisions.batches.stream import SplitWorker

    find, files, later = stores.batches().get, stores.batch_files(), _job_queues().send
    arrivals = FileArrivals(find, files, later, batch_splits(), access.tenants().is_active)
    return process.worker(SplitWorker(arrivals, find).do, arrival_reader().read)


@process.entry(*_BATCHES, *_MODELS, *_QUEUES, "access_table", "dead_letters", "flags_table", "tenant_keys_table")
def batches_chunk() -> process.Handler:
    """Return the Lambda entry of the queue of chunks."""
    from vigil.decisions.batches.stream import ChunkWorker

    return process.worker(ChunkWorker(_chunks(), access.tenants().is_active).do)


@process.entry(*_BATCHES, *_QUEUES, "access_table", "dead_letters", "event_bus", "usage_table")
def batches_assembly() -> process.Handler:
    """Return the Lambda entry of the queue of batches whose results are joined."""
    from vigil.decisions.batches.assembly import BatchAssembly
    from vigil.decisions.batches.stream import AssemblyWorker

    assembly = BatchAssembly(_batch_ports(), _charges())
    return process.worker(AssemblyWorker(assembly, stores.batches().get, access.tenants().is_active).do)


@process.once
def scoring() -> "Scoring":
    """Return the scoring service."""
    from vigil.decisions.scoring.service import Scoring
    from vigil.prediction.features.service import get_feature_set

    window = process.settings().idempotency_window
    return Scoring(
        prediction.registry(),
        get_feature_set,
        stores.ledger(),
        process.now,
        window,
        access.flags().switches,
        keys=stores.tenant_key,
    )


@process.once
def outcomes() -> "Outcomes":
    """Return the service of outcomes."""
    from vigil.decisions.outcomes.service import Outcomes
    from vigil.decisions.outcomes.store import DynamoOutcomes

    reports = DynamoOutcomes(process.client("dynamodb"), process.settings().outcomes_table)
    return Outcomes(stores.ledger(), stores.joined_rows(), reports, process.now, stores.tenant_key)


def arrival_reader() -> "ArrivalReader":
    """Return the reader of messages about uploaded files."""
    from vigil.decisions.batches.stream import ArrivalReader

    return ArrivalReader(stores.batches().get)


def abandoned_work() -> "AbandonedBatchWork":
    """Return the handler of batch messages that are not retried again."""
    from vigil.decisions.batches.stream import AbandonedBatchWork

    return AbandonedBatchWork(_chunks(), batch_splits(), stores.batches().get)


@process.once
def batch_splits() -> "FileSplitting":
    """Return the service that splits uploaded files into chunks."""
    from vigil.decisions.batches.splits import FileSplitting

    return FileSplitting(_batch_ports(), prediction.registry(), _terms, _charges())


def batch_scorer(model: "ScoringModel", batch: "Batch") -> "RowScorer":
    """Return the scorer of a batch's rows."""
    from vigil.decisions.batches import results
    from vigil.decisions.batches.row_errors import ConcealingScorer, KnownNames
    from vigil.decisions.scoring import serialize
    from vigil.decisions.scoring.batch_scorer import BatchScorer
    from vigil.prediction.features.service import get_feature_set

    asked_at = datetime.fromisoformat(batch.created_at)
    render = results.answer_cells if batch.form == "csv" else serialize.result_members
    switches = partial(access.flags().switches_at(batch.flags), batch.tenant_id) if batch.flags else None
    scorer = BatchScorer(model, get_feature_set, asked_at, (), render, switches)
    history = model.contract.history
    return ConcealingScorer(scorer, KnownNames(model.contract, get_feature_set(history).schema() if history else {}))


def count_rows(model: "ScoringModel", columns: "RowColumns", scored_at: str) -> bytes:
    """Return the profile of the sampled rows of a chunk, as stored."""
    from vigil.monitoring.drift.layout_model import profile_layout
    from vigil.monitoring.profiles import documents_model, sampled_rows
    from vigil.monitoring.profiles.counting_model import FeatureCells

    layout = profile_layout(model.contract, model.reference)
    features = [FeatureCells(feature.edges, len(feature.counts)) for feature in layout.features]
    return documents_model.to_bytes(sampled_rows.count_rows(features, columns, scored_at))


@process.once
def _chunks() -> "ChunkScoring":
    from vigil.decisions.batches import fast_rows
    from vigil.decisions.batches.chunks import ChunkScoring

    return ChunkScoring(
        _batch_ports(), prediction.registry(), batch_scorer, fast_rows.build_fast_reader, stores.tenant_key, count_rows
    )


def _batch_ports() -> "BatchPorts":
    from vigil.decisions.batches.ports import BatchPorts

    def publish(event: "Event") -> None:  # chunks use the ports too, and publish nothing
        stores.event_bus("vigil.batches").publish_one(event)

    return BatchPorts(stores.batches(), stores.batch_files(), _job_queues(), process.now, publish)


def _terms(tenant_id: str) -> "BatchTerms":
    from vigil.decisions.batches.model import BatchTerms

    return BatchTerms(access.flags().digest() or "", stores.consents().withdrawn(tenant_id))


def _charges() -> "BatchCharges":
    from vigil.decisions.batches.charges import BatchCharges

    return BatchCharges(access.quota(), stores.hard_limits())


def _stored_bytes(tenant_id: str) -> int:
    """Return the bytes of a tenant's files at the last measurement."""
    return stores.usage().stored_bytes(tenant_id).storage_bytes


@process.once
def _job_queues() -> "JobQueues":
    from vigil.decisions.batches.stream import JobQueues
    from vigil.workers.queues import SqsQueue

    config = process.settings()
    urls: dict[BatchJobKind, str] = {
        "batch.arrival": config.batch_splits_queue,
        "batch.split": config.batch_splits_queue,
        "batch.chunk": config.batch_chunks_queue,
        "batch.assembly": config.batch_assemblies_queue,
    }
    return JobQueues({kind: SqsQueue(process.client("sqs"), url) for kind, url in urls.items()})
