"""moto's transactions, whose copies the tests make smaller, are still undone as a whole."""

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

TABLE = "plain"


@pytest.fixture(params=[("pk",), ("pk", "sk")], ids=["partition", "partition-and-sort"])
def keys(request, aws):
    """A table with a stream; yields a function of an item's name that returns its key."""
    aws("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in request.param],
        KeySchema=[{"AttributeName": name, "KeyType": "RANGE" if name == "sk" else "HASH"} for name in request.param],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return lambda name: {attribute: {"S": name} for attribute in request.param}


def stored(aws):
    return sorted(aws("dynamodb").scan(TableName=TABLE)["Items"], key=str)


def streamed():
    """Return the number of records in the stream."""
    (account,) = dynamodb_backends.values()
    return len(account["eu-west-1"].tables[TABLE].stream_shard.items)


def changes(keys, *, needs):
    """Return an update, a deletion and a creation, and the check that an item exists."""
    counted = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    exists = {"ConditionExpression": "attribute_exists(pk)"}
    return [
        {"Update": {"TableName": TABLE, "Key": keys("a")} | counted},
        {"Delete": {"TableName": TABLE, "Key": keys("b")}},
        {"Put": {"TableName": TABLE, "Item": keys("d")}},
        {"ConditionCheck": {"TableName": TABLE, "Key": keys(needs)} | exists},
    ]


def test_a_failed_transaction_changes_no_item_and_no_stream(aws, keys):
    client = aws("dynamodb")
    for name in "abc":
        client.put_item(TableName=TABLE, Item=keys(name) | {"n": {"N": "1"}})
    before = stored(aws), streamed()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        client.transact_write_items(TransactItems=changes(keys, needs="missing"))
    assert (stored(aws), streamed()) == before
    client.transact_write_items(TransactItems=changes(keys, needs="c"))
    assert stored(aws) == [keys("a") | {"n": {"N": "2"}}, keys("c") | {"n": {"N": "1"}}, keys("d")]
    assert streamed() == before[1] + 3
