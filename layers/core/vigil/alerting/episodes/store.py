"""Episodes in DynamoDB. `items_model.py` and `notice_items_model.py` describe the items."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vigil.alerting.alerts.model import SEVERITIES, AlertEvent, Episode, Notice, Severity
from vigil.alerting.alerts.notice_items_model import episode_key, new_notice_part, parse_notice
from vigil.alerting.alerts.statistics_model import Bucket, Counter, statistics_part, sum_statistics
from vigil.alerting.episodes.change_counts_model import count_change
from vigil.alerting.episodes.items_model import (
    archived_part,
    archived_sort_key,
    count_part,
    counted_event_part,
    list_partition,
    parse_episode,
    system_down_part,
    write_part,
)
from vigil.alerting.episodes.listing_model import AlertFilter, AlertPage
from vigil.alerting.episodes.model import Change
from vigil.alerting.episodes.ports import WriteResult
from vigil.aws.tables import Item, Table
from vigil.aws.transactions import is_condition_failure

_EVALUATED = 200
_MAX_READS = 10
"""Maximum reads per page, for filters that match few items."""
_POSITION = ("pk", "sk", "list_sk")


class DynamoEpisodes:
    """Stored episodes of all tenants, with their notices and statistics. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of alerts")

    def load(self, tenant_id: str, fingerprint: str) -> Episode | None:
        """Return the current episode of a fingerprint, read consistently, or None for an unknown fingerprint."""
        item = self._table.get(episode_key(tenant_id, fingerprint))
        return parse_episode(item) if item else None

    def load_number(self, tenant_id: str, fingerprint: str, number: int) -> Episode | None:
        """Return the current or an earlier episode, read consistently.

        None if the fingerprint has no episode of this number.
        """
        current = self.load(tenant_id, fingerprint)
        if current is None or current.number == number:
            return current
        item = self._table.get(episode_key(tenant_id, fingerprint, archived_sort_key(number)))
        return parse_episode(item) if item else None

    def notices(self, tenant_id: str, fingerprint: str, number: int) -> Sequence[Notice]:
        """Return all notices of an episode in order, read consistently."""
        return [parse_notice(item) for item in self._below(f"{tenant_id}#{fingerprint}", f"N#{number}#")]

    def sources_down(self, tenant_id: str) -> Sequence[str]:
        """Return the sources of the open `system_down` episodes, read consistently."""
        return [item["source"]["S"] for item in self._below(f"{tenant_id}#DOWN", "")]

    def write(self, tenant_id: str, change: Change, at: str, event: AlertEvent | None, seen: str | None) -> WriteResult:
        """Write a change, its notices, its counts and the record of `event` in one transaction.

        `at` is the time now. `event` is the firing event that the change counts, or None. `seen` is the time of the
        last event that the change was decided with, or None if later events do not matter.
        """
        counted = [counted_event_part(event, at)] if event else []
        refused = self._table.transact(*counted, *_parts(tenant_id, change, at, event, seen))
        if refused is None:
            return "written"
        return "repeated" if counted and is_condition_failure(refused[0]) else "stale"

    def page(self, tenant_id: str, wanted: AlertFilter, after: Mapping[str, str] | None, limit: int) -> AlertPage:
        """Return one page, latest first, from the position `after` or from the start for None.

        A filter can make it shorter than `limit`. Changes of the last second can be missing.
        """
        partition = list_partition(tenant_id, wanted.is_open)
        query, found = _filtered(wanted), list[Item]()
        position = dict(after) if after else None
        for _ in range(_MAX_READS):
            items, position = self._table.query_page(
                "by_tenant", ("list_pk", partition), position, _EVALUATED, ScanIndexForward=False
            )
            found += filter(query, items)
            if len(found) > limit:
                position = {name: found[limit - 1][name]["S"] for name in _POSITION}
            if len(found) > limit or position is None:
                break
        return AlertPage(tuple(parse_episode(item) for item in found[:limit]), position)

    def count_open(self, tenant_id: str) -> Mapping[Severity, int]:
        """Return the number of open alerts by severity. Every severity is present."""
        found = self._table.items(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="list_pk = :open",
            ProjectionExpression="severity",
            ExpressionAttributeValues={":open": {"S": list_partition(tenant_id, is_open=True)}},
        )
        severities = [item["severity"]["S"] for item in found]
        return {severity: severities.count(severity) for severity in SEVERITIES}

    def statistics(self, tenant_id: str, first: str, last: str) -> Mapping[tuple[str, Bucket], Mapping[Counter, int]]:
        """Return the counts of the hours from `first` to `last`, both included, by hour and group.

        Hours are in UTC, such as `2026-11-21T05`. An hour without events and notices is absent.
        """
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": f"{tenant_id}#STATS"},
                ":first": {"S": f"{first}#"},
                ":last": {"S": f"{last}$"},
            },
        )
        return sum_statistics(items)

    def _below(self, partition: str, prefix: str) -> list[Item]:
        begins = " AND begins_with(sk, :prefix)" if prefix else ""
        values = {":pk": {"S": partition}} | ({":prefix": {"S": prefix}} if prefix else {})
        return list(
            self._table.items(
                "query",
                KeyConditionExpression=f"pk = :pk{begins}",
                ExpressionAttributeValues=values,
                ConsistentRead=True,
            )
        )


def _parts(tenant_id: str, change: Change, at: str, event: AlertEvent | None, seen: str | None) -> list[Item]:
    episode = change.episode
    counts = count_change(change, event, at)
    statistics = [statistics_part(tenant_id, episode.fingerprint, *key, added) for key, added in counts.items()]
    if change.is_count_only and event:
        latest = seen is None or event.occurred_at >= seen
        return [count_part(episode, event.occurred_at, is_latest=latest), *statistics]
    down = system_down_part(episode)
    return [
        write_part(change, seen),
        *(new_notice_part(notice) for notice in change.notices),
        *([archived_part(change.archived)] if change.archived else []),
        *([down] if down else []),
        *statistics,
    ]


def _filtered(wanted: AlertFilter) -> Callable[[Item], bool]:
    """Return the test of an item by a filter."""
    names = ("state", "severity", "type")
    required = {name: value for name in names if (value := getattr(wanted, name))}
    return lambda item: all(item[name]["S"] == value for name, value in required.items())
