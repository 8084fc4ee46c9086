"""Wires the rights of persons (consents, exports, erasures) and the erasure of tenants that leave."""

from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, stores

if TYPE_CHECKING:
    from vigil.decisions.batches.person_rows import PersonRows
    from vigil.decisions.outcomes.persons_store import PersonOutcomes
    from vigil.decisions.scoring.persons_store import PersonDecisions
    from vigil.privacy.conversion.service import Conversion
    from vigil.privacy.erasure.ports import ErasableStore
    from vigil.privacy.erasure.service import Certificates, Eraser
    from vigil.privacy.erasure.store import KmsSigner
    from vigil.privacy.persons.erasures_store import DynamoPersonErasures
    from vigil.privacy.persons.ports import PersonStore


@process.entry(
    "access_table", "batches_bucket", "batches_table", "cursor_secret_arn", "decisions_table", "event_bus",
    "idempotency_table", "limits_table", "outcomes_table", "subjects_table", "tenant_keys_table",
)  # fmt: skip
def persons_api() -> process.Handler:
    """Return the Lambda entry of the API of persons."""
    from vigil.access.tenants.service import TenantChange
    from vigil.privacy.persons import routes
    from vigil.privacy.persons.service import PersonRights

    readable: dict[str, PersonStore] = {
        "consents": stores.consents(),
        "decisions": _person_decisions(),
        "outcomes": _person_outcomes(),
        "batch_rows": _person_rows(),
        "certificates": person_erasures(),
    }
    record_consents = partial(access.tenants().change, change=TenantChange(settings={"consents": True}))
    publish = stores.event_bus("vigil.persons").publish_one
    subjects = PersonRights(
        stores.consents(), person_erasures(), readable, record_consents, process.now, stores.tenant_key, publish
    )
    routers = [routes.router, routes.lookup_router]
    return process.api(routers, subjects=subjects, cursors=process.cursors(), claims=process.claims())


@process.entry(
    "batches_bucket", "batches_table", "certificate_key_arn", "decisions_table", "outcomes_table", "subjects_table",
    "tenant_keys_table",
)  # fmt: skip
def persons_erasure() -> process.Handler:
    """Return the Lambda entry of the erasure of persons."""
    from vigil.privacy.erasure.schedule import ErasureSchedule

    return process.telemetry().wrap(ErasureSchedule(person_eraser(), process.telemetry(), "subjects").handle)


@process.entry(
    "access_table", "alerts_table", "batches_bucket", "batches_table", "certificate_key_arn", "costs_table",
    "dead_letters_table", "decisions_table", "idempotency_table", "limits_table", "monitoring_table", "outcomes_table",
    "subjects_table", "tenant_keys_table", "usage_table", "webhooks_table",
)  # fmt: skip
def tenants_offboarding() -> process.Handler:
    """Return the Lambda entry of the erasure of tenants that leave."""
    from vigil.privacy.erasure.schedule import ErasureSchedule

    return process.telemetry().wrap(ErasureSchedule(tenant_eraser(), process.telemetry(), "offboarding").handle)


def person_eraser() -> "Eraser":
    """Return the service that erases the data of persons."""
    from vigil.privacy.erasure.service import Eraser

    config = process.settings()
    erasable: dict[str, ErasableStore] = {
        "decisions": _person_decisions(),
        "outcomes": _person_outcomes(),
        "consents": stores.consents(),
        "batches": _person_rows(),
    }
    return Eraser(person_erasures(), erasable, seal(), config.stage, process.now, config.offboarding_pause)


def tenant_eraser() -> "Eraser":
    """Return the service that erases the data of tenants."""
    from vigil.privacy.erasure.service import Eraser

    config = process.settings()
    erasures = stores.tenant_erasures()
    pause = config.offboarding_pause
    # The last request may return an address until the pause ends.
    files_after = {"files": pause + config.upload_address_life}
    return Eraser(erasures, _tenant_data(), seal(), config.stage, process.now, pause, files_after)


def conversion() -> "Conversion":
    """Return the service that converts tenants whose rows are older than keyed digests."""
    from vigil.privacy.conversion.batches_store import BatchItems
    from vigil.privacy.conversion.service import Conversion
    from vigil.privacy.conversion.store import DecisionRows, PersonItems, UsageEventRows, WithdrawnLists

    config, dynamodb = process.settings(), process.client("dynamodb")
    return Conversion(
        stores.tenant_keys(),
        {
            "decisions": DecisionRows(dynamodb, config.decisions_table),
            "persons": PersonItems(dynamodb, config.subjects_table),
            "usage_events": UsageEventRows(dynamodb, config.usage_table),
            "batches": BatchItems(dynamodb, config.batches_table),
            "withdrawn_lists": WithdrawnLists(stores.batch_files()),
        },
    )


