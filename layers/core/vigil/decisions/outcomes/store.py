"""Outcomes in DynamoDB: one immutable item per report, and one item per decision with the current outcome.

`pk = <tenant>#<decision>`; `sk = AT#<recorded_at>` for a report, `HOLDS` for the current outcome. Only the latter has
`list_pk`, so that the index `by_tenant` lists each decision once, resolved and unresolved ones apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.decisions.outcomes.model import Outcome, OutcomePage
from vigil.kernel.ids import stored_decision_id
from vigil.prediction.trials.evidence_model import DecisionLabel

Item = dict[str, dict[str, Any]]
_HOLDS = "HOLDS"


class DynamoOutcomes:
    """Reports and current outcomes of decisions."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The outcomes table")

    def record(self, tenant_id: str, outcome: Outcome) -> Outcome | None:
        """Store the report, then make it current unless a later one is. Both steps are safe to repeat."""
        pk = _pk(tenant_id, outcome.decision_id)
        report = {"pk": pk, "sk": {"S": f"AT#{outcome.recorded_at}"}, **_attributes(outcome)}
        old = self._put(report, "attribute_not_exists(pk)")
        current = _outcome(old) if old else outcome
        holds = {"pk": pk, "sk": {"S": _HOLDS}, **_attributes(current), **_listing(tenant_id, current)}
        self._put(holds, "attribute_not_exists(pk) OR recorded_at < :new", {":new": {"S": current.recorded_at}})
        return current if old else None

    def current(self, tenant_id: str, decision_id: str) -> Outcome | None:
        """Return the report of a decision with the latest `recorded_at`, read consistently."""
        items = self._reports(tenant_id, decision_id, ScanIndexForward=False, Limit=1)["Items"]
        return _outcome(items[0]) if items else None

    def labels(self, decisions: Sequence[str]) -> Mapping[str, DecisionLabel]:
        """Return the labels of the decisions with a resolved outcome, by their keys in the decision ledger."""
        keys = [{"pk": {"S": key}, "sk": {"S": _HOLDS}} for key in decisions]
        current = {item["pk"]["S"]: _outcome(item) for item in self._table.get_many(keys)}
        return {
            key: DecisionLabel(None if found.status == "excluded" else found.status == "occurred", found.treated)
            for key, found in current.items()
            if found.is_resolved
        }

    def history(self, tenant_id: str, decision_id: str, after: dict[str, str] | None, limit: int) -> OutcomePage:
        """Return a page of the reports of a decision by `recorded_at`, read consistently."""
        start = {"pk": _pk(tenant_id, decision_id), "sk": {"S": after["sk"]}} if after else None
        page = self._reports(tenant_id, decision_id, Limit=limit, **({"ExclusiveStartKey": start} if start else {}))
        last = page.get("LastEvaluatedKey")
        return OutcomePage(tuple(map(_outcome, page["Items"])), {"sk": last["sk"]["S"]} if last else None)

    def _reports(self, tenant_id: str, decision_id: str, **arguments: Any) -> Any:
        return self._table.call(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :at)",
            ExpressionAttributeValues={":pk": _pk(tenant_id, decision_id), ":at": {"S": "AT#"}},
            ConsistentRead=True,
            **arguments,
        )

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return one page of current outcomes, last received first."""
        listed = ("list_pk", _list_pk(tenant_id, resolved=resolved))
        items, position = self._table.query_page("by_tenant", listed, after, limit, ScanIndexForward=False)
        return OutcomePage(tuple(map(_outcome, items)), position)

    def _put(self, item: Item, condition: str, values: Item | None = None) -> Mapping[str, Any] | None:
        """Put an item and return None; return the existing item if the condition fails."""
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
    return {"S": f"{tenant_id}#{stored_decision_id(decision_id)}"}


def _list_pk(tenant_id: str, *, resolved: bool) -> str:
    return f"{tenant_id}#{'resolved' if resolved else 'unresolved'}"


def _listing(tenant_id: str, outcome: Outcome) -> Item:
    place = _list_pk(tenant_id, resolved=outcome.is_resolved)
    return {"list_pk": {"S": place}, "list_sk": {"S": f"{outcome.received_at}#{outcome.decision_id}"}}


def _attributes(outcome: Outcome) -> Item:
    happened = {"happened_at": {"S": outcome.happened_at}} if outcome.happened_at else {}
    treated = {"treated": {"BOOL": True}} if outcome.treated else {}
    return {
        "decision_id": {"S": outcome.decision_id},
        "model": {"S": outcome.model},
        "model_version": {"N": str(outcome.model_version)},
        "status": {"S": outcome.status},
        "recorded_at": {"S": outcome.recorded_at},
        "received_at": {"S": outcome.received_at},
        **happened,
        **treated,
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
        treated="treated" in item,
    )
