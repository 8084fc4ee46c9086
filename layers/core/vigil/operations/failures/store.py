"""Groups of failures in DynamoDB.

`pk = FAILURES#<id>`: the group at `sk = GROUP`, and the parts of its count at `sk = COUNT#<generation>#<part>`. The
index `by_state` lists the groups of a state by their latest failure. `pk = FAILURES#BATCH#<batch>` marks a counted
batch. All items expire: groups and counts 90 days after their last change, marks after 3 days. A delivery is repeated
for a day at most.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, get_args

from vigil.aws.tables import Table
from vigil.aws.transactions import is_condition_failure
from vigil.operations.failures.counts_model import Tally
from vigil.operations.failures.groups_model import FailureGroup, FailurePage, Finding, StoredFailure
from vigil.operations.failures.model import FailureState, Occurrence, Signature
from vigil.operations.failures.ports import CountResult

_RETENTION = timedelta(days=90)
"""Time after which a group without failures and changes expires."""
_MARK_RETENTION = timedelta(days=3)
_GROUP = "GROUP"
_COUNT = "COUNT#"
_VERSION_CONDITION = "version = :before"
_COUNT_CONDITION = "attribute_not_exists(pk) OR failures = :before"
"""Condition of a part of a count. A part that does not exist is new, or has expired with the count in its group."""


class DynamoFailures:
    """Stored groups of failures of the deployment. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._table = Table(client, table, "The table of failures")
        self._clock = clock

    def find(self, failure_id: str) -> StoredFailure | None:
        """Return a group with all parts of its current count, read consistently, or None for an unknown id."""
        items = list(
            self._table.items(
                "query",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": _pk(failure_id)}},
                ConsistentRead=True,
            )
        )
        group = next((_group(item) for item in items if item["sk"]["S"] == _GROUP), None)
        if group is None:
            return None
        current = f"{_COUNT}{group.generation}#"
        return StoredFailure(group, tuple(_tally(item) for item in items if item["sk"]["S"].startswith(current)))

    def create(self, group: FailureGroup) -> bool:
        """Store a new group and return True. Return False and store nothing if the group exists."""
        return self._table.write_if(
            "put_item", Item=self._group_item(group), ConditionExpression="attribute_not_exists(pk)"
        )

    def replace(self, group: FailureGroup) -> FailureGroup | None:
        """Store a group over the version that it was read with, and return it as stored, with the next version.

        Return None and store nothing if another version is stored.
        """
        after = replace(group, version=group.version + 1)
        is_written = self._table.write_if(
            "put_item",
            Item=self._group_item(after),
            ConditionExpression=_VERSION_CONDITION,
            ExpressionAttributeValues={":before": {"N": str(group.version)}},
        )
        return after if is_written else None

    def count(self, batch_id: str, before: Tally, after: Tally) -> CountResult:
        """Store one part of the count over `before`, and the batch as counted, both or neither. Return the result."""
        mark = {"pk": {"S": f"FAILURES#BATCH#{batch_id}"}, "sk": {"S": before.failure_id}}
        condition = {
            "ConditionExpression": _COUNT_CONDITION,
            "ExpressionAttributeValues": {":before": {"N": str(before.count)}},
        }
        reasons = self._table.transact(
            {"Put": {"Item": mark | self._expiry(_MARK_RETENTION), "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Put": {"Item": self._tally_item(after), **condition}},
        )
        if reasons is None:
            return "counted"
        return "repeated" if is_condition_failure(reasons[0]) else "lost"

    def page(self, state: FailureState, after: dict[str, str] | None, limit: int) -> FailurePage:
        """Return at most `limit` groups of a state, latest failure first, after the position `after`.

        `after` is None for the first page. Changes of the last second can be missing.
        """
        items, position = self._table.query_page(
            "by_state", ("list_pk", _list_pk(state)), after, limit, ScanIndexForward=False
        )
        return FailurePage(tuple(map(_group, items)), position)

    def count_groups(self) -> Mapping[FailureState, int]:
        """Return the number of groups by state. Every state is present."""
        return {state: self._count(state) for state in get_args(FailureState)}

    def _count(self, state: FailureState) -> int:
        items = self._table.items(
            "query",
            IndexName="by_state",
            KeyConditionExpression="list_pk = :state",
            ProjectionExpression="pk",
            ExpressionAttributeValues={":state": {"S": _list_pk(state)}},
        )
        return sum(1 for _ in items)

    def _group_item(self, group: FailureGroup) -> dict[str, Any]:
        listing = {"list_pk": _list_pk(group.state), "list_sk": f"{group.last_seen}#{group.failure_id}"}
        texts = {"pk": _pk(group.failure_id), "sk": _GROUP, **listing, "document": _json(asdict(group))}
        numbers = {"version": {"N": str(group.version)}, **self._expiry(_RETENTION)}
        return {name: {"S": text} for name, text in texts.items()} | numbers

    def _tally_item(self, tally: Tally) -> dict[str, Any]:
        texts = {
            "pk": _pk(tally.failure_id),
            "sk": f"{_COUNT}{tally.generation}#{tally.part}",
            "document": _json(asdict(tally)),
        }
        numbers = {"failures": {"N": str(tally.count)}, **self._expiry(_RETENTION)}
        return {name: {"S": text} for name, text in texts.items()} | numbers

    def _expiry(self, retention: timedelta) -> dict[str, Any]:
        return {"expires_at": {"N": str(int((self._clock() + retention).timestamp()))}}


def _pk(failure_id: str) -> str:
    return f"FAILURES#{failure_id}"


def _list_pk(state: FailureState) -> str:
    return f"FAILURES#{state}"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def _group(item: Mapping[str, Any]) -> FailureGroup:
    raw = json.loads(item["document"]["S"])
    signature = raw["signature"] | {name: tuple(raw["signature"][name]) for name in ("classes", "frames")}
    findings = tuple(Finding(**finding) for finding in raw["unpublished"])
    counts = _by_number(raw["counts"])
    return FailureGroup(**raw | {"signature": Signature(**signature), "unpublished": findings, "counts": counts})


def _tally(item: Mapping[str, Any]) -> Tally:
    raw = json.loads(item["document"]["S"])
    latest = tuple(Occurrence(**each) for each in raw["latest"])
    return Tally(**raw | {"minutes": _by_number(raw["minutes"]), "latest": latest})


def _by_number(counts: Mapping[str, int]) -> dict[int, int]:
    """Return counts with their numbers as keys; JSON has texts."""
    return {int(number): count for number, count in counts.items()}
