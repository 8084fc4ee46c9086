"""Wires the way out to vendors, webhooks and services in the VPC."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.outbound.destinations import AllowedDestinations
    from vigil.outbound.https import Outbound


@process.once
def outbound() -> "Outbound":
    """Return the sender of requests to other systems."""
    from vigil.outbound.https import Outbound
    from vigil.outbound.timed_sockets import verifying_context

    return Outbound(allowed_destinations(), verifying_context())


@process.once
def allowed_destinations() -> "AllowedDestinations":
    """Return the operator's exceptions, for the checks of URLs that tenants configure."""
    from vigil.outbound.destinations import AllowedDestinations

    return AllowedDestinations(process.settings().outbound_allow, is_local=process.settings().stage == "local")
