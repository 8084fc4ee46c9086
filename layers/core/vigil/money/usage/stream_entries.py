"""What rows of the database amount to: DynamoDB's JSON in, entries out. Pure rules."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vigil.money.usage.model import Entry, Meter

Image = Mapping[str, Any]
_PER_ITEM_BYTES = 100
"""What DynamoDB adds to each item, and to each copy in an index, when it bills storage."""
_COPIES: tuple[tuple[tuple[str, str], frozenset[str] | None], ...] = (
    (("tenant_pk", "time_sk"), frozenset({"pk", "summary"})),
    (("subject_pk", "time_sk"), frozenset({"pk", "summary"})),
    (("comparison_pk", "time_sk"), frozenset({"pk", "comparison", "subject_pk"})),
    (("list_pk", "list_sk"), None),
)
"""The keys of indexes, and what else of an item is copied there; None is all of it."""


def of_change(record: Mapping[str, Any]) -> list[Entry]:
    """Return what the change of an item amounts to, told by the stream of the decisions or the batches table.

    A new decision and a chunk that has become done are known by their own ids, by which audits count them too. What
    else makes items grow or shrink is known by its position in the stream. Raises KeyError, ValueError.
    """
    change = record["dynamodb"]
    old, new = change.get("OldImage", {}), change.get("NewImage", {})
    if "decision_id" in new and not old:
        return [of_decision(new)]
    done = [of_chunk(new)] if _is_done(new) and not _is_done(old) else []
    grown = stored_bytes(new) - stored_bytes(old)
    return [*done, _growth(change, grown)] if grown else done


def of_decision(image: Image) -> Entry:
    """Return the entry of a decision. Raises KeyError."""
    charged = image.get("charged", {}).get("BOOL", False)
    amounts: dict[Meter, int] = {"predictions": 1, "charged": int(charged), "database_bytes": stored_bytes(image)}
    return Entry(
        tenant_id=image["tenant_pk"]["S"],
        entry_id=image["decision_id"]["S"],
        hour=image["created_at"]["S"][:13],
        amounts=amounts | _reserved(image),
    )


def of_chunk(image: Image) -> Entry:
    """Return the entry of a chunk of a batch that is done: its rows with an answer. Raises KeyError, ValueError."""
    tenant_id, _, batch_id = image["pk"]["S"].partition("#")
    amounts: dict[Meter, int] = {"predictions": int(image["scored"]["N"]), "charged": int(image["charged"]["N"])}
    return Entry(
        tenant_id=tenant_id,
        entry_id=f"{batch_id}.{int(image['index']['N']):06}",
        hour=image["settled_at"]["S"][:13],
        amounts=amounts | _reserved(image),
    )


def stored_bytes(image: Image) -> int:
    """Return about what an item takes in the table and in its indexes, by DynamoDB's rules for item sizes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    if not image:
        return 0
    copies = (_copied(image, keys, others) for keys, others in _COPIES if image.keys() >= set(keys))
    return _bytes(image) + sum(copies)


def _reserved(image: Image) -> dict[Meter, int]:
    """Return what was set aside for the predictions of a row, where their tenant has a hard stop."""
    micros = int(image.get("reserved_micros", {"N": "0"})["N"])
    return {"reserved_micros": micros} if micros else {}


def _is_done(image: Image) -> bool:
    return "part_sha256" in image and image["state"]["S"] == "done"


def _growth(change: Mapping[str, Any], grown: int) -> Entry:
    tenant_id, _, item = change["Keys"]["pk"]["S"].partition("#")
    sort = change["Keys"].get("sk", {"S": ""})["S"]
    at = change["ApproximateCreationDateTime"]  # Lambda sends seconds, the stream's own client a moment
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    hour = f"{moment.astimezone(UTC):%Y-%m-%dT%H}"
    return Entry(tenant_id, f"{item}#{sort}@{change['SequenceNumber']}", hour, {"database_bytes": grown})


def _copied(image: Image, keys: tuple[str, str], others: frozenset[str] | None) -> int:
    return _bytes(image if others is None else {n: v for n, v in image.items() if n in others.union(keys)})


def _bytes(item: Image) -> int:
    return _PER_ITEM_BYTES + sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content) // 2 + 2  # two digits to a byte
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    return len(content.encode()) if kind == "S" else 1
