"""Blocks AWS calls that name another tenant's data while a tenant's request is served.

Stores take the tenant id first and build keys that begin with it. This guard is the second line of defence against a
store that does not. It is attached to the AWS client, so that no store can bypass it. It
rejects calls that it does not know.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any

Parameters = Mapping[str, Any]
Call = Callable[[str, dict[str, Any]], Any]
_ITEM_CALLS = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "BatchWriteItem"}
_TABLE_CALLS = frozenset({*_ITEM_CALLS, "Query", "TransactGetItems", "TransactWriteItems"})
_OBJECT_CALLS = frozenset(
    {
        *("GetObject", "HeadObject", "PutObject", "DeleteObjects", "ListObjectVersions"),
        *("CreateMultipartUpload", "UploadPart", "ListParts", "CompleteMultipartUpload"),
    }
)
_TENANT_SECOND_PREFIXES = frozenset({"TENANT", "SESSIONS"})
"""Prefixes of keys whose second part is the tenant id. All other keys of tenants begin with the tenant id."""
_DEPLOYMENT_PREFIXES = frozenset(
    {
        *("CIRCUITS", "FAILURES", "FLAGS", "KEY", "MEASUREMENTS", "MODEL", "MODELS", "PRICES", "PROBE"),
        "SIGNING_KEYS",
    }
)
"""Prefixes of keys without a tenant id: data of the deployment, and API keys, which are found by their own ids."""
_CROSS_TENANT_INDEXES = frozenset({"age_pk", "block_pk", "comparison_pk", "due_pk"})
"""Partition keys of indexes over all tenants. A tenant's items may be written there; a tenant may not query them."""
_CROSS_TENANT_LISTS = frozenset({"ERASURES", "TENANTS"})
"""Partitions that list all tenants, with the same rule."""
_EQUALS = re.compile(r"(?<![#\w])(#?\w++)\s*+=\s*+(:\w++)")

_confined_to: ContextVar[str | None] = ContextVar("served_tenant", default=None)


class TenantViolation(Exception):
    """An AWS call names data that is not the served tenant's. It is a bug, and the call was not sent."""

    breach = "tenant-trespass"
    """Kind of the broken security rule in log lines and in the metric `Breaches`."""


@contextmanager
def confine_to(tenant_id: str | None) -> Iterator[None]:
    """Confine the AWS calls of this context to one tenant's data; None allows the data of all tenants."""
    before = _confined_to.set(tenant_id)
    try:
        yield
    finally:
        _confined_to.reset(before)


def confined_tenant() -> str | None:
    """Return the tenant that AWS calls are confined to, or None."""
    return _confined_to.get()


def guard_client(client: Any, shared_bucket: str) -> None:
    """Make a DynamoDB or S3 client raise TenantViolation for another tenant's data.

    Every tenant may use `shared_bucket`.
    """

    def on_objects(params: Parameters, model: Any, **_: Any) -> None:
        _check_objects(model.name, params, shared_bucket)

    def on_items(params: Parameters, model: Any, **_: Any) -> None:
        _check_items(model.name, params)

    client.meta.events.register("provide-client-params.dynamodb", on_items)
    client.meta.events.register("provide-client-params.s3", on_objects)


def guarded_items(call: Call) -> Call:
    """Return a call to DynamoDB that raises TenantViolation for another tenant's data."""

    def guarded(operation: str, arguments: dict[str, Any]) -> Any:
        _check_items(operation, arguments)
        return call(operation, arguments)

    return guarded


def guarded_objects(call: Call, shared_bucket: str) -> Call:
    """Return a call to S3 that raises TenantViolation for another tenant's data, except in `shared_bucket`."""

    def guarded(operation: str, arguments: dict[str, Any]) -> Any:
        _check_objects(operation, arguments, shared_bucket)
        return call(operation, arguments)

    return guarded


def _check_objects(operation: str, arguments: Parameters, shared_bucket: str) -> None:
    if arguments["Bucket"] != shared_bucket:
        folders = _tenant_folders(arguments)
        _check(operation in _OBJECT_CALLS, folders, owns=lambda tenant, name: name == tenant)


def _check_items(operation: str, arguments: Parameters) -> None:
    names = _leading_keys(arguments)
    if operation == "Query":
        names = chain(_partitions(arguments), names)
    _check(operation in _TABLE_CALLS, names, owns=_owns_key)


def _check(is_known_call: bool, names: Iterator[str], owns: Callable[[str, str], bool]) -> None:
    """Raise TenantViolation unless the call is known, names data, and the served tenant owns all of it."""
    if (tenant := confined_tenant()) is None:
        return
    if not is_known_call or not (named := list(names)) or not all(owns(tenant, name) for name in named):
        raise TenantViolation


def _owns_key(tenant: str, key: str) -> bool:
    prefix, _, rest = key.partition("#")
    if prefix in _TENANT_SECOND_PREFIXES:
        prefix = rest.partition("#")[0]
    return prefix == tenant or prefix in _DEPLOYMENT_PREFIXES


def _leading_keys(params: Parameters) -> Iterator[str]:
    """Yield the partition keys of every item and position that a call names."""
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
        if name.endswith("_pk") and name not in _CROSS_TENANT_INDEXES and value["S"] not in _CROSS_TENANT_LISTS:
            yield value["S"]


def _partitions(query: Parameters) -> Iterator[str]:
    """Yield the queried partition key, or "" if it is ambiguous or cross-tenant."""
    names: Mapping[str, str] = query.get("ExpressionAttributeNames", {})
    equals = _EQUALS.findall(query.get("KeyConditionExpression", ""))
    partitions = [(attribute, value) for name, value in equals if (attribute := names.get(name, name)).endswith("pk")]
    if not partitions:
        yield ""
    for attribute, value in partitions:
        yield "" if attribute in _CROSS_TENANT_INDEXES else query["ExpressionAttributeValues"][value]["S"]


def _tenant_folders(params: Parameters) -> Iterator[str]:
    """Yield the second folder of every object and prefix that a call names."""
    objects = params.get("Delete", {}).get("Objects", ())
    for key in (*(entry["Key"] for entry in objects), *(params[name] for name in ("Key", "Prefix") if name in params)):
        folders = key.split("/")
        yield folders[1] if len(folders) > 2 else ""
