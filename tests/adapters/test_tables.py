"""A table is asked alike by every store: pages to the end, conditions that say what stood there, its own failures."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

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


def keep(table, count):
    for number in range(count):
        table.call("put_item", Item=item(number))


def failure(code, **more):
    return ClientError({"Error": {"Code": code}, **more}, "PutItem")


def test_an_item_is_returned_or_none(table):
    keep(table, 1)
    assert (table.get(key(0)), table.get(key(1))) == (item(0), None)


def test_a_refused_condition_says_what_stood_there_where_it_was_asked_for(table):
    keep(table, 1)
    with pytest.raises(ConditionFailed) as caught:
        table.call("put_item", Item=item(0), **FREE, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.item == item(0)
    with pytest.raises(ConditionFailed) as caught:
        table.call("put_item", Item=item(0), **FREE)
    assert caught.value.item == {}


def test_a_conditional_write_is_done_or_not(table):
    assert [table.write_if("put_item", Item=item(0), **FREE) for _ in range(2)] == [True, False]


def test_every_page_is_read(table):
    keep(table, 7)
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "acme#b"}}, "Limit": 3}
    assert list(table.items("query", **query)) == [item(number) for number in range(7)]
    assert [page["Count"] for page in table.pages("query", **query)] == [3, 3, 1]
    assert len(list(table.items("scan", Limit=2))) == 7


def test_a_position_leads_on_and_does_not_say_whose_list_it_is(table):
    keep(table, 3)
    first, position = table.query_page("by_tenant", ("list_pk", "acme"), None, 2)
    assert set(position) == {"pk", "sk", "list_sk"}
    rest, end = table.query_page("by_tenant", ("list_pk", "acme"), position, 2)
    assert (first + rest, end) == ([item(0), item(1), item(2)], None)


def test_many_items_are_read_however_few_a_call_takes(table, dynamodb, monkeypatch):
    keep(table, 120)
    original = dynamodb._make_api_call

    def stingy(operation, arguments):
        answer = original(operation, arguments)
        found = answer["Responses"]["batches"]
        left = [{name: each[name] for name in ("pk", "sk")} for each in found[60:]]
        answer["Responses"]["batches"] = found[:60]
        return answer | ({"UnprocessedKeys": {"batches": {"Keys": left}}} if left else {})

    monkeypatch.setattr(dynamodb, "_make_api_call", stingy)
    found = list(table.get_many([key(number) for number in range(121)]))
    assert sorted(each["sk"]["S"] for each in found) == [key(number)["sk"]["S"] for number in range(120)]


def test_what_is_never_read_is_unavailable(table, dynamodb, monkeypatch):
    def nothing(_operation, arguments):
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    monkeypatch.setattr(dynamodb, "_make_api_call", nothing)
    with pytest.raises(Unavailable):
        list(table.get_many([key(0)]))


def test_a_transaction_names_the_table_once_and_a_part_may_name_another(table, dynamodb):
    other = {"TableName": "outcomes", "Item": {"pk": {"S": "acme#d"}, "sk": {"S": "HOLDS"}}}
    assert table.transact({"Put": {"Item": item(0), **FREE}}, {"Put": other}) is None
    assert table.get(key(0)) == item(0)
    assert Table(dynamodb, "outcomes", "The outcomes table").get(other["Item"]) == other["Item"]
    refusal = table.transact({"Put": {"Item": item(0), **FREE}}, token="another")
    assert [reason["Code"] for reason in refusal] == ["ConditionalCheckFailed"]


def test_items_of_one_moment_stand_in_the_order_of_their_keys(table):
    keep(table, 2)
    assert table.get_together([key(1), key(5), key(0)]) == [item(1), {}, item(0)]


@pytest.mark.parametrize(
    "error", [failure("ThrottlingException"), ConnectTimeoutError(endpoint_url="http://localhost")]
)
def test_a_failure_is_unavailable_and_says_whose_and_keeps_its_cause(error):
    with pytest.raises(Unavailable, match=r"^The bucket did not answer\.$") as caught, translate_errors("The bucket"):
        raise error
    assert caught.value.__cause__ is error


def test_a_known_code_is_the_error_that_it_was_given():
    with (
        pytest.raises(Conflict, match="There is one"),
        translate_errors("The bucket", {"Exists": Conflict("There is one.")}),
    ):
        raise failure("Exists")


def test_an_error_of_ones_own_passes():
    with pytest.raises(KeyError), translate_errors("The bucket"):
        raise KeyError("mine")
