"""Items of notices in the alerts table: `pk = <tenant>#<fingerprint>`, `sk = N#<number>#<sequence>`.

Every transaction that creates a notice writes this item and counts an intent. The index `by_due` lists an item while
its notice is pending or claimed; `by_tenant` lists the notices of an hour. `revision` grows with each write, so that a
change is written only over the state it was made from.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from vigil.alerting.alerts.model import Notice, Receipt
from vigil.alerting.alerts.statistics_model import hour_of, shard_of

HEAD = "HEAD"
"""Sort key of the current episode of a fingerprint."""
_RETENTION_SECONDS = 90 * 86_400
"""Time for which a final notice is stored, in seconds."""


def notice_key(tenant_id: str, fingerprint: str, number: int, sequence: int) -> dict[str, Any]:
    """Return the key of a notice. Sort keys are in the order of the sequences of an episode."""
    return episode_key(tenant_id, fingerprint, f"N#{number}#{sequence:06}")


def notices_of_hour(tenant_id: str, hour: str) -> str:
    """Return the partition key of `by_tenant` with the notices created in an hour (UTC, `2026-11-21T05`)."""
    return f"{tenant_id}#notices#{hour}"


def episode_key(tenant_id: str, fingerprint: str, sort_key: str = HEAD) -> dict[str, Any]:
    """Return the key of the current episode of a fingerprint, or of another item beside it."""
    return {"pk": {"S": f"{tenant_id}#{fingerprint}"}, "sk": {"S": sort_key}}


def new_notice_part(notice: Notice) -> dict[str, Any]:
    """Return the part of a transaction that stores a new notice. Its condition fails if the notice exists."""
    return {"Put": {"Item": notice_item(notice), "ConditionExpression": "attribute_not_exists(pk)"}}


def notice_item(notice: Notice, revision: int = 1) -> dict[str, Any]:
    """Return the item of a notice, with its index attributes.

    `revision` counts the writes of the item; a new notice has 1. An item with `ended_at` expires 90 days after it.
    """
    item = notice_key(notice.tenant_id, notice.fingerprint, notice.number, notice.sequence)
    item |= {
        "state": {"S": notice.state},
        "notice": {"S": json.dumps(asdict(notice), separators=(",", ":"))},
        "revision": {"N": str(revision)},
        "list_pk": {"S": notices_of_hour(notice.tenant_id, hour_of(notice.created_at))},
        "list_sk": {"S": f"{notice.fingerprint}#{item['sk']['S']}"},
    }
    if notice.due_at is not None:
        item |= {"due_pk": {"S": f"alerts#{shard_of(notice.fingerprint)}"}, "due_at": {"S": notice.due_at}}
    if notice.ended_at is not None:
        ended = int(datetime.fromisoformat(notice.ended_at).timestamp())
        item |= {"expires_at": {"N": str(ended + _RETENTION_SECONDS)}}
    return item


def parse_notice(item: Mapping[str, Any]) -> Notice:
    """Return the notice of an item, in DynamoDB's JSON. Raises KeyError for another item."""
    return read_notice(json.loads(item["notice"]["S"]))


def read_notice(stored: Mapping[str, Any]) -> Notice:
    """Return the notice of a JSON object that `dataclasses.asdict` made of a notice."""
    return Notice(**dict(stored) | {"fallbacks": tuple(stored["fallbacks"]), "receipt": Receipt(**stored["receipt"])})
