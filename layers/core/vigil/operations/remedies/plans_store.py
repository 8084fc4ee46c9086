"""Plans of actions, and versions that rollbacks have left, in the incidents table.

A plan has `pk = _operators#PLANS`, and the token of its step as `sk`. It expires 30 days after its storage.
"""

import json
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Item, Table
from vigil.kernel.tenants import OPERATORS
from vigil.operations.remedies.model import Plan, StoredPlan

_PARTITION = f"{OPERATORS}#PLANS"
_LEFT = f"{OPERATORS}#LEFT#"
_LIFE = timedelta(days=30)
"""Life of a plan. A step repeats its action for minutes only."""


class DynamoPlans:
    """Stored plans of actions."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._table = Table(client, table, "The incidents table")
        self._clock = clock

    def find(self, token: str) -> StoredPlan | None:
        """Return the plan of a token, read consistently, or None for an unknown token. Raises Unavailable."""
        item = self._table.get(_key(token))
        return _stored(item) if item else None

    def begin(self, token: str, plan: Plan) -> StoredPlan:
        """Store a plan and return it; return the stored one if the token has one. Raises Unavailable."""
        document = json.dumps({"effects": plan.effects, "facts": dict(plan.facts)}, separators=(",", ":"))
        expires = int((self._clock() + _LIFE).timestamp())
        try:
            self._table.call(
                "put_item",
                Item=_key(token) | {"plan": {"S": document}, "expires_at": {"N": str(expires)}},
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as refusal:
            return _stored(dict(refusal.item))
        return StoredPlan(plan)

    def end(self, token: str) -> None:
        """Mark the plan of a token as done. A second call has no effect. Raises Unavailable."""
        self._table.call(
            "update_item",
            Key=_key(token),
            UpdateExpression="SET done = :true",
            ExpressionAttributeValues={":true": {"BOOL": True}},
        )


class DynamoLeftVersions:
    """Versions of functions that rollbacks have left: `pk = _operators#LEFT#<function>`, `sk` is the version."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The incidents table")

    def versions(self, function: str) -> Collection[int]:
        """Return the numbers of all versions of a function that rollbacks have left. Raises Unavailable."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{_LEFT}{function}"}},
            ConsistentRead=True,
        )
        return {int(item["sk"]["S"]) for item in items}

    def leave(self, function: str, version: int) -> None:
        """Record that a rollback leaves a version. A second call has no effect. Raises Unavailable."""
        self._table.call("put_item", Item={"pk": {"S": f"{_LEFT}{function}"}, "sk": {"S": str(version)}})


def _key(token: str) -> Item:
    return {"pk": {"S": _PARTITION}, "sk": {"S": token}}


def _stored(item: Item) -> StoredPlan:
    document = json.loads(item["plan"]["S"])
    return StoredPlan(Plan(tuple(document["effects"]), document["facts"]), is_done="done" in item)
