"""A DynamoDB table, with the batching, paging and error translation that all stores share."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from vigil.aws.errors import ConditionFailed, database_unavailable, translate_errors
from vigil.aws.transactions import MAX_ATTEMPTS, Part, request_token, transact, transact_get
from vigil.runtime.retries import TryAgain, retry

Item = dict[str, Any]
_MAX_BATCH_READS = 100
"""Maximum keys per BatchGetItem."""
_MAX_BATCH_WRITES = 25
"""Maximum requests per BatchWriteItem."""


class Table:
    """One DynamoDB table. `description` is the subject of its error messages: "The usage table"."""

    def __init__(self, client: Any, table: str, description: str) -> None:
        self.name = table
        self._client = client
        self._description = description

    def call(self, operation: str, **arguments: Any) -> Any:
        """Call an operation on the table and return the response.

        Raises ConditionFailed if the condition of the write is not met, and Unavailable if DynamoDB does not respond.
        """
        with translate_errors(self._description, unavailable=database_unavailable):
            return getattr(self._client, operation)(TableName=self.name, **arguments)

    def write_if(self, operation: str, **arguments: Any) -> bool:
        """Perform a conditional write and return True if its condition was met."""
        try:
            self.call(operation, **arguments)
        except ConditionFailed:
            return False
        return True

    def get(self, key: Item) -> Item | None:
        """Return an item, read consistently, or None."""
        item: Item | None = self.call("get_item", Key=key, ConsistentRead=True).get("Item")
        return item

    def get_many(self, keys: Sequence[Item]) -> Iterator[Item]:
        """Yield the existing items of these keys in any order, each read consistently."""
        for start in range(0, len(keys), _MAX_BATCH_READS):
            requests: Any = {self.name: {"Keys": keys[start : start + _MAX_BATCH_READS], "ConsistentRead": True}}
            for answer in self._batches("batch_get_item", requests, "UnprocessedKeys", "did not answer"):
                yield from answer["Responses"].get(self.name, ())

    def delete_many(self, keys: Sequence[Item]) -> None:
        """Delete the items of these keys; a missing item is no error. Raises Unavailable."""
        requests = [{"DeleteRequest": {"Key": key}} for key in keys]
        for start in range(0, len(requests), _MAX_BATCH_WRITES):
            batch = {self.name: requests[start : start + _MAX_BATCH_WRITES]}
            self._batches("batch_write_item", batch, "UnprocessedItems", "did not delete every item")

    def get_together(self, keys: Sequence[Item]) -> list[Item]:
        """Return the items of these keys as of one moment, in the order of the keys; a missing item is empty."""
        return transact_get(self._client, self.name, keys)

    def pages(self, operation: str, **arguments: Any) -> Iterator[Item]:
        """Yield every page of a query or a scan."""
        start: Item = {}
        while True:
            page = self.call(operation, **arguments, **start)
            yield page
            if not (last := page.get("LastEvaluatedKey")):
                return
            start = {"ExclusiveStartKey": last}

    def items(self, operation: str, **arguments: Any) -> Iterator[Item]:
        """Yield every item of a query or a scan."""
        for page in self.pages(operation, **arguments):
            yield from page["Items"]

    def due_items(self, partition: str, now: str, limit: int | None = None) -> Iterator[Item]:
        """Yield the items of a partition of the index `by_due` whose time has come, the longest overdue first.

        Their `due_at` is not after the timestamp `now`. They are at most `limit`, or all. Changes of the last second
        can be missing.
        """
        items = self.items(
            "query",
            IndexName="by_due",
            KeyConditionExpression="due_pk = :partition AND due_at <= :now",
            ExpressionAttributeValues={":partition": {"S": partition}, ":now": {"S": now}},
            **({"Limit": limit} if limit else {}),
        )
        return islice(items, limit)

    def query_page(
        self, index: str, key: tuple[str, str], after: Mapping[str, str] | None, limit: int, **arguments: Any
    ) -> tuple[list[Item], dict[str, str] | None]:
        """Return one page of an index partition (attribute and value), and the position of the next page or None.

        The position omits the partition key, so that it cannot lead into another partition.
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
        """Write all parts or no part, as `transactions.transact` does; a part without a table name uses this table.

        Without a token, the same parts sent again within ten minutes have one effect.
        """
        named = [{verb: {"TableName": self.name, **part} for verb, part in each.items()} for each in parts]
        return transact(self._client, token or request_token(named), named)

    def _batches(self, operation: str, requests: Any, unprocessed: str, failure: str) -> list[Item]:
        """Return the answers of a batch operation, repeated with a pause until no request is left unprocessed."""
        answers: list[Item] = []

        def attempt() -> None:
            nonlocal requests
            with translate_errors(self._description, unavailable=database_unavailable):
                answers.append(getattr(self._client, operation)(RequestItems=requests))
            if requests := answers[-1].get(unprocessed):
                raise TryAgain

        try:
            retry(attempt, attempts=MAX_ATTEMPTS, error=TryAgain(), sleep=time.sleep)
        except TryAgain as error:
            raise database_unavailable(f"{self._description} {failure}.") from error
        return answers
