"""Findings in DynamoDB: `sk = FOUND#<day>#<finding id>`, so that the newest ones are listed first.

An open finding about a group has `block_pk`, the key of the index `by_block`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict, DamagedData, NotFound
from vigil.kernel.stored_values import check_day, read_attribute, read_json, read_value
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.profiles.keys_model import Item, check_key, expiry, item_key, model_partition, read_item

_DECISION = ("decided_by", "reason", "decided_at")
_OPTIONAL = (*_DECISION, "published_state")


class DynamoFindings:
    """Findings of the models of all tenants, in every state. Items expire 800 days after the day of the alarm begins.

    All methods but `addition` raise Unavailable. Reads raise DamagedData for a damaged finding.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of all versions of a model, read consistently.

        The newest day is first. Within a day, the largest id is first.
        """
        return (read_item(model, item, _record) for item in self._items(tenant_id, model))

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding, read consistently. Raises NotFound if the tenant's model has no finding with this id."""
        where = {"FilterExpression": "finding_id = :id"}
        for item in self._items(tenant_id, model, {":id": {"S": finding_id}}, **where):
            return read_item(model, item, _record)
        raise NotFound(f"There is no such finding; GET /v1/models/{model}/health/findings lists all.")

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open and return True. If its id is stored already, change nothing and return False."""
        return self._table.write_if("put_item", **self.addition(tenant_id, model, finding))

    def addition(self, tenant_id: str, model: str, finding: Finding) -> Part:
        """Return the arguments of the `Put` that stores a finding as open: its item and its condition.

        The condition fails if the finding is stored already.
        """
        identity = finding_id(tenant_id, model, finding)
        item = _key(tenant_id, model, identity, finding) | expiry(finding.day)
        item |= {"finding_id": {"S": identity}, "state": {"S": "open"}, "finding": {"S": json.dumps(asdict(finding))}}
        if finding.family == "fairness":
            item |= {"block_pk": {"S": model}}
        return {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the decision of a record: its `state`, `decided_by`, `reason` and `decided_at`.

        The first decision is final: raises Conflict if the stored record is not open. Raises NotFound if the finding is
        not stored.
        """
        decision = {f":{name}": {"S": getattr(record, name)} for name in ("state", *_DECISION)}
        names = ", ".join(f"#{name} = :{name}" for name in ("state", *_DECISION))
        is_written = self._table.write_if(
            "update_item",
            Key=_key(tenant_id, record.model, record.finding_id, record.finding),
            UpdateExpression=f"SET {names} REMOVE block_pk",
            ConditionExpression="#state = :open",
            ExpressionAttributeNames={f"#{name}": name for name in ("state", *_DECISION)},
            ExpressionAttributeValues=decision | {":open": {"S": "open"}},
        )
        if not is_written:
            stored = self.get(tenant_id, record.model, record.finding_id)
            raise Conflict(f"The finding is decided already: it is {stored.state}.")

    def mark_published(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the `state` of a record as its `published_state`, in place of an earlier one.

        A finding that is not stored has no effect.
        """
        self._table.write_if(
            "update_item",
            Key=_key(tenant_id, record.model, record.finding_id, record.finding),
            UpdateExpression="SET published_state = :state",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":state": {"S": record.state}},
        )

    def _items(self, tenant_id: str, model: str, values: Item | None = None, **arguments: Any) -> Iterator[Item]:
        return self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :found)",
            ExpressionAttributeValues={
                ":pk": {"S": model_partition(tenant_id, model)},
                ":found": {"S": "FOUND#"},
                **(values or {}),
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            **arguments,
        )


def _key(tenant_id: str, model: str, identity: str, finding: Finding) -> Item:
    return item_key(tenant_id, model, f"FOUND#{finding.day}#{identity}")


def _record(item: Item) -> FindingRecord:
    decided = {name: read_attribute(item, name, "S") for name in _OPTIONAL if name in item}
    tenant_id, _, model = read_attribute(item, "pk", "S").partition("#")
    record = read_value(
        FindingRecord,
        {
            "finding_id": read_attribute(item, "finding_id", "S"),
            "model": model,
            "finding": read_json(read_attribute(item, "finding", "S")),
            "state": read_attribute(item, "state", "S"),
            **decided,
        },
    )
    for day in (record.finding.day, record.finding.since, *([record.decided_at[:10]] if record.decided_at else [])):
        check_day(day)
    if (record.state == "open") != (record.decided_at is None):
        raise DamagedData("a decided finding, and no other one, must have a decision")
    for identity in (record.finding_id, finding_id(tenant_id, model, record.finding)):
        check_key(item, record.finding.day, identity)
    return record
