"""Probes of DynamoDB tables, and depths of SQS queues."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.aws.tables import Table
from vigil.kernel.time import format_timestamp
from vigil.operations.diagnosis.model import QueueDepth, RestoreWindow
from vigil.workers.queues import DEAD_LETTERS_SUFFIX

_PROBE = "PROBE"
"""Partition that no table has: a read of it costs the least."""
_COUNT = "ApproximateNumberOfMessages"


class DynamoProbes:
    """Tables by their short names, such as `decisions`. `tables` maps each to its name in DynamoDB."""

    def __init__(self, client: Any, tables: Mapping[str, str]) -> None:
        self._client = client
        self._tables = {name: Table(client, table, f"The table {name}") for name, table in sorted(tables.items())}

    def names(self) -> Sequence[str]:
        """Return the short names of all tables, sorted."""
        return list(self._tables)

    def probe(self, name: str) -> timedelta:
        """Read an empty partition of a table and return the duration of the call. Raises Unavailable.

        `name` is the short name of the table.
        """
        started = time.perf_counter()
        self._tables[name].call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _PROBE}},
            Limit=1,
        )
        return timedelta(seconds=time.perf_counter() - started)

    def restore_window(self, name: str) -> RestoreWindow:
        """Return the earliest and the latest time to which a table can be restored. Raises Unavailable."""
        answer = self._tables[name].call("describe_continuous_backups")
        found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if found.get("PointInTimeRecoveryStatus") != "ENABLED":
            return RestoreWindow(name, None, None)
        times = (found.get(f"{end}RestorableDateTime") for end in ("Earliest", "Latest"))
        earliest, latest = (format_timestamp(at) if isinstance(at, datetime) else "unknown" for at in times)
        return RestoreWindow(name, earliest, latest)


class SqsDepths:
    """Queues by their short names, such as `batch-chunks`. `queues` maps each to its URL."""

    def __init__(self, client: Any, queues: Mapping[str, str]) -> None:
        self._client = client
        self._queues = dict(sorted(queues.items()))

    def depths(self) -> Sequence[QueueDepth]:
        """Return one depth per queue, sorted by name: its waiting messages, and those of its dead-letter queue.

        Messages in flight are not counted. Raises Unavailable.
        """
        return [self._depth(name, url) for name, url in self._queues.items()]

    def _depth(self, name: str, url: str) -> QueueDepth:
        return QueueDepth(name, self._count(url), self._count(f"{url}{DEAD_LETTERS_SUFFIX}"))

    def _count(self, url: str) -> int:
        with translate_errors("The queue"):
            answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=[_COUNT])
        return int(answer["Attributes"][_COUNT])