def certificates() -> "Certificates":
    """Return the service of certificates of tenants' erasure."""
    from vigil.privacy.erasure.service import Certificates

    return Certificates(stores.tenant_erasures())


def seal() -> "KmsSigner":
    """Return the key that signs and verifies certificates."""
    from vigil.privacy.erasure.store import KmsSigner

    # Verification uses the key that the certificate names, so only a process that signs needs this setting.
    return KmsSigner(process.client("kms"), process.settings().get("certificate_key_arn", ""))


def person_erasures() -> "DynamoPersonErasures":
    """Return the store of erasures of persons."""
    from vigil.privacy.persons.erasures_store import DynamoPersonErasures

    return DynamoPersonErasures(stores.subjects_table(), _person_decisions().unlink)


def _tenant_data() -> "dict[str, ErasableStore]":
    """Return every store of tenants' data in the order of erasure. Model packages belong to the deployment."""
    from vigil.decisions.batches.files_model import FOLDERS
    from vigil.privacy.erasure.tenant_items_store import PartitionItems, ScannedItems
    from vigil.privacy.erasure.tenant_objects_store import TenantObjects

    config, dynamodb = process.settings(), process.client("dynamodb")
    return {
        # The authorizer reads a key by its own id, before it knows the tenant.
        "keys": PartitionItems(
            dynamodb, config.access_table, index="by_tenant", attribute="list_pk", starts_with_tenant=False
        ),
        "sessions": PartitionItems(dynamodb, config.access_table, prefix="SESSIONS#", starts_with_tenant=False),
        "decisions": PartitionItems(
            dynamodb, config.decisions_table, ("pk",), index="by_tenant", attribute="tenant_pk"
        ),
        # A report that was interrupted is in no list.
        "outcomes": ScannedItems(dynamodb, config.outcomes_table),
        # Chunks and the count of unfinished batches are in no list. Files follow, because chunks write them.
        "batches": ScannedItems(dynamodb, config.batches_table),
        "files": TenantObjects(process.client("s3"), config.batches_bucket, FOLDERS),
        "dead_letters": ScannedItems(dynamodb, config.dead_letters_table, ("pk",)),
        "subjects": ScannedItems(dynamodb, config.subjects_table),
        # Counted events, notices and deliveries are in no list.
        "alerts": ScannedItems(dynamodb, config.alerts_table),
        "webhooks": ScannedItems(dynamodb, config.webhooks_table),
        # Each model has its own partition.
        "monitoring": ScannedItems(dynamodb, config.monitoring_table),
        "idempotency": PartitionItems(dynamodb, config.idempotency_table),
        "costs": ScannedItems(dynamodb, config.costs_table),
        # Usage follows limits, because request counts are copied from limits to usage.
        "limits": ScannedItems(dynamodb, config.limits_table),
        "usage": ScannedItems(dynamodb, config.usage_table),
        # Without the key, pseudonyms in log lines, events and backups belong to nobody.
        "tenant_keys": PartitionItems(dynamodb, config.tenant_keys_table, ("pk",)),
    }


def _person_decisions() -> "PersonDecisions":
    from vigil.decisions.scoring.decision_groups import given_groups_of
    from vigil.decisions.scoring.persons_store import PersonDecisions
    from vigil.kernel.time import format_timestamp

    client, table = process.client("dynamodb"), process.settings().decisions_table
    return PersonDecisions(
        client,
        table,
        lambda: format_timestamp(process.now()),
        lambda row: given_groups_of(row, stores.tenant_key(row.tenant_id)),
    )


def _person_outcomes() -> "PersonOutcomes":
    from vigil.decisions.outcomes.persons_store import PersonOutcomes

    return PersonOutcomes(
        process.client("dynamodb"), process.settings().outcomes_table, _person_decisions().decision_ids
    )


def _person_rows() -> "PersonRows":
    from vigil.decisions.batches.person_rows import PersonRows

    batches, files, pause = stores.batches(), stores.batch_files(), process.settings().offboarding_pause
    return PersonRows(batches, files, stores.tenant_key, _person_outcomes(), process.now, pause)
