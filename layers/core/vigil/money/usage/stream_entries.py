"""Usage entries of changed database rows: DynamoDB JSON in, entries out. Pure rules."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vigil.money.usage.model import Meter, UsageEntry

Image = Mapping[str, Any]
_PER_ITEM_BYTES = 100
"""Bytes that DynamoDB bills for each item, and each copy in an index, besides its attributes."""
_COPIES: tuple[tuple[tuple[str, str], frozenset[str] | None], ...] = (
    (("tenant_pk", "time_sk"), frozenset({"pk", "summary"})),
    (("subject_pk", "time_sk"), frozenset({"pk", "summary"})),
    (("comparison_pk", "time_sk"), frozenset({"pk", "comparison", "subject_pk"})),
    (("list_pk", "list_sk"), None),
)
"""Keys of each index and the other attributes that it copies; None copies the whole item."""


def change_entries(record: Mapping[str, Any]) -> list[UsageEntry]:
    """Return the usage entries of one stream record of the decisions table or the batches table.

    A new decision and a completed chunk have their own ids, which audits use too. Another change of an item's size
    has its position in the stream as its id. Raises KeyError or ValueError for a record that cannot be read.
    """
    change = record["dynamodb"]
    old, new = change.get("OldImage", {}), change.get("NewImage", {})
    if "decision_id" in new and not old:
        return [decision_entry(new)]
    done = [chunk_entry(new)] if _is_done(new) and not _is_done(old) else []
    grown = item_bytes(new) - item_bytes(old)
    return [*done, _growth(change, grown)] if grown else done


def decision_entry(image: Image) -> UsageEntry:
    """Return the usage entry of a decision. Raises KeyError for a row that cannot be read."""
    charged = image.get("charged", {}).get("BOOL", False)
    amounts: dict[Meter, int] = {"predictions": 1, "charged": int(charged), "database_bytes": item_bytes(image)}
    return UsageEntry(
        tenant_id=image["tenant_pk"]["S"],
        entry_id=image["decision_id"]["S"],
        hour=image["created_at"]["S"][:13],
        amounts=amounts | _reserved(image),
    )


def chunk_entry(image: Image) -> UsageEntry:
    """Return the usage entry of a completed chunk, which counts its scored rows.

    Raises KeyError or ValueError for a row that cannot be read.
    """
    tenant_id, _, batch_id = image["pk"]["S"].partition("#")
    amounts: dict[Meter, int] = {"predictions": int(image["scored"]["N"]), "charged": int(image["charged"]["N"])}
    return UsageEntry(
        tenant_id=tenant_id,
        entry_id=f"{batch_id}.{int(image['index']['N']):06}",
        hour=image["settled_at"]["S"][:13],
        amounts=amounts | _reserved(image),
    )


def item_bytes(image: Image) -> int:
    """Return the approximate bytes of an item in the table and its indexes, by DynamoDB's rules for item sizes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    if not image:
        return 0
    return billed_bytes(image) + _PER_ITEM_BYTES + sum(_PER_ITEM_BYTES + size for size in index_bytes(image))


def billed_bytes(item: Image) -> int:
    """Return the bytes of an item by which DynamoDB bills a write; binary values are bytes or base64."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def index_bytes(image: Image) -> list[int]:
    """Return the bytes by which DynamoDB bills the copy of an item in each of its indexes."""
    found = (others and others.union(keys) for keys, others in _COPIES if image.keys() >= set(keys))
    return [billed_bytes({n: v for n, v in image.items() if names is None or n in names}) for names in found]


def _reserved(image: Image) -> dict[Meter, int]:
    """Return the micro-dollars reserved for the predictions of a row; empty without a hard limit."""
    micros = int(image.get("reserved_micros", {"N": "0"})["N"])
    return {"reserved_micros": micros} if micros else {}


def _is_done(image: Image) -> bool:
    return "part_sha256" in image and image["state"]["S"] == "done"


def _growth(change: Mapping[str, Any], grown: int) -> UsageEntry:
    tenant_id, _, item = change["Keys"]["pk"]["S"].partition("#")
    sort = change["Keys"].get("sk", {"S": ""})["S"]
    at = change["ApproximateCreationDateTime"]  # seconds from Lambda, a datetime from the client of the stream
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    hour = f"{moment.astimezone(UTC):%Y-%m-%dT%H}"
    return UsageEntry(tenant_id, f"{item}#{sort}@{change['SequenceNumber']}", hour, {"database_bytes": grown})


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content) // 2 + 2  # two digits per byte
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    if kind == "B":  # base64 in Lambda's records, bytes from a client
        return len(content) if isinstance(content, bytes) else len(b64decode(content))
    return len(content.encode()) if kind == "S" else 1
