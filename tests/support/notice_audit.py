"""Audit of the statistics of an hour: a recount from the stored notices, and the accounting identities."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vigil.alerting.alerts.model import Notice
from vigil.alerting.alerts.notice_items_model import notices_of_hour, parse_notice
from vigil.alerting.alerts.statistics_model import COUNTERS, Bucket, Counter, bucket_of, sum_statistics, unbalanced
from vigil.alerting.notices.model import is_final
from vigil.aws.tables import Table

_EVENTS = frozenset({"raised", "opened", "grouped"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A count of an hour that differs: the group, the count, its stored number and the recounted number.

    The counts `events` and `notices` are the identities. Their stored number is the difference, and 0 is right.
    """

    bucket: str
    name: str
    stored: int
    recounted: int


class StatisticsStore(Protocol):
    """Statistics of tenants, and the notices that they count."""

    def statistics(self, tenant_id: str, hour: str) -> Mapping[Bucket, Mapping[Counter, int]]:
        """Return the counts of an hour (`2026-11-21T05`) by group, read consistently."""
        ...

    def notices_of_hour(self, tenant_id: str, hour: str) -> Iterator[Notice]:
        """Yield the notices that were created in an hour; at most a second behind."""
        ...


class DynamoStatistics:
    """Statistics of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The alerts table")

    def statistics(self, tenant_id: str, hour: str) -> Mapping[Bucket, Mapping[Counter, int]]:
        """Return the counts of an hour (`2026-11-21T05`) by group, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :hour)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#STATS"}, ":hour": {"S": f"{hour}#"}},
            ConsistentRead=True,
        )
        return {bucket: counts for (_, bucket), counts in sum_statistics(items).items()}

    def notices_of_hour(self, tenant_id: str, hour: str) -> Iterator[Notice]:
        """Yield the notices that were created in an hour; at most a second behind."""
        items = self._table.items(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="list_pk = :list",
            ExpressionAttributeValues={":list": {"S": notices_of_hour(tenant_id, hour)}},
        )
        return map(parse_notice, items)


class NoticeAudit:
    """Recounts the statistics of tenants."""

    def __init__(self, store: StatisticsStore) -> None:
        self._store = store

    def audit(self, tenant_id: str, hour: str) -> list[Finding]:
        """Return the differences of an hour (`2026-11-21T05`); an empty list if all counts are exact.

        Notices that are not final yet are a difference of `notices`. Events are not recounted.
        """
        stored = self._store.statistics(tenant_id, hour)
        tally: Tally[tuple[str, str]] = Tally()
        for notice in self._store.notices_of_hour(tenant_id, hour):
            tally[bucket_of(notice), "intents"] += 1
            if is_final(notice):
                tally[bucket_of(notice), notice.state] += 1
        findings = []
        for bucket in sorted({*stored, *(bucket for bucket, _ in tally)}):
            counts = stored.get(bucket, dict.fromkeys(COUNTERS, 0))  # type: ignore[call-overload]  # a group of a notice
            names = (name for name in COUNTERS if name not in _EVENTS)
            pairs = ((name, counts[name], tally[bucket, name]) for name in names)
            findings += [Finding(bucket, *pair) for pair in pairs if pair[1] != pair[2]]
            findings += [Finding(bucket, name, number, 0) for name, number in unbalanced(counts).items()]
        return findings
