"""The boundary of a tenant: while one is served, no request leaves for AWS that names what is another's.

Stores take the tenant first and make keys that begin with it. This is the second wall, for the day on which one of them
does not: it stands in the AWS client, where no store can forget it. What it does not know it refuses.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any

Parameters = Mapping[str, Any]
_ITEM_CALLS = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "BatchWriteItem"}
_TABLE_CALLS = frozenset({*_ITEM_CALLS, "Query", "TransactGetItems", "TransactWriteItems"})
_OBJECT_CALLS = frozenset(
    {
        *("GetObject", "HeadObject", "PutObject", "DeleteObjects", "ListObjectVersions"),
        *("CreateMultipartUpload", "UploadPart", "ListParts", "CompleteMultipartUpload"),
    }
)
_LED_BY_FAMILY = frozenset({"TENANT", "SESSIONS"})
"""Families of keys whose second part is the tenant; other keys of tenants begin with it."""
_NOBODYS = frozenset({"FLAGS", "KEY", "MODEL", "MODELS", "PRICES", "PROBE", "SIGNING_KEYS"})
"""Families of keys that lead to no tenant: the deployment's own, and API keys, which are found by their own ids."""
_ACROSS = frozenset({"age_pk", "comparison_pk", "due_pk"})
"""Partition keys of indexes over all tenants: what is written for a tenant may stand there, none may read there."""
_LISTS = frozenset({"ERASURES", "TENANTS"})
"""Lists over all tenants, alike."""
_EQUALS = re.compile(r"(#?\w+)\s*=\s*(:\w+)")

_served: ContextVar[str | None] = ContextVar("served_tenant", default=None)


class Trespass(Exception):
    """A request of ours names what is not the served tenant's: a bug, caught before it did anything."""


@contextmanager
def serving(tenant_id: str | None) -> Iterator[None]:
    """Confine what is done within to one tenant's data; None is for whoever works for all tenants."""
    before = _served.set(tenant_id)
    try:
        yield
    finally:
        _served.reset(before)


def guard(client: Any, commons: str) -> None:
    """Have a client of DynamoDB or S3 refuse what the served tenant does not own; `commons` is a bucket for all."""

    def on_objects(params: Parameters, model: Any, **_: Any) -> None:
        if params["Bucket"] != commons:
            _check(model.name in _OBJECT_CALLS, _folders(params), own=lambda tenant, name: name == tenant)

    client.meta.events.register("provide-client-params.dynamodb", _on_items)
    client.meta.events.register("provide-client-params.s3", on_objects)


def _on_items(params: Parameters, model: Any, **_: Any) -> None:
    names = _leading_keys(params)
    if model.name == "Query":
        names = chain(_partitions(params), names)
    _check(model.name in _TABLE_CALLS, names, own=_leads_to)


def _check(known: bool, names: Iterator[str], own: Callable[[str, str], bool]) -> None:
    """Raise Trespass unless a call is known, names something, and nothing but the served tenant's."""
    if (tenant := _served.get()) is None:
        return
    if not known or not (found := list(names)) or not all(own(tenant, name) for name in found):
        raise Trespass


def _leads_to(tenant: str, key: str) -> bool:
    family, _, rest = key.partition("#")
    if family in _LED_BY_FAMILY:
        family = rest.partition("#")[0]
    return family == tenant or family in _NOBODYS


def _leading_keys(params: Parameters) -> Iterator[str]:
    """Yield what leads the key of every item and position that a call names."""
    for name, value in params.items():
        if name in {"Key", "Item", "ExclusiveStartKey"}:
            yield from _keys_of(value)
        elif name == "Keys":
            for key in value:
                yield from _keys_of(key)
        elif isinstance(value, Mapping):
            yield from _leading_keys(value)
        elif isinstance(value, list | tuple):
            for entry in value:
                if isinstance(entry, Mapping):
                    yield from _leading_keys(entry)


def _keys_of(item: Parameters) -> Iterator[str]:
    yield item["pk"]["S"]
    for name, value in item.items():
        if name.endswith("_pk") and name not in _ACROSS and value["S"] not in _LISTS:
            yield value["S"]


def _partitions(query: Parameters) -> Iterator[str]:
    """Yield the partition that a query reads; no tenant's for one that is unclear, or reads across tenants."""
    names: Mapping[str, str] = query.get("ExpressionAttributeNames", {})
    equals = _EQUALS.findall(query.get("KeyConditionExpression", ""))
    found = [(attribute, value) for name, value in equals if (attribute := names.get(name, name)).endswith("pk")]
    if not found:
        yield ""
    for attribute, value in found:
        yield "" if attribute in _ACROSS else query["ExpressionAttributeValues"][value]["S"]


def _folders(params: Parameters) -> Iterator[str]:
    """Yield the second folder of every object and prefix that a call names."""
    objects = params.get("Delete", {}).get("Objects", ())
    for key in (*(entry["Key"] for entry in objects), *(params[name] for name in ("Key", "Prefix") if name in params)):
        folders = key.split("/")
        yield folders[1] if len(folders) > 2 else ""
