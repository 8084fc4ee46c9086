"""Outcomes in DynamoDB: one immutable item per report, and one item per decision that says which report holds.

`pk = <tenant>#<decision>`; `sk = AT#<recorded_at>` for reports, `HOLDS` for the one that was recorded last. Only the
latter carries `list_pk`, so that the index `by_tenant` lists each decision once, resolved and unresolved ones apart.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.outcomes.model import Outcome, OutcomePage

Item = dict[str, dict[str, str]]
_HOLDS = "HOLDS"


class DynamoOutcomes:
    """The books of outcomes."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

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
        return tuple(_outcome(item) for item in self._query(condition, values, ConsistentRead=True)["Items"])

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int, *, resolved: bool) -> OutcomePage:
        """Return one page of what holds, last received first."""
        listed = {"list_pk": {"S": _list_pk(tenant_id, resolved=resolved)}}
        start = {"ExclusiveStartKey": {name: {"S": text} for name, text in after.items()} | listed} if after else {}
        answer = self._query(
            "list_pk = :pk",
            {":pk": listed["list_pk"]},
            IndexName="by_tenant",
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        position = {name: last[name]["S"] for name in ("pk", "sk", "list_sk")} if last else None
        return OutcomePage(tuple(_outcome(item) for item in answer["Items"]), position)

    def _put(self, item: Item, condition: str, values: dict[str, dict[str, str]] | None = None) -> Item | None:
        """Put an item and return None, or return the item that the condition met."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **({"ExpressionAttributeValues": values} if values else {}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                found: Item = error.response["Item"]  # type: ignore[typeddict-item]  # botocore puts it beside the error
                return found
            raise Unavailable("The outcomes table did not answer.") from error
        except BotoCoreError as error:
            raise Unavailable("The outcomes table did not answer.") from error
        return None

    def _query(self, condition: str, values: dict[str, dict[str, str]], **more: Any) -> Any:
        try:
            return self._client.query(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                **more,
            )
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The outcomes table did not answer.") from error


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
