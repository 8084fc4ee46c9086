"""Counts of failed sign-ins in the limits table."""

from datetime import UTC, datetime
from typing import Any

from vigil.aws.tables import Table

_RETENTION_SECONDS = 3_600
"""Retention of a count after its window, in seconds."""


class DynamoFailureCounters:
    """One item per source and window: `pk = SIGN_INS#<keyed hash of the address>`, `sk` is the start of the window.

    If the connection of a call breaks, the client's second attempt counts the failure again.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def add(self, source: str, start: int, end: int) -> int:
        """Count a failure of a source in the window from `start` to `end` (epoch seconds). Return its failures there.

        Raises Unavailable.
        """
        answer = self._table.call(
            "update_item",
            Key={
                "pk": {"S": f"SIGN_INS#{source}"},
                "sk": {"S": f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M}"},
            },
            UpdateExpression="ADD failures :one SET expires_at = :end",
            ExpressionAttributeValues={":one": {"N": "1"}, ":end": {"N": str(end + _RETENTION_SECONDS)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["failures"]["N"])
