"""Wires reports of vendors and signed links, which act on alerts without a key."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vigil.bootstrap import alerting, channels, process

if TYPE_CHECKING:
    from vigil.alerting.inbound.links_service import AlertLinks, LinkMaker
    from vigil.alerting.inbound.service import InboundReports


@process.entry(*alerting.ALERTS_NEEDS, "alerting_secret_arn", "limits_table")
def inbound_api() -> process.Handler:
    """Return the Lambda entry of the API of vendors' reports and of signed links."""
    from vigil.alerting.inbound import routes
    from vigil.alerting.inbound.model import MAX_BODY_BYTES

    return process.api(
        [routes.router, routes.links_router],
        media_types=("application/json", routes.FORM_MEDIA_TYPE),
        max_body_bytes=MAX_BODY_BYTES,
        inbound_reports=inbound_reports(),
        alert_links=alert_links(),
    )


def inbound_reports() -> "InboundReports":
    """Return the service that applies reports of vendors."""
    from vigil.alerting.inbound.service import InboundReports
    from vigil.alerting.inbound.signing_secrets_service import ChannelSigningSecrets
    from vigil.alerting.inbound.store import DynamoAppliedReports

    dynamodb, table = process.client("dynamodb"), process.settings().alerts_table
    secrets = ChannelSigningSecrets(channels.channel_store(), channels.sealing())
    return InboundReports(secrets, DynamoAppliedReports(dynamodb, table), alerting.alerts(), process.now)


def alert_links() -> "AlertLinks":
    """Return the service that performs the actions of signed links."""
    from vigil.alerting.inbound.links_service import AlertLinks

    return AlertLinks(alerting_secrets(), alerting.alerts(), process.now)


def link_maker() -> "LinkMaker":
    """Return the maker of the links of notices."""
    from vigil.alerting.inbound.links_service import LinkMaker

    return LinkMaker(alerting_secrets(), process.settings().api_address)


def alerting_secrets() -> Callable[[], Sequence[bytes]]:
    """Return a reader of the alerting secret."""
    return channels.alerting_secrets()
