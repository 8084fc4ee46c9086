"""Circuits in the limits table.

A circuit is one item: `pk = CIRCUITS` or `<tenant>#CIRCUITS`, `sk` its name. The attribute `<kind>:<epoch>:<bucket>`
counts a bucket, for example `failed:3:352947281`. Counts of earlier epochs therefore never mix with later ones. The
attribute `untold-<epoch>` is an opening or closing of which observers have not been notified.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Item, Table
from vigil.kernel.time import format_timestamp
from vigil.outbound.breakers.model import NO_CALLS, Circuit, CircuitChange, CircuitId, Counts, Transition

_KEPT_BUCKETS = 2
_LIFETIME = timedelta(days=30)
"""Time after its last call in which the circuit of a tenant's endpoint is deleted."""
_TIMES = ("opened_at", "retry_at", "lease_until", "changed_at")
_UNTOLD = "untold-"
_NUMBERS = ("epoch", "tries", "probes")
_BUCKET_KINDS = ("answered", "failed", "slow")
_KINDS = (*_BUCKET_KINDS, "refused")
_FIELDS = {"change": "last_change"}
"""Field of a circuit, by its attribute, where the names differ."""


class DynamoCircuits:
    """Stored circuits of the deployment and of all tenants. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of circuits")

    def get(self, circuit_id: CircuitId) -> Circuit:
        """Return a circuit, read consistently. A circuit that is not stored is closed, with epoch 0."""
        return self.find(circuit_id) or Circuit(circuit_id)

    def find(self, circuit_id: CircuitId) -> Circuit | None:
        """Return a circuit, read consistently, or None if it is not stored."""
        item = self._table.get(_key(circuit_id))
        return circuit_of(circuit_id, item) if item else None

    def page(self, tenant_id: str | None) -> Sequence[Circuit]:
        """Return all circuits of a tenant, or of the deployment for None, in the order of their names."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _partition(tenant_id)}},
            ConsistentRead=True,
        )
        return [circuit_of(CircuitId(item["sk"]["S"], tenant_id), item) for item in items]

    def record(self, seen: Circuit, bucket: int, counts: Counts) -> Circuit:
        """Add counts to a bucket and to the totals of a circuit, and return the stored circuit, in one call.

        `bucket` is the current bucket, a number of `bucket_of`. Buckets before the previous one are removed. `seen` is
        the circuit as it was last read. Nothing is added or removed if the stored epoch or state is not that of `seen`.
        The stored circuit is then returned as well: the caller compares both.
        """
        parts = {f"{kind}:{seen.epoch}:{bucket}": getattr(counts, kind) for kind in _BUCKET_KINDS}
        totals = {f"total_{kind}": getattr(counts, kind) for kind in _KINDS}
        update = _Update()
        update.add({name: number for name, number in (parts | totals).items() if number})
        update.remove(_old_names(seen, bucket))
        update.keep(seen.id, bucket)
        try:
            answer = self._table.call(
                "update_item",
                Key=_key(seen.id),
                **update.arguments(_is_seen(seen), _seen_values(seen)),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as refusal:
            return circuit_of(seen.id, dict(refusal.item)) if refusal.item else self.get(seen.id)
        return circuit_of(seen.id, answer["Attributes"])

    def change(self, before: Circuit, after: Circuit, counts: Counts = NO_CALLS) -> bool:
        """Store the transition from `before` to `after`, add counts to the totals, and return True.

        Return False and store nothing if the stored epoch or state is not that of `before`.
        """
        update, writer = _Update(), secrets.token_hex(8)
        update.set({**_attributes(after), **_untold(after, before), "writer": {"S": writer}})
        update.remove([*_absent(after), *_old_names(before, None)])
        if after.last_change != before.last_change:
            update.remove(["throttled_until"])
        update.add({f"total_{kind}": number for kind in _KINDS if (number := getattr(counts, kind))})
        try:
            self._table.call(
                "update_item",
                Key=_key(before.id),
                **update.arguments(_is_seen(before), _seen_values(before)),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as refusal:
            # The client repeats a write whose answer was lost. Its second attempt finds the first one's item.
            return bool(refusal.item.get("writer", {}).get("S") == writer)
        return True

    def claim_telling(self, circuit_id: CircuitId, transition: Transition, until: datetime) -> bool:
        """Claim the notification of observers of a transition: store `until` as its `retell_at`, and return True.

        Return False if observers were notified, or another process has claimed it since it was read.
        """
        return self._table.write_if(
            "update_item",
            Key=_key(circuit_id),
            UpdateExpression="SET #untold.retell_at = :until",
            ConditionExpression="#untold.retell_at = :seen",
            ExpressionAttributeNames={"#untold": f"{_UNTOLD}{transition.epoch}"},
            ExpressionAttributeValues={":until": _moment(until), ":seen": _moment(transition.retell_at)},
        )

    def end_telling(self, circuit_id: CircuitId, transition: Transition) -> None:
        """Remove a transition from the untold ones, because observers were notified. A removed one is no error."""
        self._table.write_if(
            "update_item",
            Key=_key(circuit_id),
            UpdateExpression="REMOVE #untold",
            ConditionExpression="attribute_exists(#untold)",
            ExpressionAttributeNames={"#untold": f"{_UNTOLD}{transition.epoch}"},
        )

    def throttle(self, circuit_id: CircuitId, until: datetime) -> None:
        """Store the end of a pause that a vendor demanded. A later stored end is not changed."""
        self._table.write_if(
            "update_item",
            Key=_key(circuit_id),
            UpdateExpression="SET throttled_until = :until",
            ConditionExpression="attribute_not_exists(throttled_until) OR throttled_until < :until",
            ExpressionAttributeValues={":until": {"S": format_timestamp(until)}},
        )


class _Update:
    """An update of an item, put together from parts."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: Item = {}
        self._clauses: dict[str, list[str]] = {"SET": [], "REMOVE": [], "ADD": []}

    def set(self, attributes: Item) -> None:
        """Set attributes."""
        for name, value in attributes.items():
            self._clauses["SET"].append(f"{self._name(name)} = {self._value(value)}")

    def add(self, numbers: Mapping[str, int]) -> None:
        """Add numbers to attributes."""
        for name, number in numbers.items():
            self._clauses["ADD"].append(f"{self._name(name)} {self._value({'N': str(number)})}")

    def remove(self, names: Sequence[str]) -> None:
        """Remove attributes."""
        self._clauses["REMOVE"] += map(self._name, names)

    def keep(self, circuit_id: CircuitId, bucket: int) -> None:
        """Set the end of the lifetime of a tenant's circuit."""
        if circuit_id.tenant_id is not None:
            end = bucket * 5 + int(_LIFETIME.total_seconds())
            self.set({"expires_at": {"N": str(end)}})

    def arguments(self, condition: str, values: Item) -> Item:
        """Return the arguments of UpdateItem."""
        clauses = (f"{verb} {', '.join(parts)}" for verb, parts in self._clauses.items() if parts)
        return {
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": self._names | {"#epoch": "epoch", "#state": "state"},
            "ExpressionAttributeValues": self._values | values,
        }

    def _name(self, name: str) -> str:
        alias = f"#n{len(self._names)}"
        self._names[alias] = name
        return alias

    def _value(self, value: Any) -> str:
        alias = f":v{len(self._values)}"
        self._values[alias] = value
        return alias


def circuit_of(circuit_id: CircuitId, item: Item) -> Circuit:
    """Return the circuit of an item. An empty item is a closed circuit with epoch 0."""
    fields: dict[str, Any] = {name: int(item[name]["N"]) for name in _NUMBERS if name in item}
    fields |= {name: datetime.fromisoformat(item[name]["S"]) for name in (*_TIMES, "throttled_until") if name in item}
    if "state" in item:
        fields["state"] = item["state"]["S"]
    if "change" in item:
        texts = {name: value["S"] for name, value in item["change"]["M"].items()}
        fields["last_change"] = CircuitChange(**texts | {"at": datetime.fromisoformat(texts["at"])})
    totals = Counts(**{kind: int(item[f"total_{kind}"]["N"]) for kind in _KINDS if f"total_{kind}" in item})
    buckets: dict[int, Counts] = {}
    for kind, epoch, bucket, number in _bucket_attributes(item):
        if epoch == fields.get("epoch", 0):
            buckets[bucket] = buckets.get(bucket, NO_CALLS) + Counts(**{kind: number})
    untold = [
        _transition_of(int(name.removeprefix(_UNTOLD)), item[name]["M"]) for name in item if name.startswith(_UNTOLD)
    ]
    fields["untold"] = tuple(sorted(untold, key=lambda transition: transition.epoch))
    return Circuit(circuit_id, forced="forced" in item, buckets=buckets, totals=totals, **fields)


def _transition_of(epoch: int, item: Item) -> Transition:
    at, retell_at = (datetime.fromisoformat(item[name]["S"]) for name in ("at", "retell_at"))
    failed, calls = (int(item[name]["N"]) for name in ("failed", "calls"))
    return Transition("opened" if item["name"]["S"] == "opened" else "closed", epoch, at, failed, calls, retell_at)


def _untold(after: Circuit, before: Circuit) -> Item:
    """Return the attributes of the transitions that a change adds."""
    return {
        f"{_UNTOLD}{transition.epoch}": {
            "M": {
                "name": {"S": transition.name},
                "at": _moment(transition.at),
                "failed": {"N": str(transition.failed)},
                "calls": {"N": str(transition.calls)},
                "retell_at": _moment(transition.retell_at),
            }
        }
        for transition in after.untold
        if transition not in before.untold
    }


def _moment(moment: datetime) -> Item:
    return {"S": format_timestamp(moment)}


def _bucket_attributes(item: Item) -> Iterator[tuple[str, int, int, int]]:
    for name, value in item.items():
        kind, _, place = name.partition(":")
        if place:
            epoch, _, bucket = place.partition(":")
            yield kind, int(epoch), int(bucket), int(value["N"])


def _old_names(seen: Circuit, bucket: int | None) -> list[str]:
    """Return the attributes of the seen buckets that no rule reads any more: all for None."""
    old = [each for each in seen.buckets if bucket is None or each <= bucket - _KEPT_BUCKETS]
    return [f"{kind}:{seen.epoch}:{each}" for each in old for kind in _BUCKET_KINDS]


def _attributes(circuit: Circuit) -> Item:
    found: Item = {"state": {"S": circuit.state}}
    found |= {name: {"N": str(getattr(circuit, name))} for name in _NUMBERS}
    found |= {name: {"S": format_timestamp(moment)} for name in _TIMES if (moment := getattr(circuit, name))}
    if circuit.forced:
        found["forced"] = {"BOOL": True}
    if change := circuit.last_change:
        texts = {"name": change.name, "by": change.by, "reason": change.reason, "at": format_timestamp(change.at)}
        found["change"] = {"M": {name: {"S": text} for name, text in texts.items()}}
    return found


def _absent(circuit: Circuit) -> list[str]:
    return [name for name in (*_TIMES, "forced", "change") if not getattr(circuit, _FIELDS.get(name, name))]


def _is_seen(circuit: Circuit) -> str:
    seen = "#epoch = :epoch AND #state = :state"
    return f"({seen}) OR attribute_not_exists(#epoch)" if circuit.epoch == 0 else seen


def _seen_values(circuit: Circuit) -> Item:
    return {":epoch": {"N": str(circuit.epoch)}, ":state": {"S": circuit.state}}


def _partition(tenant_id: str | None) -> str:
    return "CIRCUITS" if tenant_id is None else f"{tenant_id}#CIRCUITS"


def _key(circuit_id: CircuitId) -> Item:
    return {"pk": {"S": _partition(circuit_id.tenant_id)}, "sk": {"S": circuit_id.name}}
