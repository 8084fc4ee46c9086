"""Makes signed links for notices, and performs the action of a link."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from vigil.alerting.alerts.model import Episode, Notice
from vigil.alerting.inbound.links_model import LIFE, AlertLink, sign_link, verify_link
from vigil.alerting.inbound.model import Action
from vigil.alerting.inbound.ports import Acknowledger
from vigil.errors import Unauthenticated

PATH = "/v1/alerting/links/"
_ACTIONS: Mapping[str, tuple[Action, ...]] = {"firing": ("acknowledge", "resolve"), "acknowledged": ("resolve",)}
"""Actions that a person can perform, by the state of the alert."""
Secrets = Callable[[], Sequence[bytes]]
"""Function that returns the alerting secret, and after it earlier values that may have signed links.

It raises Unavailable.
"""


class LinkMaker:
    """Maker of the links of all notices.

    `address` is the public address of the API, without a slash at its end. If it is empty, notices have no links.
    """

    def __init__(self, secrets: Secrets, address: str) -> None:
        self._secrets = secrets
        self._address = address

    def links(self, notice: Notice, episode: Episode | None, at: datetime) -> Mapping[str, str]:
        """Return the addresses for the actions that the alert allows now, by name: `acknowledge`, `resolve`.

        Empty for a digest, a resolved alert and a notice of a resolution. `at` is the time now; a link expires seven
        days later. Raises Unavailable.
        """
        if not self._address or episode is None or notice.action == "resolve":
            return {}
        secret, expiry = self._secrets()[0], int((at + LIFE).timestamp())
        made = {
            action: AlertLink(episode.tenant_id, episode.alert_id, action, notice.channel, expiry)
            for action in _ACTIONS.get(episode.state, ())
        }
        return {action: f"{self._address}{PATH}{sign_link(link, secret)}" for action, link in made.items()}


class AlertLinks:
    """Reads signed links of all tenants and performs their actions."""

    def __init__(self, secrets: Secrets, alerts: Acknowledger, clock: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._alerts = alerts
        self._clock = clock

    def read(self, token: str) -> AlertLink:
        """Return the link of a token. Raises Unauthenticated, equally for a forged and an expired one; Unavailable."""
        if link := verify_link(token, self._secrets(), self._clock()):
            return link
        raise Unauthenticated("The link is not valid or has expired.")

    def perform(self, link: AlertLink) -> None:
        """Perform the action of a link that `read` returned. A second time changes nothing.

        All channels get notices, because no vendor knows of an action on Vigil's page.

        Raises NotFound if the alert no longer exists, Conflict after lost races, and Unavailable.
        """
        act = self._alerts.acknowledge if link.action == "acknowledge" else self._alerts.resolve
        act(link.tenant_id, link.alert_id, f"link:{link.channel}")
