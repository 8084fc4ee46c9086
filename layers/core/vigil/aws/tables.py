"""A DynamoDB table, asked so that its stores say what they keep and not how calls fail or go on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.errors import Refused, asking
from vigil.aws.transactions import ATTEMPTS, Part, name, pause, read, transact
from vigil.errors import Unavailable

_READ = 100
"""The most that one BatchGetItem takes."""


class Table:
    """One table. `called` begins the sentence that says it did not answer: "The usage table"."""

    def __init__(self, client: Any, table: str, called: str) -> None:
        self.name = table
        self._client = client
        self._called = called

    def call(self, operation: str, **arguments: Any) -> Any:
        """Return the answer of an operation; raise Refused if its condition is not met, or Unavailable."""
        with asking(self._called):
            return getattr(self._client, operation)(TableName=self.name, **arguments)

    def done(self, operation: str, **arguments: Any) -> bool:
        """Carry out a conditional write, and return whether its condition was met."""
        try:
            self.call(operation, **arguments)
        except Refused:
            return False
        return True

    def get(self, key: Part) -> Part | None:
        """Return an item, read consistently, or None."""
        item: Part | None = self.call("get_item", Key=key, ConsistentRead=True).get("Item")
        return item

    def many(self, keys: Sequence[Part]) -> Iterator[Part]:
        """Yield the items of these keys that are there, in any order, each read consistently."""
        for start in range(0, len(keys), _READ):
            wanted: Any = {self.name: {"Keys": keys[start : start + _READ], "ConsistentRead": True}}
            for attempt in range(ATTEMPTS):
                pause(attempt)
                with asking(self._called):
                    answer = self._client.batch_get_item(RequestItems=wanted)
                yield from answer["Responses"].get(self.name, ())
                if not (wanted := answer.get("UnprocessedKeys")):
                    break
            else:
                raise Unavailable(f"{self._called} did not answer.")

    def together(self, keys: Sequence[Part]) -> list[Part]:
        """Return items as they were at one moment, in the order of their keys, empty where there is none."""
        return read(self._client, self.name, keys)

    def pages(self, operation: str, **arguments: Any) -> Iterator[Part]:
        """Yield every page of a query or a scan."""
        start: Part = {}
        while True:
            page = self.call(operation, **arguments, **start)
            yield page
            if not (last := page.get("LastEvaluatedKey")):
                return
            start = {"ExclusiveStartKey": last}

    def items(self, operation: str, **arguments: Any) -> Iterator[Part]:
        """Yield every item of a query or a scan."""
        for page in self.pages(operation, **arguments):
            yield from page["Items"]

    def page(
        self, index: str, key: tuple[str, str], after: Mapping[str, str] | None, limit: int, **arguments: Any
    ) -> tuple[list[Part], dict[str, str] | None]:
        """Return a page of what an index lists under a key (attribute and value), and the position after it.

        The position does not say the key, so that none leads to what is listed under another.
        """
        attribute, value = key[0], {"S": key[1]}
        start = {name: {"S": text} for name, text in (after or {}).items()} | {attribute: value}
        answer = self.call(
            "query",
            IndexName=index,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": attribute},
            ExpressionAttributeValues={":key": value},
            Limit=limit,
            **arguments,
            **({"ExclusiveStartKey": start} if after else {}),
        )
        last = answer.get("LastEvaluatedKey") or {}
        return answer["Items"], {name: text["S"] for name, text in last.items() if name != attribute} or None

    def transact(self, *parts: Part, token: str | None = None) -> Sequence[Part] | None:
        """Carry out all parts or none, as `transactions.transact` does; a part that names no table is of this one.

        Without a token the same parts, sent again within ten minutes, have one effect.
        """
        named = [{verb: {"TableName": self.name, **part} for verb, part in each.items()} for each in parts]
        return transact(self._client, token or name(named), named)
