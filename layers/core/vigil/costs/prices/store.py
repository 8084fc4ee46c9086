"""Price books in DynamoDB, all in one item collection: `pk = PRICES`, `sk = BOOK#000000002`."""

import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.costs.model import BILLED, Price, PriceBook
from vigil.costs.prices.model import FIRST
from vigil.errors import Conflict, Unavailable

_PK = {"S": "PRICES"}
_AWAY = "The costs table did not answer."


class DynamoPrices:
    """The price books of the deployment: the first one, and those that were published."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def books(self) -> Sequence[PriceBook]:
        """Return every book by its version, read consistently."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _PK},
            ConsistentRead=True,
        )
        try:
            return (FIRST, *(_book(item) for page in pages for item in page["Items"]))
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(_AWAY) from error

    def add(self, book: PriceBook) -> None:
        """Keep a book; raise Conflict if there is one of this version."""
        prices = {price.meter: [price.micros, price.per] for price in book.prices}
        item = {
            "pk": _PK,
            "sk": {"S": f"BOOK#{book.version:09}"},
            "version": {"N": str(book.version)},
            "valid_from": {"S": book.valid_from},
            "prices": {"S": json.dumps(prices)},
        }
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict("Other prices were published meanwhile.") from error
            raise Unavailable(_AWAY) from error
        except BotoCoreError as error:
            raise Unavailable(_AWAY) from error


def _book(item: Any) -> PriceBook:
    prices = json.loads(item["prices"]["S"]).items()
    return PriceBook(
        int(item["version"]["N"]),
        item["valid_from"]["S"],
        tuple(Price(meter, BILLED[meter], micros, per) for meter, (micros, per) in prices),
    )
