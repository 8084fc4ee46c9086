"""Items of episodes in the alerts table, and the parts of the transactions that change them.

| item | keys | written |
|---|---|---|
| current episode | `pk = <tenant>#<fingerprint>`, `sk = HEAD` | by each change, over the version it was made from |
| earlier episode | same `pk`, `sk = E#<number>` | when the next number opens |
| counted event | same `pk`, `sk = EVT#<event id>` | with the change by the event, so that it counts once |
| system that is down | `pk = <tenant>#DOWN`, `sk = <fingerprint>` | while a `system_down` episode is open |

`count` and `last_event_at` are attributes of their own: an event that is only counted adds to them without a new
version. `list_pk` lists open and resolved episodes apart. `due_at` is also set while events for the bus wait.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from vigil.alerting.alerts.model import AlertEvent, BusEvent, Episode
from vigil.alerting.alerts.notice_items_model import episode_key
from vigil.alerting.alerts.statistics_model import shard_of
from vigil.alerting.episodes.model import Change
from vigil.alerting.policies.model import severity_rank
from vigil.kernel.time import add_clamped

EPISODE_RETENTION = timedelta(days=400)
"""Time for which a resolved episode is stored."""
COUNTED_RETENTION = timedelta(days=8)
"""Time for which a repeated event is recognised. It is longer than the retention of every queue."""
REQUESTED_RETENTION = timedelta(hours=24)
"""Time for which a repeated event of a request is recognised, the lifetime of every Idempotency-Key."""
_OWN_ATTRIBUTES = ("count", "last_event_at", "notices", "version")
_INDEX_ATTRIBUTES = ("due_pk", "due_at", "expires_at", "list_pk", "list_sk")
_NAME = re.compile(r"#(\w+)")

Item = dict[str, Any]


def archived_sort_key(number: int) -> str:
    """Return the sort key of an earlier episode, by its number."""
    return f"E#{number}"


def list_partition(tenant_id: str, is_open: bool) -> str:
    """Return the partition key of `by_tenant` with the open episodes of a tenant, or the resolved ones."""
    return f"{tenant_id}#{'open' if is_open else 'resolved'}"


def write_part(change: Change, seen_event_at: str | None) -> Item:
    """Return the transaction part that stores a changed episode over its previous version.

    Its condition fails if another version is stored. `seen_event_at` is the time of the last event that the change was
    decided with; a later event then fails the condition too. None accepts later events.
    """
    episode, sets, adds = change.episode, _attributes(change.episode), dict[str, Item]()
    if episode.version == 1:
        conditions = ["attribute_not_exists(#version)"]
    else:
        conditions = ["#version = :seen"] + (["#last_event_at = :seen_event_at"] if seen_event_at else [])
    seen: Item = {} if episode.version == 1 else {":seen": _number(episode.version - 1)}
    if seen_event_at and episode.version > 1:
        seen |= {":seen_event_at": {"S": seen_event_at}}
    if episode.version == 1 or change.archived:
        sets |= {"count": _number(episode.count)}
    elif change.counted:
        adds = {"count": _number(change.counted)}
    if change.outcome == "unchanged":
        del sets["last_event_at"]
    removes = [name for name in _INDEX_ATTRIBUTES if name not in sets]
    return _update(episode, sets, adds, removes, conditions, seen)


def count_part(episode: Episode, occurred_at: str, *, is_latest: bool) -> Item:
    """Return the part that counts one more event of an episode, without a new version.

    Its condition fails if the stored episode has another number or state, or a lower severity. With `is_latest`, the
    time of the event becomes that of the last event; a later stored time then fails the condition.
    """
    conditions = ["#number = :number", "#state = :state", "#rank >= :rank"]
    values = {
        ":number": _number(episode.number),
        ":state": {"S": episode.state},
        ":rank": _number(severity_rank(episode.severity)),
    }
    sets: Item = {}
    if is_latest:
        sets = {"last_event_at": {"S": occurred_at}}
        conditions.append("#last_event_at <= :last_event_at")
    return _update(episode, sets, {"count": _number(1)}, (), conditions, values)


def counted_event_part(event: AlertEvent, at: str) -> Item:
    """Return the part that records an event as counted. Its condition fails if the event was counted before.

    `at` is the time now. An expired record is written over, because DynamoDB deletes expired items late.
    """
    now, key = datetime.fromisoformat(at), episode_key(event.tenant_id, event.fingerprint, f"EVT#{event.event_id}")
    expires = int((now + counted_retention(event)).timestamp())
    return {
        "Put": {
            "Item": key | {"expires_at": _number(expires)},
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": _number(int(now.timestamp()))},
        }
    }


def counted_retention(event: AlertEvent) -> timedelta:
    """Return the time for which a repetition of the event is recognised."""
    return REQUESTED_RETENTION if event.is_requested else COUNTED_RETENTION


def archived_part(episode: Episode) -> Item:
    """Return the part that stores the previous episode of a fingerprint. The list of resolved ones contains it."""
    item = episode_key(episode.tenant_id, episode.fingerprint, archived_sort_key(episode.number))
    quiet = replace(episode, due_at=None, unpublished=())
    return {"Put": {"Item": item | _attributes(quiet) | {"count": _number(episode.count)}}}


def system_down_part(episode: Episode) -> Item | None:
    """Return the part that records that a system is down, or deletes the record for a resolved episode.

    None for other types of alerts.
    """
    if episode.type != "system_down":
        return None
    key = {"pk": {"S": f"{episode.tenant_id}#DOWN"}, "sk": {"S": episode.fingerprint}}
    if episode.state == "resolved":
        return {"Delete": {"Key": key}}
    return {"Put": {"Item": key | {"source": {"S": episode.source}}}}


def parse_episode(item: Mapping[str, Any]) -> Episode:
    """Return the episode of a current or earlier item, in DynamoDB's JSON. Raises KeyError for another item."""
    stored = json.loads(item["episode"]["S"])
    pairs = {name: tuple(map(tuple, stored[name])) for name in ("labels", "facts")}
    unpublished = tuple(BusEvent(**event) for event in stored["unpublished"])
    own = {name: int(item[name]["N"]) for name in ("count", "notices", "version")}
    own_text = {"last_event_at": item["last_event_at"]["S"]}
    return Episode(**stored | pairs | own | own_text | {"unpublished": unpublished})


