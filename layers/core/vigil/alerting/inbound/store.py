"""Ids of applied reports in the alerts table: `pk = <tenant>#INBOUND`, `sk = <channel>#<report id>`, with a TTL."""

from datetime import datetime
from typing import Any

from vigil.alerting.inbound.model import Endpoint
from vigil.aws.tables import Table


class DynamoAppliedReports:
    """Stored ids of the reports that were applied to an alert."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of alerts")

    def has(self, endpoint: Endpoint, report_id: str) -> bool:
        """Return True if a report was applied, read consistently. Raises Unavailable."""
        return self._table.get(_key(endpoint, report_id)) is not None

    def add(self, endpoint: Endpoint, report_id: str, until: datetime) -> None:
        """Store the id of a report until a time. A stored id is no error. Raises Unavailable."""
        expiry = {"expires_at": {"N": str(int(until.timestamp()))}}
        self._table.call("put_item", Item=_key(endpoint, report_id) | expiry)


def _key(endpoint: Endpoint, report_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"{endpoint.tenant_id}#INBOUND"}, "sk": {"S": f"{endpoint.channel_id}#{report_id}"}}
