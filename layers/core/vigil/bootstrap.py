"""The one place where adapters are wired into services. Everything is built on first use, nothing at import."""

import base64
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from vigil.platform import aws
from vigil.platform.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from vigil.batches.chunks import Chunks
    from vigil.batches.model import Format, JobKind
    from vigil.batches.objects.store import S3Files
    from vigil.batches.splits import Splits
    from vigil.batches.store import DynamoBooks
    from vigil.batches.stream import GivenUp, Postbox
    from vigil.deadletters.ports import Owners, Source
    from vigil.deadletters.store import DynamoJobs
    from vigil.events.service import Announcer
    from vigil.lifecycle.service import Lifecycle
    from vigil.outcomes.service import Outcomes
    from vigil.platform.cursor import Cursors
    from vigil.platform.secrets import Secret
    from vigil.platform.sqs import Message, Received
    from vigil.platform.telemetry import Telemetry
    from vigil.platform.worker import Deadline
    from vigil.registry.publishing import Publisher
    from vigil.registry.service import Registry, RegistryEvent
    from vigil.registry.signing import PublicKeys
    from vigil.registry.store import DynamoCatalogue, S3PackageStore
    from vigil.scoring.bulk import Bulk
    from vigil.scoring.ports import ScoringModel
    from vigil.scoring.service import Scoring
    from vigil.scoring.store import DynamoLedger
    from vigil.tenancy.service import Access

Handler = Callable[[Any, Any], Any]


def on_lambda(factory: Callable[[], Handler]) -> None:
    """Build a function's handler during Lambda's init phase, whose CPU is boosted and whose memory SnapStart keeps."""
    if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
        factory()


@cache
def settings() -> Settings:
    """Return this function's configuration."""
    return Settings.from_env(os.environ)


@cache
def scoring_api() -> Handler:
    """Return the Lambda entry of the scoring API, its models loaded."""
    from vigil.features.service import feature_set
    from vigil.operations import routes as health_routes
    from vigil.operations.service import Health
    from vigil.platform import docs
    from vigil.registry import routes as registry_routes
    from vigil.scoring import routes as scoring_routes

    models = registry()
    models.preload()
    return _api(
        [scoring_routes.router, registry_routes.router, health_routes.router, docs.router],
        scoring=scoring(),
        registry=models,
        history_schema=lambda name: feature_set(name).schema(),
        cursors=_cursors(),
        health=Health({"models": models.check, "ledger": _ledger().check}),
        documented=_documented,
    )


@cache
def outcomes_api() -> Handler:
    """Return the Lambda entry of the outcomes API."""
    from vigil.outcomes import routes

    return _api([routes.router], outcomes=outcomes(), cursors=_cursors())


@cache
def lifecycle_api() -> Handler:
    """Return the Lambda entry of the API of versions, promotions and comparisons."""
    from vigil.lifecycle import routes

    return _api([routes.router], lifecycle=lifecycle(publisher(_pinned())))


@cache
def batches_api() -> Handler:
    """Return the Lambda entry of the batches API."""
    from vigil.batches import routes
    from vigil.batches.service import Batches

    models = _catalogue().names
    batches = Batches(_books(), _batch_files(), models, _now, settings().idempotency_window)
    return _api([routes.router], settings().max_batch_body_bytes, batches=batches, cursors=_cursors())


@cache
def batches_split() -> Handler:
    """Return the Lambda entry of the queue of files that have arrived."""
    from vigil.batches.stream import SplitWork

    work = SplitWork(_splits(), _books().get)
    return _worker(work.do, work.read)


@cache
def scoring_batch() -> Handler:
    """Return the Lambda entry of the queue of chunks."""
    from vigil.batches.stream import ChunkWork

    return _worker(ChunkWork(_chunks()).do)


@cache
def batches_assembly() -> Handler:
    """Return the Lambda entry of the queue of batches to put together."""
    from vigil.batches.assembly import Assembly
    from vigil.batches.stream import AssemblyWork

    return _worker(AssemblyWork(Assembly(_books(), _batch_files(), _postbox(), _now), _books().get).do)


@cache
def scoring_events() -> Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.events.stream import DecisionStream

    return _telemetry().wrap(DecisionStream(_announcer(), _telemetry()).handle)


@cache
def operations_api() -> Handler:
    """Return the Lambda entry of the API of dead letters."""
    from vigil.deadletters import routes
    from vigil.deadletters.service import DeadLetters

    return _api([routes.router], dead_letters=DeadLetters(_jobs(), _now), cursors=_cursors())


