"""Notices in the alerts table: one transaction per step of a delivery, and the index of due items.

| item | keys | content |
|---|---|---|
| notice | `pk=<tenant>#<fingerprint>`, `sk=N#<number>#<sequence>` | `notice_items_model.py` |
| follow-up | the same `pk`, `sk=U#<number>#<sequence>#<kind>` | usage or an alert to the operators, until it is done |
| limit | `pk=<tenant>#LIMITS`, `sk=<hour>#<severity>` | number of triggers of an hour |
| limits of a tenant | `pk=<tenant>#LIMITS`, `sk=RULES` | `limits_model.py` |
| digest | `pk=<tenant>#DIGEST`, `sk=<hour>` | total and end of an hour; `digest_store.py` |
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from vigil.alerting.alerts.model import Notice
from vigil.alerting.alerts.notice_items_model import (
    HEAD,
    episode_key,
    new_notice_part,
    notice_item,
    notice_key,
    parse_notice,
    read_notice,
)
from vigil.alerting.alerts.statistics_model import SHARDS, shard_of, statistics_part
from vigil.alerting.notices.digest_store import limited_parts
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import (
    CommitResult,
    DueItem,
    FollowUp,
    HourLimit,
    NoticeChange,
    NoticeRef,
    StoredNotice,
)
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.kernel.time import format_timestamp

_LIMITS = ("error", "warning", "info", "version")
_LIMIT_RETENTION = timedelta(days=2)
_KINDS = {HEAD: "episode", "N": "notice", "U": "follow_up"}
"""Kinds of due items by the first part of their sort key. Digests have a partition of their own."""


class DynamoNotices:
    """Stored notices, follow-ups and limits of all tenants. Every method raises Unavailable."""

    shards = SHARDS

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The alerts table")

    def notices(self, ref: NoticeRef) -> Sequence[StoredNotice]:
        """Return all notices of the same episode and number in order, read consistently."""
        items = self._of_number(ref, f"N#{ref.number}#")
        return [StoredNotice(parse_notice(item), int(item["revision"]["N"])) for item in items]

    def commit(self, change: NoticeChange) -> CommitResult:
        """Write a change as one transaction. The same change written again within ten minutes has one effect."""
        checked = _checked_parts(change)
        follow_ups = [{"Put": {"Item": _follow_up_item(each)}} for each in change.follow_ups]
        fingerprint, tenant_id = change.after.fingerprint, change.after.tenant_id
        counts = [
            statistics_part(tenant_id, fingerprint, hour, bucket, counted)
            for (hour, bucket), counted in change.counts().items()
        ]
        reasons = self._table.transact(*(part for _, part in checked), *follow_ups, *counts)
        if reasons is None:
            return "written"
        failed = (result for (result, _), reason in zip(checked, reasons, strict=False) if is_condition_failure(reason))
        return next(failed)

    def limits(self, tenant_id: str) -> NoticeLimits:
        """Return the limits of a tenant, read consistently, or the defaults with version 0."""
        item = self._table.get(_limits_key(tenant_id))
        return NoticeLimits(**{name: int(item[name]["N"]) for name in _LIMITS}) if item else NoticeLimits()

    def set_limits(self, tenant_id: str, limits: NoticeLimits) -> bool:
        """Store limits in place of the version before theirs and return True.

        Return False and store nothing if another version is stored. Version 0 has no item.
        """
        before = limits.version - 1
        numbers = {name: {"N": str(getattr(limits, name))} for name in _LIMITS}
        condition = {"ExpressionAttributeValues": {":before": {"N": str(before)}}} if before else {}
        return self._table.write_if(
            "put_item",
            Item=_limits_key(tenant_id) | numbers,
            ConditionExpression="version = :before" if before else "attribute_not_exists(pk)",
            **condition,
        )

    def follow_ups(self, ref: NoticeRef) -> Sequence[FollowUp]:
        """Return the stored follow-ups of a notice, which are not done."""
        return [_follow_up(item) for item in self._of_number(ref, f"U#{ref.number}#{ref.sequence:06}#")]

    def delete_follow_up(self, follow_up: FollowUp) -> None:
        """Delete a follow-up, because it is done. A missing one is no error."""
        self._table.call("delete_item", Key=_follow_up_key(follow_up))

    def due(self, shard: int, now: str) -> Iterator[DueItem]:
        """Yield the items of a shard whose time is not after `now`, a timestamp; the longest overdue first.

        Changes of the last second can be missing.
        """
        return map(_due_item, self._table.due_items(f"alerts#{shard}", now))

    def _of_number(self, ref: NoticeRef, prefix: str) -> Iterator[Mapping[str, Any]]:
        return self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={
                ":pk": {"S": f"{ref.tenant_id}#{ref.fingerprint}"},
                ":prefix": {"S": prefix},
            },
            ConsistentRead=True,
        )


def _checked_parts(change: NoticeChange) -> list[tuple[CommitResult, Part]]:
    """Return the parts with a condition, each with the result of a change whose condition is not met."""
    after = change.after
    parts: list[tuple[CommitResult, Part]] = [("lost", _write_part(change))]
    if change.limit:
        parts.append(("limited", _limit_part(after.tenant_id, change.limit)))
    if change.limited:
        total, *numbers = limited_parts(after.tenant_id, change.limited)
        parts += [("closed", total), *(("closed", part) for part in numbers)]
    parts += [("moved", new_notice_part(notice)) for notice in change.created]
    if change.episode_version is not None:
        parts.append(("moved", _episode_part(after, change.episode_version, len(change.created))))
    return parts


def _write_part(change: NoticeChange) -> Part:
    after, revision = change.after, change.before.revision
    return {
        "Put": {
            "Item": notice_item(after, revision + 1),
            "ConditionExpression": "revision = :before",
            "ExpressionAttributeValues": {":before": {"N": str(revision)}},
        }
    }


def _limit_part(tenant_id: str, limit: HourLimit) -> Part:
    expires = datetime.fromisoformat(f"{limit.hour}:00+00:00") + _LIMIT_RETENTION
    return {
        "Update": {
            "Key": {"pk": {"S": f"{tenant_id}#LIMITS"}, "sk": {"S": f"{limit.hour}#{limit.severity}"}},
            "UpdateExpression": "SET expires_at = :expires ADD taken :one",
            "ConditionExpression": "attribute_not_exists(taken) OR taken < :most",
            "ExpressionAttributeValues": {
                ":expires": {"N": str(int(expires.timestamp()))},
                ":one": {"N": "1"},
                ":most": {"N": str(limit.maximum)},
            },
        }
    }


def _episode_part(notice: Notice, version: int, created: int) -> Part:
    return {
        "Update": {
            "Key": episode_key(notice.tenant_id, notice.fingerprint),
            "UpdateExpression": "ADD version :one, notices :created",
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                ":created": {"N": str(created)},
                ":version": {"N": str(version)},
            },
        }
    }


def _limits_key(tenant_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"{tenant_id}#LIMITS"}, "sk": {"S": "RULES"}}


def _follow_up_key(follow_up: FollowUp) -> dict[str, Any]:
    notice = follow_up.notice
    key = notice_key(notice.tenant_id, notice.fingerprint, notice.number, notice.sequence)
    return key | {"sk": {"S": f"U#{notice.number}#{notice.sequence:06}#{follow_up.kind}"}}


def _follow_up_item(follow_up: FollowUp) -> dict[str, Any]:
    notice = follow_up.notice
    return _follow_up_key(follow_up) | {
        "follow_up": {"S": json.dumps(asdict(follow_up), separators=(",", ":"))},
        "due_pk": {"S": f"alerts#{shard_of(notice.fingerprint)}"},
        "due_at": {"S": notice.ended_at or format_timestamp(datetime.fromisoformat(notice.created_at))},
    }


def _follow_up(item: Mapping[str, Any]) -> FollowUp:
    stored = json.loads(item["follow_up"]["S"])
    return FollowUp(stored["kind"], read_notice(stored["notice"]), stored["meter"])


def _due_item(item: Mapping[str, Any]) -> DueItem:
    tenant_id, _, rest = item["pk"]["S"].partition("#")
    key, due_at = item["sk"]["S"], item["due_at"]["S"]
    if rest == "DIGEST":
        return DueItem("digest", tenant_id, "", key, due_at)
    kind: Any = _KINDS[key.partition("#")[0]]
    is_critical = '"CRITICAL"' in item.get("notice", {"S": ""})["S"]
    return DueItem(kind, tenant_id, rest, key, due_at, is_critical)
