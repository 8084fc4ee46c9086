"""The one place where adapters are wired into services. Everything is built on first use, nothing at import."""

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache, partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from vigil.platform import aws
from vigil.platform.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from vigil.batches.charges import Charges
    from vigil.batches.chunks import Chunks
    from vigil.batches.model import Batch, JobKind
    from vigil.batches.objects.store import S3Files
    from vigil.batches.splits import Splits
    from vigil.batches.store import DynamoBooks
    from vigil.batches.stream import GivenUp, Postbox
    from vigil.deadletters.ports import Owners, Source
    from vigil.deadletters.store import DynamoJobs
    from vigil.events.service import Announcer
    from vigil.flags.service import Flags
    from vigil.lifecycle.service import Lifecycle
    from vigil.metering.store import DynamoUsage
    from vigil.outcomes.service import Outcomes
    from vigil.platform.cursor import Cursors
    from vigil.platform.idempotency import Claims
    from vigil.platform.secrets import Secret
    from vigil.platform.sqs import Message, Received
    from vigil.platform.telemetry import Telemetry
    from vigil.platform.worker import Deadline
    from vigil.quota.service import Quota
    from vigil.quota.store import DynamoQuota
    from vigil.registry.publishing import Publisher
    from vigil.registry.service import Registry, RegistryEvent
    from vigil.registry.signing import PublicKeys
    from vigil.registry.store import DynamoCatalogue, S3PackageStore
    from vigil.scoring.bulk import Bulk
    from vigil.scoring.ports import ScoringModel
    from vigil.scoring.service import Scoring
    from vigil.scoring.store import DynamoLedger
    from vigil.tenancy.keys.service import Keys
    from vigil.tenancy.model import Limits
    from vigil.tenancy.offboarding.ports import Erasable
    from vigil.tenancy.offboarding.service import Certificates, Offboarding
    from vigil.tenancy.offboarding.store import DynamoErasures, KmsSeal
    from vigil.tenancy.service import Access
    from vigil.tenancy.store import AccessTable, DynamoKeys, DynamoTenants, SecretPeppers
    from vigil.tenancy.tenants import Tenants
    from vigil.tokens.model import Issuer
    from vigil.tokens.store import DynamoKeyList, SecretKeys

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
    flags().preload()
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

    return _api([routes.router], outcomes=outcomes(), cursors=_cursors(), claims=_claims())


@cache
def lifecycle_api() -> Handler:
    """Return the Lambda entry of the API of versions, promotions and comparisons."""
    from vigil.lifecycle import routes

    return _api([routes.router], lifecycle=lifecycle(publisher(_pinned())), claims=_claims())


@cache
def flags_api() -> Handler:
    """Return the Lambda entry of the API of feature flags."""
    from vigil.flags import routes

    return _api([routes.router], flags=flags(), claims=_claims())


@cache
def batches_api() -> Handler:
    """Return the Lambda entry of the batches API."""
    from vigil.batches import routes
    from vigil.batches.service import Batches

    models = _catalogue().names
    batches = Batches(_books(), _batch_files(), models, _now, settings().idempotency_window, _charges())
    return _api(
        [routes.router],
        max_body_bytes=settings().max_batch_body_bytes,
        batches=batches,
        cursors=_cursors(),
        claims=_claims(),
    )


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

    return _worker(AssemblyWork(Assembly(_books(), _batch_files(), _postbox(), _charges(), _now), _books().get).do)


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

    return _api([routes.router], dead_letters=DeadLetters(_jobs(), _now), cursors=_cursors(), claims=_claims())


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
def metering_api() -> Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.metering import routes
    from vigil.metering.service import Usage

    return _api([routes.router], usage=Usage(_usage()), limits_of=_limits_of)


@cache
def metering_counters() -> Handler:
    """Return the Lambda entry that counts what the decisions table's stream brings."""
    from vigil.metering.service import Meter
    from vigil.metering.stream import DecisionCounts

    return _telemetry().wrap(DecisionCounts(Meter(_usage()), _telemetry()).handle)


