"""moto's conditions, updates and answers, which the tests make quicker, still differ with values, names and sizes."""

from contextlib import nullcontext, suppress

import pytest
from botocore.exceptions import ClientError

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table

TABLE = "plain"
KEY = {"pk": {"S": "a"}}
VALUES = {
    "map": {"M": {"list": {"L": [{"N": "1"}, {"B": b"\x00\xff"}, {"NULL": True}]}, "set": {"SS": ["x", "y"]}}},
    "flag": {"BOOL": False},
    "bytes": {"B": b"\x00"},
    "numbers": {"NS": ["1", "2"]},
}


@pytest.fixture
def client(aws):
    client = aws("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    client.put_item(TableName=TABLE, Item=KEY | VALUES | {"n": {"N": "1"}, "m": {"N": "5"}})
    return client


def add_if_below(client, name, limit, attributes=None):
    """Add one to `n` if an attribute is below a limit. Return True if it was."""
    with suppress(ConditionFailed):
        Table(client, TABLE, "The table").call(
            "update_item",
            Key=KEY,
            UpdateExpression="ADD n :one SET z = if_not_exists(z, :one)",
            ConditionExpression=f"attribute_not_exists(#other) AND ({name} < :limit OR {name} = :limit)",
            ExpressionAttributeNames={"#other": "other", **(attributes or {})},
            ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": str(limit)}},
        )
        return True
    return False


def test_equal_conditions_with_other_values_differ(client):
    assert [add_if_below(client, "n", limit) for limit in (1, 1, 2, 0)] == [True, False, True, False]
    item = client.get_item(TableName=TABLE, Key=KEY)["Item"]
    assert (item["n"], item["z"]) == ({"N": "3"}, {"N": "1"})


def test_equal_conditions_with_other_names_differ(client):
    assert [add_if_below(client, "#it", 4, {"#it": name}) for name in ("n", "m", "n")] == [True, False, True]


def test_values_of_all_types_are_returned(client):
    item = client.get_item(TableName=TABLE, Key=KEY)["Item"]
    assert {name: item[name] for name in VALUES} == VALUES


def test_only_an_item_above_400_kb_is_refused(client):
    client.put_item(TableName=TABLE, Item={"pk": {"S": "b"}, "a": {"S": "é" * 100_000}, "b": {"S": "x" * 200_000}})
    with pytest.raises(ClientError, match="Item size has exceeded"):
        client.put_item(TableName=TABLE, Item={"pk": {"S": "b"}, "a": {"S": "é" * 100_000}, "b": {"S": "x" * 205_000}})


def test_a_refused_expression_is_refused_each_time(client):
    change = {
        "TableName": TABLE,
        "Key": KEY,
        "UpdateExpression": "SET #name = :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for name, is_accepted in (("n", True), ("pk", False), ("n", True), ("pk", False)):
        with nullcontext() if is_accepted else pytest.raises(ClientError, match="part of the key"):
            client.update_item(**change, ExpressionAttributeNames={"#name": name})
