"""`vigil tenants`: tenants and their API keys."""

from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from cli import deployment

if TYPE_CHECKING:
    from vigil.tenancy.model import Role, Tier
    from vigil.tenancy.service import Access

app = typer.Typer(no_args_is_help=True, help="Tenants and their API keys.")
out = Console()
TenantId = Annotated[str, typer.Argument(help="3 to 32 lower-case letters, digits and hyphens")]


@app.command("create")
def create_command(
    tenant_id: TenantId,
    tier: Annotated[str, typer.Option(help="FREE, BASIC, PROFESSIONAL or ENTERPRISE")] = "FREE",
) -> None:
    """Create a tenant; it has no key yet."""
    create_tenant(tenant_id, tier)
    out.print(f"tenant [bold]{tenant_id}[/] on tier {tier}; now `vigil tenants create-key {tenant_id}`")


@app.command("create-key")
def create_key_command(
    tenant_id: TenantId,
    operator: Annotated[bool, typer.Option("--operator", help="May also promote models, for all tenants")] = False,
) -> None:
    """Create an API key and print it; it is shown this once and kept nowhere."""
    typer.echo(create_key(tenant_id, "operator" if operator else "member"))


@app.command("revoke-key")
def revoke_key_command(key_id: Annotated[str, typer.Argument(help="The 16 digits in the middle of a key")]) -> None:
    """Revoke a key; API Gateway may let it pass for another 60 s."""
    _access().revoke_key(key_id)
    out.print(f"key [bold]{key_id}[/] is revoked")


def create_tenant(tenant_id: str, tier: str) -> None:
    """Create a tenant of the current deployment; raise Conflict if the id is taken."""
    from vigil.errors import FieldError, InvalidInput

    try:
        _access().create_tenant(tenant_id, cast("Tier", tier))
    except ValueError as error:
        raise InvalidInput(FieldError("tenant", str(error))) from error


def create_key(tenant_id: str, role: "Role" = "member") -> str:
    """Create an API key in the current deployment and return it; raise NotFound for an unknown tenant."""
    return str(_access().create_key(tenant_id, role))


def _access() -> "Access":
    from vigil import bootstrap

    deployment.enter()
    return bootstrap.access()