@cache
def metering_audit() -> Handler:
    """Return the Lambda entry of the schedules that recount yesterday and bring in the calls of past hours."""
    from vigil.metering.audit import Audit
    from vigil.metering.schedule import AuditSchedule
    from vigil.metering.store import DynamoCalls

    calls = DynamoCalls(_client("dynamodb"), settings().limits_table)
    audit = Audit(tenants().ids, _ledger(), _usage(), calls, _now)
    return _telemetry().wrap(AuditSchedule(audit, _telemetry()).handle)


@cache
def authorizer() -> Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.tenancy.authorizer import Authorizer, refusing
    from vigil.tenancy.credentials import Credentials
    from vigil.tokens.service import Verifier

    credentials = Credentials(access(), Verifier(published_keys(), _issuer(), _now))
    return refusing(_telemetry().wrap(Authorizer(credentials, _telemetry()).decide))


@cache
def tokens_api() -> Handler:
    """Return the Lambda entry of the API of tokens."""
    from vigil.sessions import routes as session_routes
    from vigil.sessions.forms import FORM
    from vigil.sessions.service import Sessions
    from vigil.sessions.store import DynamoSessions
    from vigil.tokens import routes as token_routes
    from vigil.tokens.service import Signer, published

    store = DynamoSessions(_client("dynamodb"), settings().access_table)
    signer = Signer(_private_keys(), published_keys(), _issuer(), _now)
    return _api(
        [session_routes.router, token_routes.router],
        media_types=(FORM, "application/json"),
        max_body_bytes=16 * 1024,
        sessions=Sessions(access(), signer, store, _peppers(), _issuer(), _now),
        published_keys=lambda: published(published_keys(), _now),
    )


@cache
def rotation() -> Handler:
    """Return the Lambda entry of the rotation of signing keys."""
    from vigil.tokens.rotation import Rotation
    from vigil.tokens.steps import RotationSteps
    from vigil.tokens.store import SecretVault

    secret = settings().signing_secret_arn
    turns = Rotation(SecretVault(_client("secretsmanager"), secret), published_keys(), _issuer(), _now)
    return _telemetry().wrap(RotationSteps(turns, _telemetry(), secret).take)


@cache
def tenancy_api() -> Handler:
    """Return the Lambda entry of the API of tenants and keys."""
    from vigil.tenancy import routes
    from vigil.tenancy.keys import routes as keys_routes
    from vigil.tenancy.offboarding import routes as offboarding_routes

    routers = [routes.router, keys_routes.router, offboarding_routes.router]
    return _api(
        routers, tenants=tenants(), keys=keys(), certificates=certificates(), cursors=_cursors(), claims=_claims()
    )


@cache
def tenancy_offboarding() -> Handler:
    """Return the Lambda entry of the erasure of tenants that leave."""
    from vigil.tenancy.offboarding.schedule import Erasing

    return _telemetry().wrap(Erasing(offboarding(), _telemetry()).handle)


@cache
def access() -> "Access":
    """Return the service that knows who is behind a credential."""
    from vigil.tenancy.service import Access

    return Access(_tenants(), _keys(), _peppers(), settings().stage, _now)


@cache
def tenants() -> "Tenants":
    """Return the service of tenants."""
    from vigil.tenancy.tenants import Tenants

    return Tenants(_tenants(), _now)


@cache
def keys() -> "Keys":
    """Return the service of API keys."""
    from vigil.tenancy.keys.service import Keys

    return Keys(_tenants(), _keys(), _peppers(), settings().stage, _now)


def certificates() -> "Certificates":
    """Return the service of certificates of erasure."""
    from vigil.tenancy.offboarding.service import Certificates

    return Certificates(_erasures())


def offboarding() -> "Offboarding":
    """Return the service that erases what tenants owned."""
    from vigil.tenancy.offboarding.service import Offboarding

    config = settings()
    return Offboarding(_erasures(), _erasables(), seal(), config.stage, _now, config.offboarding_pause)


def seal() -> "KmsSeal":
    """Return what signs certificates, and verifies them."""
    from vigil.tenancy.offboarding.store import KmsSeal

    return KmsSeal(_client("kms"), settings().certificate_key_arn)


@cache
def scoring() -> "Scoring":
    """Return the scoring service."""
    from vigil.features.service import feature_set
    from vigil.scoring.service import Scoring

    return Scoring(registry(), feature_set, _ledger(), _now, settings().idempotency_window, flags().switches)


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


