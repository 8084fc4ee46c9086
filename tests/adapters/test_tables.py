"""The table adapter that all stores share: paging, batches, conditions, transactions and error translation."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from tests.support.aws_calls import replace_calls
from vigil.aws.errors import ConditionFailed, translate_errors
from vigil.aws.tables import Table
from vigil.errors import Conflict, Unavailable

FREE = {"ConditionExpression": "attribute_not_exists(pk)"}


def key(number):
    return {"pk": {"S": "acme#b"}, "sk": {"S": f"CHUNK#{number:06}"}}


def item(number):
    return key(number) | {"list_pk": {"S": "acme"}, "list_sk": {"S": f"{number:06}"}}


@pytest.fixture
def table(dynamodb):
    return Table(dynamodb, "batches", "The batches table")


def put_items(table, count):
    for number in range(count):
        table.call("put_item", Item=item(number))


def failure(code, **more):
    return ClientError({"Error": {"Code": code}, **more}, "PutItem")


def test_an_item_is_returned_or_none(table):
    put_items(table, 1)
    assert (table.get(key(0)), table.get(key(1))) == (item(0), None)


def test_an_unmet_condition_returns_the_item_if_requested(table):
    put_items(table, 1)
    with pytest.raises(ConditionFailed) as caught:
        table.call("put_item", Item=item(0), **FREE, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.item == item(0)
    with pytest.raises(ConditionFailed) as caught:
        table.call("put_item", Item=item(0), **FREE)
    assert caught.value.item == {}


def test_a_conditional_write_returns_whether_it_was_made(table):
    assert [table.write_if("put_item", Item=item(0), **FREE) for _ in range(2)] == [True, False]


def test_a_batch_that_succeeds_records_no_outage(table, monkeypatch):
    outages = []
    monkeypatch.setattr("vigil.aws.errors.record_outage", outages.append)
    put_items(table, 2)
    assert len(list(table.get_many([key(0), key(1)]))) == 2
    assert outages == []


def test_every_page_is_read(table):
    put_items(table, 7)
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "acme#b"}}, "Limit": 3}
    assert list(table.items("query", **query)) == [item(number) for number in range(7)]
    assert [page["Count"] for page in table.pages("query", **query)] == [3, 3, 1]
    assert len(list(table.items("scan", Limit=2))) == 7


def test_a_position_continues_the_list_and_omits_its_key(table):
    put_items(table, 3)
    first, position = table.query_page("by_tenant", ("list_pk", "acme"), None, 2)
    assert set(position) == {"pk", "sk", "list_sk"}
    rest, end = table.query_page("by_tenant", ("list_pk", "acme"), position, 2)
    assert (first + rest, end) == ([item(0), item(1), item(2)], None)


def test_unprocessed_keys_are_read_again(table, dynamodb, monkeypatch):
    put_items(table, 120)

    def answer_partly(make, service, operation, arguments):
        answer = make(operation, arguments)
        found = answer["Responses"]["batches"]
        left = [{name: each[name] for name in ("pk", "sk")} for each in found[60:]]
        answer["Responses"]["batches"] = found[:60]
        return answer | ({"UnprocessedKeys": {"batches": {"Keys": left}}} if left else {})

    replace_calls(monkeypatch, answer_partly, dynamodb)
    found = list(table.get_many([key(number) for number in range(121)]))
    assert sorted(each["sk"]["S"] for each in found) == [key(number)["sk"]["S"] for number in range(120)]


def test_keys_that_remain_unprocessed_are_unavailable(table, dynamodb, monkeypatch):
    def answer_empty(make, service, operation, arguments):
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    replace_calls(monkeypatch, answer_empty, dynamodb)
    with pytest.raises(Unavailable):
        list(table.get_many([key(0)]))


def test_due_items_are_those_of_one_partition_whose_time_has_come(dynamodb):
    table = Table(dynamodb, "webhooks", "The webhooks table")
    for first, partition in ((0, "due"), (100, "other")):
        for number in range(7):
            due = {"due_pk": {"S": partition}, "due_at": {"S": f"2026-03-0{7 - number}T00:00:00Z"}}
            table.call("put_item", Item=key(first + number) | due)

    def due_days(now, limit=None):
        return [item["due_at"]["S"][9] for item in table.due_items("due", now, limit)]

    assert due_days("2026-03-05T00:00:00Z") == ["1", "2", "3", "4", "5"]
    assert due_days("2026-03-05T00:00:00Z", 3) == ["1", "2", "3"]
    assert due_days("2026-02-28T00:00:00Z", 3) == []


def test_a_query_of_due_items_has_its_limit_and_one_page(dynamodb, monkeypatch):
    calls = []

    def answer(make, service, operation, arguments):
        calls.append(arguments.get("Limit"))
        return make(operation, arguments)

    table = Table(dynamodb, "webhooks", "The webhooks table")
    for number in range(4):
        table.call("put_item", Item=key(number) | {"due_pk": {"S": "due"}, "due_at": {"S": f"2026-03-0{number + 1}"}})
    replace_calls(monkeypatch, answer, dynamodb)
    assert len(list(table.due_items("due", "2026-04", 2))) == 2
    assert calls == [2]


def test_many_items_are_deleted_and_missing_ones_ignored(table):
    put_items(table, 60)
    table.delete_many([key(number) for number in range(55)] + [key(99)])
    assert [each["sk"] for each in table.items("scan")] == [key(number)["sk"] for number in range(55, 60)]


def test_unprocessed_deletes_are_sent_again(table, dynamodb, monkeypatch):
    put_items(table, 30)

    def delete_ten(make, service, operation, arguments):
        if operation != "BatchWriteItem":
            return make(operation, arguments)
        requests = arguments["RequestItems"]["batches"]
        answer = make(operation, {"RequestItems": {"batches": requests[:10]}})
        return answer | ({"UnprocessedItems": {"batches": requests[10:]}} if requests[10:] else {})

    replace_calls(monkeypatch, delete_ten, dynamodb)
    table.delete_many([key(number) for number in range(30)])
    assert list(table.items("scan")) == []


def test_deletes_that_remain_unprocessed_are_unavailable(table, dynamodb, monkeypatch):
    def delete_none(make, service, operation, arguments):
        return {"UnprocessedItems": arguments["RequestItems"]}

    replace_calls(monkeypatch, delete_none, dynamodb)
    with pytest.raises(Unavailable, match="did not delete every item"):
        table.delete_many([key(0)])


def test_a_transaction_part_may_name_another_table(table, dynamodb):
    other = {"TableName": "outcomes", "Item": {"pk": {"S": "acme#d"}, "sk": {"S": "HOLDS"}}}
    assert table.transact({"Put": {"Item": item(0), **FREE}}, {"Put": other}) is None
    assert table.get(key(0)) == item(0)
    assert Table(dynamodb, "outcomes", "The outcomes table").get(other["Item"]) == other["Item"]
    refusal = table.transact({"Put": {"Item": item(0), **FREE}}, token="another")
    assert [reason["Code"] for reason in refusal] == ["ConditionalCheckFailed"]


def test_a_transactional_read_returns_items_in_key_order(table):
    put_items(table, 2)
    assert table.get_together([key(1), key(5), key(0)]) == [item(1), {}, item(0)]


@pytest.mark.parametrize(
    "error", [failure("ThrottlingException"), ConnectTimeoutError(endpoint_url="http://localhost")]
)
def test_a_failure_is_unavailable_with_its_cause(error):
    with pytest.raises(Unavailable, match=r"^The bucket did not answer\.$") as caught, translate_errors("The bucket"):
        raise error
    assert caught.value.__cause__ is error


def test_a_known_code_raises_its_error():
    with (
        pytest.raises(Conflict, match="There is one"),
        translate_errors("The bucket", {"Exists": Conflict("There is one.")}),
    ):
        raise failure("Exists")


def test_an_error_of_another_kind_is_not_translated():
    with pytest.raises(KeyError), translate_errors("The bucket"):
        raise KeyError("mine")