def _attributes(episode: Episode) -> Item:
    """Return all attributes of an episode except its key and its count. An unset index attribute is missing."""
    document = {name: value for name, value in asdict(episode).items() if name not in _OWN_ATTRIBUTES}
    texts = {
        "episode": json.dumps(document, separators=(",", ":")),
        "last_event_at": episode.last_event_at,
        "state": episode.state,
        "type": episode.type,
        "severity": episode.severity,
    }
    if episode.number:
        texts |= {
            "list_pk": list_partition(episode.tenant_id, episode.state != "resolved"),
            "list_sk": f"{episode.started_at}#{episode.fingerprint}#{episode.number}",
        }
    if due_at := _due_at(episode):
        texts |= {"due_pk": f"alerts#{shard_of(episode.fingerprint)}", "due_at": due_at}
    numbers = {"version": episode.version, "notices": episode.notices, "number": episode.number}
    numbers["rank"] = severity_rank(episode.severity)
    if episode.state == "resolved":
        ended_at = datetime.fromisoformat(episode.resolved_at or episode.last_event_at)
        numbers["expires_at"] = int(add_clamped(ended_at, EPISODE_RETENTION).timestamp())
    return {name: {"S": text} for name, text in texts.items()} | {
        name: _number(number) for name, number in numbers.items()
    }


def _due_at(episode: Episode) -> str | None:
    """Return the time at which the sweep looks at the episode: at once while an event for the bus waits."""
    times = [event.occurred_at for event in episode.unpublished] + ([episode.due_at] if episode.due_at else [])
    return min(times, default=None)


def _update(
    episode: Episode,
    sets: Mapping[str, Item],
    adds: Mapping[str, Item],
    removes: Sequence[str],
    conditions: Sequence[str],
    values: Item,
) -> Item:
    clauses = {
        "SET": [f"#{name} = :{name}" for name in sets],
        "ADD": [f"#{name} :{name}" for name in adds],
        "REMOVE": [f"#{name}" for name in removes],
    }
    expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
    condition = " AND ".join(conditions)
    return {
        "Update": {
            "Key": episode_key(episode.tenant_id, episode.fingerprint),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in _NAME.findall(f"{expression} {condition}")},
            "ExpressionAttributeValues": {f":{name}": value for name, value in (*sets.items(), *adds.items())} | values,
        }
    }


def _number(number: int) -> Item:
    return {"N": str(number)}
