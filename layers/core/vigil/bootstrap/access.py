"""Wiring of tenants, keys and who is behind a credential."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.access.keys.authenticate import Access
    from vigil.access.keys.service import Keys
    from vigil.access.keys.store import DynamoKeys, SecretPeppers
    from vigil.access.tenants.service import Tenants
    from vigil.access.tenants.store import AccessTable, DynamoTenants
    from vigil.kernel.tenants import Limits


@process.once
def service() -> "Access":
    """Return the service that knows who is behind a credential."""
    from vigil.access.keys.authenticate import Access

    settings = process.settings()
    return Access(_tenants(), _keys(), peppers(), settings.stage, process.now, settings.authorizer_cache)


@process.once
def tenants() -> "Tenants":
    """Return the service of tenants."""
    from vigil.access.tenants.service import Tenants

    return Tenants(_tenants(), process.now)


def limits_of(tenant_id: str) -> "Limits":
    """Return what holds for any tenant; raise NotFound."""
    return tenants().get(tenant_id).limits


@process.once
def keys() -> "Keys":
    """Return the service of API keys."""
    from vigil.access.keys.service import Keys

    return Keys(_tenants(), _keys(), peppers(), process.settings().stage, process.now)


@process.once
def table() -> "AccessTable":
    """Return the table of tenants, keys, sessions and certificates."""
    from vigil.access.tenants.store import AccessTable

    return AccessTable(process.client("dynamodb"), process.settings().access_table)


def _tenants() -> "DynamoTenants":
    from vigil.access.tenants.store import DynamoTenants

    return DynamoTenants(table())


def _keys() -> "DynamoKeys":
    from vigil.access.keys.store import DynamoKeys

    return DynamoKeys(table())


@process.once
def peppers() -> "SecretPeppers":
    """Return the secrets under which credentials are hashed."""
    from vigil.access.keys.store import SecretPeppers
    from vigil.aws.secrets import Secret

    return SecretPeppers(Secret(process.client("secretsmanager"), process.settings().access_secret_arn))