def quota() -> "Quota":
    """Return what sets predictions aside for many rows at once."""
    from vigil.quota.service import Quota

    return Quota(_quotas(), _now)


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


@cache
def flags() -> "Flags":
    """Return the feature flags of this process."""
    from vigil.flags.service import Flags
    from vigil.flags.store import DynamoFlags, engine

    config = settings()
    store = DynamoFlags(_client("dynamodb"), config.flags_table)
    return Flags(store, engine, config.stage, _now, config.flags_ttl, _telemetry().degraded)


def _erasables() -> "dict[str, Erasable]":
    """Return every store that keeps what tenants own, in the order of their erasure. Packages are the deployment's."""
    from vigil.batches.model import FOLDERS
    from vigil.tenancy.offboarding.contents.store import Listed, Scattered
    from vigil.tenancy.offboarding.objects.store import TenantObjects

    config, dynamodb = settings(), _client("dynamodb")
    return {
        # A key is found by its own id, before anybody knows the tenant.
        "keys": Listed(dynamodb, config.access_table, index="by_tenant", attribute="list_pk", led=False),
        "sessions": Listed(dynamodb, config.access_table, prefix="SESSIONS#", led=False),
        "decisions": Listed(dynamodb, config.decisions_table, ("pk",), index="by_tenant", attribute="tenant_pk"),
        # A report that was cut short is in no list.
        "outcomes": Scattered(dynamodb, config.outcomes_table),
        # Chunks and the count of unfinished batches are in no list. Files last: without chunks nobody writes one.
        "batches": Scattered(dynamodb, config.batches_table),
        "files": TenantObjects(_client("s3"), config.batches_bucket, FOLDERS),
        "dead_letters": Scattered(dynamodb, config.dead_letters_table, ("pk",)),
        "idempotency": Listed(dynamodb, config.idempotency_table),
        # In this order: what is counted of requests is brought into the usage.
        "limits": Scattered(dynamodb, config.limits_table, ("pk",)),
        "usage": Scattered(dynamodb, config.usage_table),
    }


@cache
def _access_table() -> "AccessTable":
    from vigil.tenancy.store import AccessTable

    return AccessTable(_client("dynamodb"), settings().access_table)


def _tenants() -> "DynamoTenants":
    from vigil.tenancy.store import DynamoTenants

    return DynamoTenants(_access_table())


def _keys() -> "DynamoKeys":
    from vigil.tenancy.store import DynamoKeys

    return DynamoKeys(_access_table())


def _erasures() -> "DynamoErasures":
    from vigil.tenancy.offboarding.store import DynamoErasures

    return DynamoErasures(_access_table())


@cache
def _peppers() -> "SecretPeppers":
    from vigil.platform.secrets import Secret
    from vigil.tenancy.store import SecretPeppers

    return SecretPeppers(Secret(_client("secretsmanager"), settings().access_secret_arn))