@cache
def operations_redrive() -> Handler:
    """Return the Lambda entry of the redriver."""
    from vigil.deadletters.model import Rules
    from vigil.deadletters.redrive import Reprocessor
    from vigil.deadletters.schedule import Redrive

    rules = Rules(settings().backoff_base, settings().most_reprocess_attempts)
    sources = [_source(name) for name in settings().queues]
    redrive = Redrive(
        _telemetry(),
        # Of the system: a generator of our own would be in the snapshot, and all instances would wait alike.
        lambda observe: Reprocessor(sources, _jobs(), _owners(), rules, SystemRandom(), _now, observe),
    )
    return _telemetry().wrap(redrive.handle)


@cache
def authorizer() -> Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.tenancy.authorizer import Authorizer, refusing

    return refusing(_telemetry().wrap(Authorizer(access(), _telemetry()).decide))


@cache
def access() -> "Access":
    """Return the service of tenants and keys."""
    from vigil.platform.secrets import Secret
    from vigil.tenancy.service import Access
    from vigil.tenancy.store import DynamoAccess, SecretPeppers

    config = settings()
    peppers = SecretPeppers(Secret(_client("secretsmanager"), config.access_secret_arn))
    return Access(DynamoAccess(_client("dynamodb"), config.access_table), peppers, config.stage, _now)


@cache
def scoring() -> "Scoring":
    """Return the scoring service."""
    from vigil.features.service import feature_set
    from vigil.scoring.service import Scoring

    return Scoring(registry(), feature_set, _ledger(), _now, settings().idempotency_window)


@cache
def registry() -> "Registry":
    """Return the models of this process."""
    from vigil.engines.loading import load
    from vigil.registry.package import Verifier
    from vigil.registry.service import Registry

    return Registry(
        _packages(),
        _catalogue(),
        Verifier(_pinned(), load, settings().model_floors),
        clock=_now,
        observe=_observe,
    )


def publisher(keys: "PublicKeys") -> "Publisher":
    """Return what publishes and promotes packages signed by one of these keys; for operators."""
    from vigil.engines.loading import load
    from vigil.registry.package import Verifier
    from vigil.registry.publishing import Publisher

    return Publisher(_packages(), _catalogue(), Verifier(keys, load, settings().model_floors), _now)


def lifecycle(versions: "Publisher") -> "Lifecycle":
    """Return the life cycle of the models that a publisher knows."""
    from vigil.lifecycle.service import Lifecycle
    from vigil.lifecycle.store import DynamoComparisons

    return Lifecycle(versions, DynamoComparisons(_client("dynamodb"), settings().decisions_table))


@cache
def outcomes() -> "Outcomes":
    """Return the service of outcomes."""
    from vigil.outcomes.service import Outcomes
    from vigil.outcomes.store import DynamoOutcomes

    return Outcomes(_ledger(), DynamoOutcomes(_client("dynamodb"), settings().outcomes_table), _now)


def given_up_batches() -> "GivenUp":
    """Return what is told of messages of batches that nobody will try again."""
    from vigil.batches.stream import GivenUp

    return GivenUp(_chunks(), _splits(), _books().get)


def _api(routers: "list[APIRouter]", max_body_bytes: int | None = None, **state: Any) -> Handler:
    from vigil.platform.http import create_app, lambda_handler

    app = create_app(
        title="Vigil",
        routers=routers,
        telemetry=_telemetry(),
        max_body_bytes=max_body_bytes or settings().max_body_bytes,
        state=state,
    )
    return lambda_handler(app, _telemetry())


def _owners() -> "Owners":
    """Return who is told, by kind of message, that work was given up."""
    from vigil.batches.stream import KINDS
    from vigil.platform.sqs import Message

    batches = given_up_batches()
    return dict.fromkeys(KINDS, lambda work: batches.abandoned(Message(**asdict(work))))


def _reader(name: str) -> "list[Callable[[Received], Message]]":
    """Return what reads the messages of a queue that are not in Vigil's own form, if any come there."""
    from vigil.batches.stream import SplitWork

    return [SplitWork(_splits(), _books().get).read] if name == "batch-splits" else []


def _source(name: str) -> "Source":
    from vigil.deadletters.store import SqsSource, StreamSource
    from vigil.platform.sqs import SqsQueue

    urls = settings().queues[name]
    dead = SqsQueue(_client("sqs"), urls["dead"])
    if "url" in urls:
        return SqsSource(name, SqsQueue(_client("sqs"), urls["url"]), dead, *_reader(name))
    from vigil.events.store import DynamoStream
    from vigil.events.stream import Replay

    return StreamSource(name, dead, Replay(DynamoStream(_client("dynamodbstreams")), _announcer()))


