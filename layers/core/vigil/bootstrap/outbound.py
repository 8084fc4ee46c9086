"""Wires the way out to vendors, webhooks and services in the VPC."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.outbound.destinations import AllowedDestinations
    from vigil.outbound.https import Outbound


@process.once
def outbound() -> "Outbound":
    """Return the sender of requests to other systems."""
    return _sender(allowed_destinations())


@process.once
def outbound_to_own_api() -> "Outbound":
    """Return the sender of probes to the API of this deployment, whose address may be private or on this machine."""
    from vigil.outbound.destinations import AllowedDestinations, host_and_port

    settings = process.settings()
    own = AllowedDestinations({host_and_port(settings.api_address)}, is_local=settings.stage == "local")
    return _sender(own)


@process.once
def allowed_destinations() -> "AllowedDestinations":
    """Return the operator's exceptions, for the checks of URLs that tenants configure."""
    from vigil.outbound.destinations import AllowedDestinations

    return AllowedDestinations(process.settings().outbound_allow, is_local=process.settings().stage == "local")


def _sender(allowed: "AllowedDestinations") -> "Outbound":
    from vigil.outbound.https import Outbound
    from vigil.outbound.timed_sockets import verifying_context

    return Outbound(allowed, verifying_context())
