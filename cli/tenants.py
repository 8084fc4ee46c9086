"""`vigil tenants`: tenants and their API keys, by the services that are behind the API too."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import deployment

if TYPE_CHECKING:
    from vigil.access.tenants.model import Tenant, TenantStatus
    from vigil.access.tenants.service import TenantChange
    from vigil.kernel.tenants import Role, Tier

app = typer.Typer(no_args_is_help=True, help="Tenants and their API keys.")
out = Console()
TenantId = Annotated[str, typer.Argument(help="3 to 32 lower-case letters, digits and hyphens")]
KeyId = Annotated[str, typer.Argument(help="The 16 digits in the middle of a key")]


@app.command("create")
def create_command(
    tenant_id: TenantId,
    tier: Annotated[str, typer.Option(help="FREE, BASIC, PROFESSIONAL or ENTERPRISE")] = "FREE",
) -> None:
    """Create a tenant; it has no key yet."""
    create_tenant(tenant_id, tier)
    out.print(f"tenant [bold]{tenant_id}[/] on tier {tier}; now `vigil tenants create-key {tenant_id}`")


@app.command("list")
def list_command() -> None:
    """List all tenants."""
    from vigil.bootstrap import access

    deployment.enter()
    table = Table("tenant", "tier", "status", "since", box=None)
    after: dict[str, str] | None = None
    while True:
        page = access.tenants().page(after, 100)
        for tenant in page.tenants:
            table.add_row(tenant.tenant_id, tenant.tier, tenant.status, tenant.created_at)
        if (after := page.next) is None:
            break
    out.print(table)


@app.command("show")
def show_command(tenant_id: TenantId) -> None:
    """Show a tenant, its limits and its keys."""
    from vigil.bootstrap import access

    deployment.enter()
    _show(access.tenants().get(tenant_id))
    table = Table("key", "role", "label", "made", "last used", "", box=None)
    now, after = datetime.now(UTC), None
    while True:
        page = access.keys().page(tenant_id, after, 100)
        for key in page.keys:
            state = "" if key.is_active(now) else "revoked" if key.revoked_at else "expired"
            until = f"until {key.expires_at}" if key.expires_at and not state else state
            used = (key.last_used_at or "never")[:16]
            table.add_row(key.key_id, key.role, escape(key.label), key.created_at[:16], used, until[:22])
        if (after := page.next) is None:
            break
    out.print(table)


@app.command("set")
def set_command(
    tenant_id: TenantId,
    tier: Annotated[str | None, typer.Option(help="FREE, BASIC, PROFESSIONAL or ENTERPRISE")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="name=number, or name= for the tier's again")] = None,
) -> None:
    """Change a tenant's tier, or limits that were agreed apart from it."""
    from vigil.access.tenants.service import TenantChange

    limits = dict(map(_limit, limit or ()))
    _change(tenant_id, TenantChange(tier=cast("Tier | None", tier), limits=limits))


@app.command("suspend")
def suspend_command(tenant_id: TenantId) -> None:
    """Refuse a tenant's requests, within 60 s."""
    _become(tenant_id, "suspended")


@app.command("resume")
def resume_command(tenant_id: TenantId) -> None:
    """Serve a suspended tenant again, within 60 s."""
    _become(tenant_id, "active")


@app.command("offboard")
def offboard_command(
    tenant_id: TenantId, yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False
) -> None:
    """Refuse a tenant for good and erase what it owns; `certificate` says when that is done."""
    if not yes:
        typer.confirm(f"Everything that {tenant_id} owns will be erased. Go on?", abort=True)
    _become(tenant_id, "offboarding")


@app.command("certificate")
def certificate_command(tenant_id: TenantId) -> None:
    """Print the certificate of a closed tenant's erasure, its signature verified by KMS."""
    from vigil.bootstrap import privacy

    deployment.enter()
    certificate = privacy.certificates().get(tenant_id)
    good = privacy.seal().verify(certificate)
    out.print_json(certificate.payload)
    out.print(f"signature: {'good' if good else 'NOT GOOD'}, by {certificate.key_arn}", soft_wrap=True)
    raise typer.Exit(0 if good else 1)


@app.command("create-key")
def create_key_command(
    tenant_id: TenantId,
    role: Annotated[str, typer.Option(help="viewer, member, admin, or operator: of all tenants")] = "member",
    label: Annotated[str, typer.Option(help="What it is for")] = "",
) -> None:
    """Create an API key and print it; it is shown this once and kept nowhere."""
    typer.echo(create_key(tenant_id, role, label))


@app.command("rotate-key")
def rotate_key_command(
    tenant_id: TenantId,
    key_id: KeyId,
    overlap_hours: Annotated[int | None, typer.Option(help="For how long the old key still works")] = None,
) -> None:
    """Make a key that takes another's place and print it."""
    from vigil.bootstrap import access

    deployment.enter()
    overlap = timedelta(hours=overlap_hours) if overlap_hours is not None else None
    typer.echo(str(access.keys().rotate(tenant_id, key_id, overlap, by="operator").token))


@app.command("revoke-key")
def revoke_key_command(tenant_id: TenantId, key_id: KeyId) -> None:
    """Revoke a key; it may pass for another 60 s."""
    from vigil.bootstrap import access

    deployment.enter()
    access.keys().revoke(tenant_id, key_id, by="operator")
    out.print(f"key [bold]{key_id}[/] is revoked")


def create_tenant(tenant_id: str, tier: str, change: "TenantChange | None" = None) -> None:
    """Create a tenant of the current deployment; raise Conflict if the id is taken."""
    from vigil.bootstrap import access

    deployment.enter()
    access.tenants().create(tenant_id, cast("Tier", tier), change)


def create_key(tenant_id: str, role: str = "member", label: str = "") -> str:
    """Create an API key in the current deployment and return it; raise NotFound for an unknown tenant."""
    from vigil.bootstrap import access

    deployment.enter()
    return str(access.keys().create(tenant_id, cast("Role", role), label, by="operator").token)


def _limit(text: str) -> "tuple[str, int | None]":
    from vigil.errors import FieldError, InvalidInput

    name, _, number = text.partition("=")
    if number and not number.isdecimal():
        raise InvalidInput(FieldError(f"limits.{name}", "is not a whole number", "a whole number, or nothing"))
    return name, int(number) if number else None


def _become(tenant_id: str, status: "TenantStatus") -> None:
    from vigil.access.tenants.service import TenantChange

    _change(tenant_id, TenantChange(status=status))


def _change(tenant_id: str, change: "TenantChange") -> None:
    from vigil.bootstrap import access

    deployment.enter()
    _show(access.tenants().change(tenant_id, change))


def _show(tenant: "Tenant") -> None:
    from vigil.access.tenants.model import MAX_OVERRIDES

    table = Table(show_header=False, box=None)
    for name in ("tenant_id", "tier", "status", "created_at", "changed_at", "version"):
        table.add_row(name, str(getattr(tenant, name)))
    for name in MAX_OVERRIDES:
        limit = getattr(tenant.limits, name)
        agreed = " (agreed apart from the tier)" if name in tenant.overrides else ""
        table.add_row(name, ("unlimited" if limit is None else f"{limit:,}") + agreed)
    for name in ("name", "contact"):
        if said := getattr(tenant.settings, name):
            table.add_row(name, escape(said))
    out.print(table)