def _announcer() -> "Announcer":
    from vigil.events.service import Announcer
    from vigil.events.store import EventBridgeBus

    return Announcer(EventBridgeBus(_client("events"), settings().event_bus))


@cache
def _jobs() -> "DynamoJobs":
    from vigil.deadletters.store import DynamoJobs

    return DynamoJobs(_client("dynamodb"), settings().dead_letters_table)


def _documented() -> "list[APIRouter]":
    """Return the routers of the other functions behind the same address; only the OpenAPI document needs them."""
    from vigil.batches import routes as batches_routes
    from vigil.deadletters import routes as dead_letters_routes
    from vigil.lifecycle import routes as lifecycle_routes
    from vigil.outcomes import routes as outcomes_routes

    return [batches_routes.router, lifecycle_routes.router, outcomes_routes.router, dead_letters_routes.router]


def _cursors() -> "Cursors":
    from vigil.platform.cursor import Cursors

    return Cursors(lambda: _cursor_secret().field("key"))


@cache
def _cursor_secret() -> "Secret":
    from vigil.platform.secrets import Secret

    return Secret(_client("secretsmanager"), settings().cursor_secret_arn)


def _pinned() -> "PublicKeys":
    return {key_id: base64.b64decode(key) for key_id, key in settings().model_keys.items()}


def _worker(work: "Callable[[Message, Deadline], None]", *read: "Callable[[Received], Message]") -> Handler:
    from vigil.platform.sqs import SqsQueue
    from vigil.platform.worker import Worker

    quarantine = SqsQueue(_client("sqs"), settings().dead_letters)
    return _telemetry().wrap(Worker(work, _telemetry(), quarantine, *read).handle)


@cache
def _chunks() -> "Chunks":
    from vigil.batches.chunks import Chunks

    return Chunks(_books(), _batch_files(), _postbox(), registry(), batch_scorer)


def batch_scorer(model: "ScoringModel", asked_at: datetime, form: "Format") -> "Bulk":
    """Return what answers the rows of a batch that was asked for at this moment."""
    from vigil.batches import results
    from vigil.features.service import feature_set
    from vigil.scoring import writing
    from vigil.scoring.bulk import Bulk

    return Bulk(model, feature_set, asked_at, (), results.cells if form == "csv" else writing.members)


@cache
def _splits() -> "Splits":
    from vigil.batches.splits import Splits

    return Splits(_books(), _batch_files(), _postbox(), registry(), _now)


@cache
def _books() -> "DynamoBooks":
    from vigil.batches.store import DynamoBooks

    return DynamoBooks(_client("dynamodb"), settings().batches_table)


@cache
def _batch_files() -> "S3Files":
    from vigil.batches.objects.store import S3Files

    return S3Files(_client("s3"), settings().batches_bucket)


@cache
def _postbox() -> "Postbox":
    from vigil.batches.stream import Postbox
    from vigil.platform.sqs import SqsQueue

    config = settings()
    urls: dict[JobKind, str] = {
        "batch.split": config.batch_splits_queue,
        "batch.chunk": config.batch_chunks_queue,
        "batch.assembly": config.batch_assemblies_queue,
    }
    return Postbox({kind: SqsQueue(_client("sqs"), url) for kind, url in urls.items()})


@cache
def _packages() -> "S3PackageStore":
    from vigil.registry.store import S3PackageStore

    return S3PackageStore(_client("s3"), settings().packages_bucket)


@cache
def _catalogue() -> "DynamoCatalogue":
    from vigil.registry.store import DynamoCatalogue

    return DynamoCatalogue(_client("dynamodb"), settings().registry_table)


@cache
def _ledger() -> "DynamoLedger":
    from vigil.scoring.store import DynamoLedger

    return DynamoLedger(_client("dynamodb"), settings().decisions_table)


@cache
def _telemetry() -> "Telemetry":
    from vigil.platform.telemetry import Telemetry

    return Telemetry(settings().service, traced=settings().traced)


def _observe(event: "RegistryEvent") -> None:
    failed = event.kind != "model_loaded"
    about = ("model", event.name)
    _telemetry().event(event.kind, failed=failed, about=about, model_version=event.version, reason=event.reason)


@cache
def _client(service: str) -> Any:
    return aws.client(settings(), service)


def _now() -> datetime:
    return datetime.now(UTC)


def forget() -> None:
    """Drop everything that was built, for a process whose environment has changed: the command line, or a test."""
    for value in list(globals().values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()
    aws.forget()
