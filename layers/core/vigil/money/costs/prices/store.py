"""Price books in DynamoDB, in one item collection: `pk = PRICES`, `sk = BOOK#000000002`."""

import json
from collections.abc import Sequence
from typing import Any

from vigil.aws.tables import Table
from vigil.errors import Conflict
from vigil.money.costs.model import BILLED, Price, PriceBook
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK

_PK = {"S": "PRICES"}


class DynamoPriceBooks:
    """Price books of the deployment: the first one and the published ones."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def books(self) -> Sequence[PriceBook]:
        """Return every book in order of versions, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _PK},
            ConsistentRead=True,
        )
        return (FIRST_PRICE_BOOK, *map(_book, items))

    def add(self, book: PriceBook) -> None:
        """Store a book. Raises Conflict if a book of its version exists."""
        prices = {price.meter: [price.micros, price.per] for price in book.prices}
        item = {
            "pk": _PK,
            "sk": {"S": f"BOOK#{book.version:09}"},
            "version": {"N": str(book.version)},
            "valid_from": {"S": book.valid_from},
            "prices": {"S": json.dumps(prices)},
        }
        if not self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)"):
            raise Conflict("Other prices were published at the same time; list the prices and publish again.")


def _book(item: Any) -> PriceBook:
    prices = json.loads(item["prices"]["S"]).items()
    return PriceBook(
        int(item["version"]["N"]),
        item["valid_from"]["S"],
        tuple(Price(meter, BILLED[meter], micros, per) for meter, (micros, per) in prices),
    )
