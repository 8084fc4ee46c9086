"""Findings in DynamoDB: `sk = FOUND#<day>#<finding id>`, so that the newest ones are listed first.

An open finding about a group has `block_pk`, the key of the index `by_block`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict, NotFound
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.profiles.keys_model import Item, expiry, item_key, model_partition

_DECISION = ("decided_by", "reason", "decided_at")
_OPTIONAL = (*_DECISION, "told")


class DynamoFindings:
    """Findings of the models of all tenants, in every state. Items expire 800 days after the day of the alarm."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def findings(self, tenant_id: str, model: str) -> Iterator[FindingRecord]:
        """Yield the findings of all versions of a model, the newest day first, read consistently."""
        return (_record(model, item) for item in self._items(tenant_id, model))

    def get(self, tenant_id: str, model: str, finding_id: str) -> FindingRecord:
        """Return a finding, read consistently. Raises NotFound if the tenant's model has no finding with this id."""
        where = {"FilterExpression": "finding_id = :id"}
        for item in self._items(tenant_id, model, {":id": {"S": finding_id}}, **where):
            return _record(model, item)
        raise NotFound(f"There is no such finding; GET /v1/models/{model}/health/findings lists all.")

    def add(self, tenant_id: str, model: str, finding: Finding) -> bool:
        """Store a finding as open. Return False if its id is stored already; the stored record stays then."""
        return self._table.write_if("put_item", **self.addition(tenant_id, model, finding))

    def addition(self, tenant_id: str, model: str, finding: Finding) -> Part:
        """Return the put that stores a finding as open; its condition fails if the finding is stored already."""
        identity = finding_id(model, finding)
        item = _key(tenant_id, model, identity, finding) | expiry(finding.day)
        item |= {"finding_id": {"S": identity}, "state": {"S": "open"}, "finding": {"S": json.dumps(asdict(finding))}}
        if finding.family == "fairness":
            item |= {"block_pk": {"S": model}}
        return {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def decide(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the decision of a decided record. Raises Conflict if the stored record is not open, or NotFound."""
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

    def mark_told(self, tenant_id: str, record: FindingRecord) -> None:
        """Store the state of a record as its `told`. A finding that is not stored has no effect."""
        self._table.write_if(
            "update_item",
            Key=_key(tenant_id, record.model, record.finding_id, record.finding),
            UpdateExpression="SET told = :told",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":told": {"S": record.state}},
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


def _record(model: str, item: Item) -> FindingRecord:
    stored = json.loads(item["finding"]["S"])
    effect, subjects = Effect(**stored.pop("effect")), tuple(stored.pop("subjects"))
    decided = {name: item[name]["S"] for name in _OPTIONAL if name in item}
    finding = Finding(**stored, effect=effect, subjects=subjects)
    return FindingRecord(item["finding_id"]["S"], model, finding, item["state"]["S"], **decided)
