"""moto's reads, which the tests make smaller, return the items of a partition or index in the order of their keys."""

import random

import pytest

TABLE = "plain"
NUMBERS = [9, 10, -1, 2.5, 100]
"""Sort keys whose order differs from that of their texts."""
KINDS = {"pk": "S", "sk": "N", "other": "S"}
SORT_KEY = {"AttributeName": "sk", "KeyType": "RANGE"}


def item(partition, number):
    plain = {"text": {"S": "x"}, "none": {"NULL": True}, "bytes": {"B": b"\x00\xff"}, "list": {"L": [{"N": "1"}]}}
    key = {"pk": {"S": partition}, "sk": {"N": str(number)}}
    return key | {"other": {"S": f"{partition}{number > 5}"}} | plain


@pytest.fixture
def client(aws):
    """A client of a table with three partitions, whose items were written in random order, and an index."""
    client = aws("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in KINDS.items()],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, SORT_KEY],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "others",
                "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}, SORT_KEY],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    items = [item(partition, number) for partition in "cab" for number in NUMBERS]
    random.Random(1).shuffle(items)
    for each in items:
        client.put_item(TableName=TABLE, Item=each)
    return client


def query(client, value, **more):
    name = "other" if "IndexName" in more else "pk"
    return client.query(
        TableName=TABLE,
        KeyConditionExpression=f"{name} = :value",
        ExpressionAttributeValues={":value": {"S": value}},
        **more,
    )


def test_a_query_returns_its_partition_in_the_order_of_numbers(client):
    expected = [item("a", number) for number in sorted(NUMBERS)]
    assert query(client, "a")["Items"] == expected
    assert query(client, "a", ScanIndexForward=False)["Items"] == expected[::-1]
    assert query(client, "d")["Items"] == []


def test_pages_of_a_query_are_complete(client):
    first = query(client, "b", Limit=3)
    second = query(client, "b", ExclusiveStartKey=first["LastEvaluatedKey"])
    assert first["Items"] + second["Items"] == [item("b", number) for number in sorted(NUMBERS)]
    assert "LastEvaluatedKey" not in second


def test_a_query_of_an_index_finds_all_partitions(client):
    expected = [item("c", number) for number in sorted(NUMBERS) if number > 5]
    assert query(client, "cTrue", IndexName="others")["Items"] == expected


def test_a_scan_returns_all_items_in_the_order_of_keys(client):
    expected = [item(partition, number) for partition in "abc" for number in sorted(NUMBERS)]
    assert client.scan(TableName=TABLE)["Items"] == expected