def _api(
    routers: "list[APIRouter]",
    media_types: tuple[str, ...] = ("application/json",),
    max_body_bytes: int | None = None,
    **state: Any,
) -> Handler:
    from vigil.platform.admission import DynamoCounters, Limiter
    from vigil.platform.http import create_app, lambda_handler

    app = create_app(
        title="Vigil",
        routers=routers,
        telemetry=_telemetry(),
        admission=Limiter(DynamoCounters(_client("dynamodb"), settings().limits_table), _now),
        max_body_bytes=max_body_bytes or settings().max_body_bytes,
        media_types=media_types,
        state={"tenant_domain": settings().tenant_domain, **state},
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

    return StreamSource(name, dead, Replay(DynamoStream(_client("dynamodbstreams")), _teller(name)))


def _teller(name: str) -> "Callable[[Sequence[Mapping[str, Any]]], list[str]]":
    """Return what a consumer of the ledger's stream does with records; it says which of them must come again."""
    from vigil.events.stream import announce
    from vigil.metering.service import Meter
    from vigil.metering.stream import count

    if name == "metering-counters":
        return partial(count, meter=Meter(_usage()))
    return partial(announce, announcer=_announcer())


def _announcer() -> "Announcer":
    from vigil.events.service import Announcer
    from vigil.events.store import EventBridgeBus

    return Announcer(EventBridgeBus(_client("events"), settings().event_bus))


@cache
def _jobs() -> "DynamoJobs":
    from vigil.deadletters.store import DynamoJobs

    return DynamoJobs(_client("dynamodb"), settings().dead_letters_table)


def _limits_of(tenant_id: str) -> "Limits":
    """Return what holds for any tenant; raise NotFound."""
    return tenants().get(tenant_id).limits


def _documented() -> "list[APIRouter]":
    """Return the routers of the other functions behind the same address; only the OpenAPI document needs them."""
    from vigil.batches import routes as batches_routes
    from vigil.deadletters import routes as dead_letters_routes
    from vigil.flags import routes as flags_routes
    from vigil.lifecycle import routes as lifecycle_routes
    from vigil.metering import routes as metering_routes
    from vigil.outcomes import routes as outcomes_routes
    from vigil.sessions import routes as session_routes
    from vigil.tenancy import routes as tenants_routes
    from vigil.tenancy.keys import routes as keys_routes
    from vigil.tenancy.offboarding import routes as offboarding_routes
    from vigil.tokens import routes as token_routes

    batches = [batches_routes.router, dead_letters_routes.router]
    tenancy = [tenants_routes.router, keys_routes.router, offboarding_routes.router]
    others = [flags_routes.router, lifecycle_routes.router, outcomes_routes.router, metering_routes.router]
    tokens = [session_routes.router, token_routes.router]
    return [*others, *batches, *tenancy, *tokens]


def _claims() -> "Claims":
    from vigil.platform.claims import DynamoClaims

    return DynamoClaims(_client("dynamodb"), settings().idempotency_table, settings().idempotency_window)


def _cursors() -> "Cursors":
    from vigil.platform.cursor import Cursors

    return Cursors(lambda: _cursor_secret().field("key"))


@cache
def _cursor_secret() -> "Secret":
    from vigil.platform.secrets import Secret

    return Secret(_client("secretsmanager"), settings().cursor_secret_arn)


def _issuer() -> "Issuer":
    from vigil.tokens.model import Issuer

    return Issuer(settings().stage)


@cache
def published_keys() -> "DynamoKeyList":
    """Return the list of the public keys that verify access tokens."""
    from vigil.tokens.store import DynamoKeyList

    return DynamoKeyList(_client("dynamodb"), settings().access_table, _now)


def _private_keys() -> "SecretKeys":
    from vigil.platform.secrets import Secret
    from vigil.tokens.store import SecretKeys

    return SecretKeys(Secret(_client("secretsmanager"), settings().signing_secret_arn))


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

    return Chunks(_books(), _batch_files(), _postbox(), registry(), batch_scorer, _now)


def batch_scorer(model: "ScoringModel", batch: "Batch") -> "Bulk":
    """Return what answers the rows of a batch."""
    from vigil.batches import results
    from vigil.features.service import feature_set
    from vigil.flags.model import all_off
    from vigil.scoring import writing
    from vigil.scoring.bulk import Bulk

    asked_at, render = (
        datetime.fromisoformat(batch.created_at),
        results.cells if batch.form == "csv" else writing.members,
    )
    switches = flags().pinned(batch.flags) if batch.flags else all_off
    return Bulk(model, feature_set, asked_at, (), render, partial(switches, batch.tenant_id))


@cache
def _splits() -> "Splits":
    from vigil.batches.splits import Splits

    return Splits(_books(), _batch_files(), _postbox(), registry(), flags().digest, _charges(), _now)


def _charges() -> "Charges":
    from vigil.batches.charges import Charges

    return Charges(quota())


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

    return DynamoLedger(_client("dynamodb"), settings().decisions_table, _quotas())


@cache
def _quotas() -> "DynamoQuota":
    from vigil.quota.store import DynamoQuota

    return DynamoQuota(_client("dynamodb"), settings().usage_table, _now)


@cache
def _usage() -> "DynamoUsage":
    from vigil.metering.store import DynamoUsage

    return DynamoUsage(_client("dynamodb"), settings().usage_table)


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
