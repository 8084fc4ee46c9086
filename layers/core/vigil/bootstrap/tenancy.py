"""Wiring of the authorizer, of tenants' API and of their offboarding."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, tokens

if TYPE_CHECKING:
    from vigil.privacy.erasure.ports import ErasableStore
    from vigil.privacy.erasure.service import Certificates, Eraser
    from vigil.privacy.erasure.store import DynamoTenantErasures, KmsSigner


@process.once
def authorizer() -> process.Handler:
    """Return the Lambda entry of the REQUEST authorizer."""
    from vigil.access.tokens.authorizer import Authorizer, raise_unauthorized
    from vigil.access.tokens.credentials import CredentialAuthenticator
    from vigil.access.tokens.signing_keys_service import AccessTokenVerifier

    credentials = CredentialAuthenticator(
        access.service(), AccessTokenVerifier(tokens.published_keys(), tokens.issuer(), process.now)
    )
    return raise_unauthorized(process.telemetry().wrap(Authorizer(credentials, process.telemetry()).decide))


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of tenants and keys."""
    from vigil.access.keys import routes as keys_routes
    from vigil.access.tenants import routes
    from vigil.privacy.erasure import routes as offboarding_routes

    routers = [routes.router, keys_routes.router, offboarding_routes.router]
    return process.api(
        routers,
        tenants=access.tenants(),
        keys=access.keys(),
        certificates=certificates(),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.once
def erase() -> process.Handler:
    """Return the Lambda entry of the erasure of tenants that leave."""
    from vigil.privacy.erasure.schedule import ErasureSchedule

    return process.telemetry().wrap(ErasureSchedule(offboarding(), process.telemetry(), "offboarding").handle)


def certificates() -> "Certificates":
    """Return the service of certificates of erasure."""
    from vigil.privacy.erasure.service import Certificates

    return Certificates(_erasures())


def offboarding() -> "Eraser":
    """Return the service that erases what tenants owned."""
    from vigil.privacy.erasure.service import Eraser

    config = process.settings()
    return Eraser(_erasures(), _erasables(), seal(), config.stage, process.now, config.offboarding_pause)


def seal() -> "KmsSigner":
    """Return what signs certificates, and verifies them."""
    from vigil.privacy.erasure.store import KmsSigner

    return KmsSigner(process.client("kms"), process.settings().certificate_key_arn)


def _erasables() -> "dict[str, ErasableStore]":
    """Return every store that keeps what tenants own, in the order of their erasure. Packages are the deployment's."""
    from vigil.decisions.batches.model import FOLDERS
    from vigil.privacy.erasure.tenant_items_store import PartitionItems, ScannedItems
    from vigil.privacy.erasure.tenant_objects_store import TenantObjects

    config, dynamodb = process.settings(), process.client("dynamodb")
    return {
        # A key is found by its own id, before anybody knows the tenant.
        "keys": PartitionItems(
            dynamodb, config.access_table, index="by_tenant", attribute="list_pk", starts_with_tenant=False
        ),
        "sessions": PartitionItems(dynamodb, config.access_table, prefix="SESSIONS#", starts_with_tenant=False),
        "decisions": PartitionItems(
            dynamodb, config.decisions_table, ("pk",), index="by_tenant", attribute="tenant_pk"
        ),
        # A report that was cut short is in no list.
        "outcomes": ScannedItems(dynamodb, config.outcomes_table),
        # Chunks and the count of unfinished batches are in no list. Files last: without chunks nobody writes one.
        "batches": ScannedItems(dynamodb, config.batches_table),
        "files": TenantObjects(process.client("s3"), config.batches_bucket, FOLDERS),
        "dead_letters": ScannedItems(dynamodb, config.dead_letters_table, ("pk",)),
        "subjects": ScannedItems(dynamodb, config.subjects_table),
        "idempotency": PartitionItems(dynamodb, config.idempotency_table),
        "costs": ScannedItems(dynamodb, config.costs_table),
        # In this order: what is counted of requests is brought into the usage.
        "limits": ScannedItems(dynamodb, config.limits_table),
        "usage": ScannedItems(dynamodb, config.usage_table),
    }


def _erasures() -> "DynamoTenantErasures":
    from vigil.privacy.erasure.store import DynamoTenantErasures

    return DynamoTenantErasures(access.table())
