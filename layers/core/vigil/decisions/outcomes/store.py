"""Outcomes in DynamoDB: one immutable item per report, and one item per decision that says which report holds.

`pk = <tenant>#<decision>`; `sk = AT#<recorded_at>` for reports, `HOLDS` for the one that was recorded last. Only the
latter carries `list_pk`, so that the index `by_tenant` lists each decision once, resolved and unresolved ones apart.
"""

from collections.abc import Mapping
from typing import Any

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.decisions.outcomes.model import Outcome, OutcomePage

Item = dict[str, dict[str, str]]
_HOLDS = "HOLDS"


class DynamoOutcomes:
    """The books of outcomes."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The outcomes table")

    def record(self, tenant_id: str, outcome: Outcome) -> Outcome | None:
        """Keep the report, then let it hold unless a later one does: two steps, each safe to repeat."""
        pk = _pk(tenant_id, outcome.decision_id)
        report = {"pk": pk, "sk": {"S": f"AT#{outcome.recorded_at}"}, **_attributes(outcome)}
        old = self._put(report, "attribute_not_exists(pk)")
        kept = _outcome(old) if old else outcome
        holds = {"pk": pk, "sk": {"S": _HOLDS}, **_attributes(kept), **_listing(tenant_id, kept)}
        self._put(holds, "attribute_not_exists(pk) OR recorded_at < :new", {":new": {"S": kept.recorded_at}})
        return kept if old else None

    def history(self, tenant_id: str, decision_id: str) -> tuple[Outcome, ...]:
        """Return every report of a decision by `recorded_at`, read consistently."""
        values = {":pk": _pk(tenant_id, decision_id), ":at": {"S": "AT#"}}
        condition = "pk = :pk AND begins_with(sk, :at)"
        items = self._table.items(
            "query", KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
        )
        return tuple(map(_outcome, items))

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return one page of what holds, last received first."""
        listed = ("list_pk", _list_pk(tenant_id, resolved=resolved))
        items, position = self._table.query_page("by_tenant", listed, after, limit, ScanIndexForward=False)
        return OutcomePage(tuple(map(_outcome, items)), position)

    def _put(self, item: Item, condition: str, values: Item | None = None) -> Mapping[str, Any] | None:
        """Put an item and return None, or return the item that the condition met."""
        try:
            self._table.call(
                "put_item",
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **({"ExpressionAttributeValues": values} if values else {}),
            )
        except ConditionFailed as refusal:
            return refusal.item
        return None


def _pk(tenant_id: str, decision_id: str) -> dict[str, str]:
    return {"S": f"{tenant_id}#{decision_id}"}


def _list_pk(tenant_id: str, *, resolved: bool) -> str:
    return f"{tenant_id}#{'resolved' if resolved else 'unresolved'}"


def _listing(tenant_id: str, outcome: Outcome) -> Item:
    place = _list_pk(tenant_id, resolved=outcome.resolved)
    return {"list_pk": {"S": place}, "list_sk": {"S": f"{outcome.received_at}#{outcome.decision_id}"}}


def _attributes(outcome: Outcome) -> Item:
    happened = {"happened_at": {"S": outcome.happened_at}} if outcome.happened_at else {}
    return {
        "decision_id": {"S": outcome.decision_id},
        "model": {"S": outcome.model},
        "model_version": {"N": str(outcome.model_version)},
        "status": {"S": outcome.status},
        "recorded_at": {"S": outcome.recorded_at},
        "received_at": {"S": outcome.received_at},
        **happened,
    }


def _outcome(item: Any) -> Outcome:
    return Outcome(
        decision_id=item["decision_id"]["S"],
        model=item["model"]["S"],
        model_version=int(item["model_version"]["N"]),
        status=item["status"]["S"],
        recorded_at=item["recorded_at"]["S"],
        received_at=item["received_at"]["S"],
        happened_at=item["happened_at"]["S"] if "happened_at" in item else None,
    )
