"""Applies the reports of vendors to alerts: it checks the signature, then applies each report once."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from vigil.alerting.inbound.model import SEEN_FOR, Endpoint, Reader, Report, Vendor, parse_endpoint
from vigil.alerting.inbound.pagerduty_model import PagerDutyReader
from vigil.alerting.inbound.ports import Acknowledger, AppliedReports, SigningSecrets
from vigil.alerting.inbound.slack_model import SlackReader
from vigil.errors import Conflict, NotFound, Unauthenticated, Unavailable

_READERS: Mapping[Vendor, Reader] = {"pagerduty": PagerDutyReader(), "slack": SlackReader()}


class InboundReports:
    """Receives the reports of PagerDuty and Slack for all tenants.

    The id of a report is stored after its effect, because a vendor repeats a report whose receiver failed. A report
    that arrives twice at the same moment is applied twice, and the second time changes nothing.
    """

    def __init__(
        self,
        signing_secrets: SigningSecrets,
        applied: AppliedReports,
        alerts: Acknowledger,
        clock: Callable[[], datetime],
    ) -> None:
        self._secrets = signing_secrets
        self._applied = applied
        self._alerts = alerts
        self._clock = clock
        # The signature under a secret that only this process knows takes the time of a channel that exists.
        self._nobody = (secrets.token_hex(16),)

    def verify(self, vendor: Vendor, name: str, headers: Mapping[str, str], body: bytes) -> Endpoint:
        """Return the endpoint `<tenant>.<channel>` of a name whose channel has a secret that signed the body.

        Names of headers are in lower case. Raises Unauthenticated, equally for an unknown name, an unknown channel and
        a wrong signature; Unavailable.
        """
        endpoint = parse_endpoint(name)
        known = self._secrets.find(endpoint, vendor) if endpoint else ()
        is_signed = _READERS[vendor].is_signed(known or self._nobody, headers, body, self._clock())
        if endpoint is None or not known or not is_signed:
            raise Unauthenticated("The signature of the report is not valid for this address.")
        return endpoint

    def apply(self, vendor: Vendor, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Report | None:
        """Apply a report whose endpoint `verify` returned. Return it, or None if it was not applied.

        None stands for a message without an action, a report that was applied before, and an unknown alert. Raises
        PreconditionFailed for an action before the alert last opened again or rose, and Unavailable, also after lost
        races; the vendor then sends the report again.
        """
        now = self._clock()
        report = _READERS[vendor].read(headers, body, now)
        if report is None or self._applied.has(endpoint, report.report_id):
            return None
        act = self._alerts.acknowledge if report.action == "acknowledge" else self._alerts.resolve
        try:
            act(endpoint.tenant_id, report.alert_key, report.by, endpoint.channel_id, report.occurred_at)
        except NotFound:
            return None
        except Conflict as error:
            # Vendors do not repeat a report after a status of 4xx.
            raise Unavailable("The alert is being changed by another process.") from error
        self._applied.add(endpoint, report.report_id, now + 2 * SEEN_FOR)
        return report
