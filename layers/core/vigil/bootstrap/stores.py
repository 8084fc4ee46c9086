"""Builds the adapters that several districts share. The file of a district builds the adapters of that district."""

from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.access.quota.store import DynamoMonthlyQuota
    from vigil.alerting.events.store import EventBridgeBus
    from vigil.aws.tables import Table
    from vigil.aws.tenant_keys import DynamoTenantKeys
    from vigil.decisions.batches.joined_rows import JoinedRows
    from vigil.decisions.batches.object_store import S3Files
    from vigil.decisions.batches.scored_chunks_store import ScoredChunks
    from vigil.decisions.batches.store import DynamoBatches
    from vigil.decisions.scoring.store import DynamoLedger
    from vigil.kernel.pseudonyms import TenantKey
    from vigil.money.budgets.hard_limits_store import DynamoHardLimits
    from vigil.money.usage.store import DynamoUsage
    from vigil.prediction.packages.store import DynamoCatalogue
    from vigil.privacy.erasure.store import DynamoTenantErasures
    from vigil.privacy.persons.consents_store import DynamoConsents
    from vigil.privacy.persons.store import PersonTable


@process.once
def access_table() -> "Table":
    """Return the table of tenants, keys, sessions and certificates."""
    from vigil.aws.tables import Table

    return Table(process.client("dynamodb"), process.settings().access_table, "The access table")


@process.once
def batches() -> "DynamoBatches":
    """Return the store of batches and their chunks."""
    from vigil.decisions.batches.store import DynamoBatches

    return DynamoBatches(process.client("dynamodb"), process.settings().batches_table)


@process.once
def batch_files() -> "S3Files":
    """Return the store of the files of batches."""
    from vigil.decisions.batches.object_store import S3Files

    return S3Files(process.client("s3"), process.settings().batches_bucket)


@process.once
def scored_chunks() -> "ScoredChunks":
    """Return the reader of the scored chunks of batches."""
    from vigil.decisions.batches.scored_chunks_store import ScoredChunks

    return ScoredChunks(process.client("dynamodb"), process.settings().batches_table)


@process.once
def joined_rows() -> "JoinedRows":
    """Return the reader of batch rows, for late labels."""
    from vigil.decisions.batches.joined_rows import JoinedRows
    from vigil.decisions.batches.object_store import read_whole

    bucket = process.settings().batches_bucket
    return JoinedRows(scored_chunks(), partial(read_whole, process.object_client(bucket), bucket), tenant_key)


@process.once
def catalogue() -> "DynamoCatalogue":
    """Return the store of model versions and aliases."""
    from vigil.prediction.packages.store import DynamoCatalogue

    return DynamoCatalogue(process.client("dynamodb"), process.settings().registry_table)


@process.once
def consents() -> "DynamoConsents":
    """Return the store of the consents of persons."""
    from vigil.privacy.persons.consents_store import DynamoConsents

    return DynamoConsents(subjects_table())


def event_bus(source: str) -> "EventBridgeBus":
    """Return the event bus; `source` is the publisher in each event."""
    from vigil.alerting.events.store import EventBridgeBus

    return EventBridgeBus(process.client("events"), process.settings().event_bus, source)


@process.once
def hard_limits() -> "DynamoHardLimits":
    """Return the store of hard spend limits and of the spend that counts against them."""
    from vigil.money.budgets.hard_limits_store import DynamoHardLimits

    return DynamoHardLimits(process.client("dynamodb"), process.settings().usage_table, process.now)


@process.once
def ledger() -> "DynamoLedger":
    """Return the ledger of decisions."""
    from vigil.decisions.scoring.store import DynamoLedger

    client, table = process.client("dynamodb"), process.settings().decisions_table
    return DynamoLedger(client, table, quota(), hard_limits(), consents())


@process.once
def quota() -> "DynamoMonthlyQuota":
    """Return the store of the predictions that tenants have used per month."""
    from vigil.access.quota.store import DynamoMonthlyQuota

    return DynamoMonthlyQuota(process.client("dynamodb"), process.settings().usage_table, process.now)


@process.once
def subjects_table() -> "PersonTable":
    """Return the table of consents and erasures of persons."""
    from vigil.privacy.persons.store import PersonTable

    return PersonTable(process.client("dynamodb"), process.settings().subjects_table)


@process.once
def tenant_keys() -> "DynamoTenantKeys":
    """Return the store of the keys of tenants, with its cache."""
    from vigil.aws.tenant_keys import DynamoTenantKeys

    settings = process.settings()
    # Only a process that creates keys needs the KMS key: KMS finds the key of a text that it decrypts.
    wrapping_key = settings.get("data_key_arn", "")
    return DynamoTenantKeys(
        process.client, settings.tenant_keys_table, wrapping_key, process.now, process.cache_reports()
    )


def tenant_key(tenant_id: str) -> "TenantKey":
    """Return the key of a tenant. Raises Unavailable if there is none."""
    return tenant_keys()(tenant_id)


def tenant_erasures() -> "DynamoTenantErasures":
    """Return the store of erasures of tenants and their certificates."""
    from vigil.privacy.erasure.store import DynamoTenantErasures

    return DynamoTenantErasures(access_table())


@process.once
def usage() -> "DynamoUsage":
    """Return the store of usage counters."""
    from vigil.money.usage.store import DynamoUsage

    return DynamoUsage(process.client("dynamodb"), process.settings().usage_table)
