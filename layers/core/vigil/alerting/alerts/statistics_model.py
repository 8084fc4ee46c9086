"""Counts of alerts and of notices per tenant, hour and severity, and the parts of transactions that change them.

The accounting identities of each hour and severity hold once all its notices are final: `raised` is the sum of
`opened` and `grouped`, and `intents` is the sum of the final states of notices. Each count belongs to the hour in
which its event was counted or its notice was created.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from vigil.alerting.alerts.model import FINAL_NOTICE_STATES, Notice, Severity

Bucket = Literal[Severity, "DIGEST"]
"""Group of the statistics of an hour: a severity, or `DIGEST` for all digests."""
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
"""All groups, in the order of severities."""
Counter = Literal[
    "raised",
    "opened",
    "grouped",
    "intents",
    "sent",
    "failed",
    "limited",
    "silenced",
    "inhibited",
    "superseded",
    "unroutable",
]
"""Name of a count.

`raised`: events that fired. `opened`, `grouped`: those that opened or reopened an episode, and all others. `intents`:
created notices. The rest: notices by their final state.
"""
COUNTERS: tuple[Counter, ...] = get_args(Counter)
"""All counts, in the order of the answers."""
STATISTICS_RETENTION = timedelta(days=400)
"""Time for which statistics are stored, from the start of their hour."""
SHARDS = 8
"""Number of shards of the statistics and of the index of due items."""


def hour_of(at: str) -> str:
    """Return the hour (UTC, `2026-11-21T05`) of a timestamp of `format_timestamp`."""
    return at[:13]


def bucket_of(notice: Notice) -> Bucket:
    """Return the group in which a notice is counted."""
    return "DIGEST" if notice.action == "digest" else notice.severity


def shard_of(fingerprint: str) -> int:
    """Return the shard of a fingerprint, below SHARDS, in the statistics and in the index of due items."""
    return int(fingerprint[:2], 16) % SHARDS


def statistics_part(
    tenant_id: str, fingerprint: str, hour: str, bucket: Bucket, counts: Mapping[Counter, int]
) -> dict[str, Any]:
    """Return the part of a transaction that adds counts to one item: an hour, a bucket and a shard of a tenant.

    `bucket` is a severity or `DIGEST`. `fingerprint` selects only the shard. `counts` has at least one count. A
    transaction may have only one part per item, so add all counts of the same item in one part.
    """
    added = ", ".join(f"#{name} :{name}" for name in counts)
    expires = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC) + STATISTICS_RETENTION
    return {
        "Update": {
            "Key": {"pk": {"S": f"{tenant_id}#STATS"}, "sk": {"S": f"{hour}#{bucket}#{shard_of(fingerprint)}"}},
            "UpdateExpression": f"SET expires_at = :expires_at ADD {added}",
            "ExpressionAttributeNames": {f"#{name}": name for name in counts},
            "ExpressionAttributeValues": {
                ":expires_at": {"N": str(int(expires.timestamp()))},
                **{f":{name}": {"N": str(number)} for name, number in counts.items()},
            },
        }
    }


def sum_statistics(items: Iterable[Mapping[str, Any]]) -> dict[tuple[str, Bucket], dict[Counter, int]]:
    """Return the counts by hour and group, summed over the shards. Every count is present, zeros included.

    Hours are in UTC, such as `2026-11-21T05`.
    """
    sums: dict[tuple[str, Bucket], dict[Counter, int]] = {}
    for item in items:
        hour, bucket, _ = item["sk"]["S"].split("#")
        counts = sums.setdefault((hour, bucket), dict.fromkeys(COUNTERS, 0))
        for name in COUNTERS:
            counts[name] += int(item.get(name, {"N": "0"})["N"])
    return sums


def unbalanced(counts: Mapping[Counter, int]) -> dict[str, int]:
    """Return by how much the counts of one hour and group miss each identity; an identity that holds is absent.

    `events` is `raised - opened - grouped`. `notices` is the number of created notices that are not final yet.
    """
    events = counts["raised"] - counts["opened"] - counts["grouped"]
    ended = sum(number for name, number in counts.items() if name in FINAL_NOTICE_STATES)
    notices = counts["intents"] - ended
    return {name: number for name, number in (("events", events), ("notices", notices)) if number}
