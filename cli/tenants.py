"""`vigil tenants`: tenants and their API keys, with direct access to the deployment."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.table import Table
from rich.text import Text

from cli import deployment
from cli.strict_commands import parse_pairs
from cli.tables import TableConsole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vigil.access.keys.model import ApiKey
    from vigil.access.keys.service import NewKey
    from vigil.access.tenants.model import Tenant, TenantStatus
    from vigil.access.tenants.service import TenantChange
    from vigil.kernel.tenants import Permission, Role, Tier

app = typer.Typer(no_args_is_help=True, help="Manage tenants and their API keys.")
out = TableConsole()
TenantId = Annotated[str, typer.Argument(help="Id of the tenant: 3 to 32 lower-case letters, digits and hyphens")]
KeyId = Annotated[str, typer.Argument(help="Id of the key: the 16 digits in the middle of the key")]


@app.command("create")
def create_command(
    tenant_id: TenantId,
    tier: Annotated[str, typer.Option(help="Tier: FREE, BASIC, PROFESSIONAL or ENTERPRISE")] = "FREE",
) -> None:
    """Create a tenant without an API key."""
    create_tenant(tenant_id, tier)
    more = f" on tier {tier}. Next: `vigil tenants create-key {tenant_id}`"
    out.print(Text.assemble("created tenant ", (tenant_id, "bold"), more))


@app.command("convert")
def convert_command(
    tenant_id: Annotated[str | None, typer.Argument(help="Id of the tenant. Default: all active tenants")] = None,
) -> None:
    """Convert tenants of a release without keys for pseudonyms. Until then, their requests are refused."""
    from vigil.bootstrap import access, privacy

    deployment.activate()
    for each in [tenant_id] if tenant_id else list(access.tenants().ids()):
        access.tenants().get(each)
        counts = privacy.conversion().run(each)
        out.print(f"{each}: " + ", ".join(f"{count} {store}" for store, count in counts.items()), soft_wrap=True)


@app.command("list")
def list_command() -> None:
    """List all tenants with their tiers and states."""
    from vigil.bootstrap import access

    deployment.activate()
    table = Table("tenant", "tier", "status", "created (UTC)", box=None)
    after: dict[str, str] | None = None
    while True:
        page = access.tenants().page(after, 100)
        for tenant in page.tenants:
            table.add_row(tenant.tenant_id, tenant.tier, tenant.status, tenant.created_at[:19])
        if (after := page.next) is None:
            break
    out.print(table)


@app.command("show")
def show_command(tenant_id: TenantId) -> None:
    """Show a tenant, its limits and its keys."""
    from vigil.bootstrap import access

    deployment.activate()
    _show(access.tenants().get(tenant_id))
    table = Table("key", "role", "label", "created", "last used", "state", box=None)
    now, after, notes = datetime.now(UTC), None, list[Text]()
    while True:
        page = access.keys().page(tenant_id, after, 100)
        for key in page.keys:
            state = "" if key.is_active(now) else "revoked" if key.revoked_at else "expired"
            until = f"until {key.expires_at}" if key.expires_at and not state else state
            used = (key.last_used_at or "never")[:16]
            table.add_row(key.key_id, key.role, key.label, key.created_at[:16], used, until[:22])
            notes += [Text.assemble(f"{key.key_id}: ", note) for note in _notes(key, now)]
        if (after := page.next) is None:
            break
    out.print(table)
    for note in notes:
        out.print(note, soft_wrap=True)


@app.command("set")
def set_command(
    tenant_id: TenantId,
    tier: Annotated[str | None, typer.Option(help="Tier: FREE, BASIC, PROFESSIONAL or ENTERPRISE")] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="Limit as name=number, or name= to use the limit of the tier; may be repeated. Names: "
            "predictions_per_month, per_minute and per_hour (of a key), tenant_per_minute, tenant_per_hour, storage_gb"
        ),
    ] = None,
) -> None:
    """Change the tier of a tenant, or limits that differ from its tier."""
    from vigil.access.tenants.model import MAX_OVERRIDES
    from vigil.access.tenants.service import TenantChange

    pairs = parse_pairs(limit or (), "--limit", "per_minute=120", tuple(MAX_OVERRIDES), needs_value=False)
    limits = {name: _limit(text) for name, text in pairs.items()}
    _change(tenant_id, TenantChange(tier=cast("Tier | None", tier), limits=limits))


@app.command("suspend")
def suspend_command(tenant_id: TenantId) -> None:
    """Suspend a tenant: refuse its requests, within 60 s."""
    _set_status(tenant_id, "suspended")


@app.command("resume")
def resume_command(tenant_id: TenantId) -> None:
    """Accept the requests of a suspended tenant again, within 60 s."""
    _set_status(tenant_id, "active")


@app.command("offboard")
def offboard_command(
    tenant_id: TenantId, yes: Annotated[bool, typer.Option("--yes", help="Skip the confirmation")] = False
) -> None:
    """Close a tenant permanently and erase its data; `certificate` shows when the erasure is done."""
    if not yes:
        typer.confirm(f"{tenant_id} will be closed and all of its data erased. Continue?", abort=True)
    _set_status(tenant_id, "offboarding")


@app.command("certificate")
def certificate_command(tenant_id: TenantId) -> None:
    """Print the erasure certificate of a closed tenant, and verify its signature with KMS."""
    from vigil.bootstrap import privacy

    deployment.activate()
    certificate = privacy.certificates().get(tenant_id)
    good = privacy.seal().verify(certificate)
    out.print_json(certificate.payload)
    out.print(f"signature: {'good' if good else 'NOT GOOD'}, by {certificate.key_arn}", soft_wrap=True)
    raise typer.Exit(0 if good else 1)


@app.command("create-key")
def create_key_command(
    tenant_id: TenantId,
    role: Annotated[str, typer.Option(help="producer, viewer, member, admin, or operator (all tenants)")] = "member",
    label: Annotated[str, typer.Option(help="Purpose of the key")] = "",
    permission: Annotated[
        list[str] | None,
        typer.Option(help="Permission of the role that the key gets; may be repeated. Default: all of the role"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days until the key expires. Default: 365, or the tenant's maximum")
    ] = None,
) -> None:
    """Create an API key and print it. The key is not stored and cannot be shown again.

    Standard output has the key alone; standard error has its id and its expiry.
    """
    permissions = frozenset(permission) if permission else None
    _print_key(create_key(tenant_id, role, label, permissions=permissions, days=days))


@app.command("rotate-key")
def rotate_key_command(
    tenant_id: TenantId,
    key_id: KeyId,
    overlap_hours: Annotated[int | None, typer.Option(help="Hours until the old key expires")] = None,
) -> None:
    """Create a key that replaces an old one, and print it. The new key gets the lifetime of the old one."""
    from vigil.bootstrap import access

    deployment.activate()
    overlap = timedelta(hours=overlap_hours) if overlap_hours is not None else None
    _print_key(access.keys().rotate(tenant_id, key_id, overlap, by="operator"))


@app.command("revoke-key")
def revoke_key_command(tenant_id: TenantId, key_id: KeyId) -> None:
    """Revoke a key. It may still be accepted for 60 s."""
    from vigil.bootstrap import access

    deployment.activate()
    access.keys().revoke(tenant_id, key_id, by="operator")
    out.print(Text.assemble("revoked key ", (key_id, "bold")))


def create_tenant(tenant_id: str, tier: str, change: "TenantChange | None" = None) -> None:
    """Create a tenant of the current deployment; raise Conflict if the id is taken."""
    from vigil.bootstrap import access

    deployment.activate()
    access.tenants().create(tenant_id, cast("Tier", tier), change)


def create_key(
    tenant_id: str,
    role: str = "member",
    label: str = "",
    *,
    permissions: frozenset[str] | None = None,
    days: int | None = None,
) -> "NewKey":
    """Create an API key in the current deployment and return it.

    Raises NotFound for an unknown tenant, InvalidInput for an unknown role, permission or a lifetime out of range.
    """
    from vigil.bootstrap import access

    deployment.activate()
    ends = datetime.now(UTC) + timedelta(days=days) if days else None
    narrowed = cast("frozenset[Permission] | None", permissions)
    keys = access.keys()
    return keys.create(tenant_id, cast("Role", role), label, ends, permissions=narrowed, by="operator")


def _print_key(new: "NewKey") -> None:
    """Print the key to standard output, and its id and expiry to standard error: scripts read the key alone."""
    typer.echo(str(new.token))
    expiry = f"expires on {(new.key.expires_at or '')[:16].replace('T', ' at ')} (UTC)"
    typer.echo(f"key {new.key.key_id} of {new.key.tenant_id}, {expiry}", err=True)


def _notes(key: "ApiKey", now: datetime) -> "Iterator[str | Text]":
    """Yield the permissions of a narrowed key, and the warning before its expiry."""
    from vigil.kernel.tenants import sort_permissions

    if key.permissions is not None:
        yield f"only {', '.join(sort_permissions(key.permissions))}"
    if warning := key.expiry_warning(now):
        remedy = "" if key.replaced_by else f" `vigil tenants rotate-key {key.tenant_id} {key.key_id}`"
        yield Text.assemble((warning, "yellow"), remedy)


def _limit(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal()):
        form = "must be a name and a whole number, such as per_minute=120. `per_minute=` uses the limit of the tier."
        raise typer.BadParameter(form, param_hint="--limit")
    return int(text) if text else None


def _set_status(tenant_id: str, status: "TenantStatus") -> None:
    from vigil.access.tenants.service import TenantChange

    _change(tenant_id, TenantChange(status=status))


def _change(tenant_id: str, change: "TenantChange") -> None:
    from vigil.bootstrap import access

    deployment.activate()
    _show(access.tenants().change(tenant_id, change))


def _show(tenant: "Tenant") -> None:
    from vigil.access.tenants.model import MAX_OVERRIDES

    table = Table(show_header=False, box=None)
    for name in ("tenant_id", "tier", "status", "created_at", "changed_at", "version"):
        table.add_row(name, str(getattr(tenant, name)))
    for name in MAX_OVERRIDES:
        limit = getattr(tenant.limits, name)
        note = " (differs from the tier)" if name in tenant.overrides else ""
        table.add_row(name, ("unlimited" if limit is None else f"{limit:,}") + note)
    for name in ("name", "contact"):
        if text := getattr(tenant.settings, name):
            table.add_row(name, text)
    out.print(table)
