"""Applies the reports of vendors to alerts: signature first, then each report once."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from vigil.alerting.inbound.model import SEEN_FOR, Endpoint, Reader, Report, Vendor, parse_endpoint
from vigil.alerting.inbound.pagerduty_model import PagerDutyReader
from vigil.alerting.inbound.ports import Acknowledger, AppliedReports, SigningSecrets
from vigil.alerting.inbound.slack_model import SlackReader
from vigil.errors import Conflict, NotFound, PreconditionFailed, Unauthenticated, Unavailable
from vigil.runtime import telemetry

OUTDATED = "outdated-report"
"""Problem in the log line of a report about an alert that opened again or rose after the person acted."""
_READERS: Mapping[Vendor, Reader] = {"pagerduty": PagerDutyReader(), "slack": SlackReader()}


class InboundReports:
    """Receives the reports of vendors.

    An applied report is stored after its effect, because a vendor repeats a report whose receiver failed. A report
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
        """Return the endpoint of a name whose channel signed the body.

        Raises Unauthenticated, equally for an unknown name, an unknown channel and a wrong signature; Unavailable.
        """
        endpoint = parse_endpoint(name)
        known = self._secrets.find(endpoint, vendor) if endpoint else ()
        is_signed = _READERS[vendor].is_signed(known or self._nobody, headers, body, self._clock())
        if endpoint is None or not known or not is_signed:
            raise Unauthenticated("The signature of the report is not valid for this address.")
        return endpoint

    def apply(self, vendor: Vendor, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Report | None:
        """Apply a verified report once. Return it, or None if it changes no alert of the tenant.

        A report of an action before the alert opened again or rose changes nothing, and the log line names this.
        Raises Unavailable; the vendor then sends the report again.
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
        except PreconditionFailed:
            telemetry.current.get().problem = OUTDATED
            return None
        except Conflict as error:
            # Vendors do not repeat a report after a status of 4xx.
            raise Unavailable("The alert is being changed by another process.") from error
        self._applied.add(endpoint, report.report_id, now + 2 * SEEN_FOR)
        return report
