"""Each fault has its documented effect on a call, and a plan repeats with its seed."""

import time

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.support.faultbed.faults import FAULTS, Crash
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import At, Seeded, inject, uniform_rates


@pytest.fixture(scope="module")
def table(bed):
    return bed.table("Access")


def item(key):
    return {"pk": {"S": key}, "sk": {"S": "x"}}


@pytest.mark.parametrize(
    ("fault", "raised", "writes"),
    [
        ("crash_before", Crash, 0),
        ("crash_after", Crash, 1),
        ("lost_reply", ReadTimeoutError, 1),
        ("unreachable", EndpointConnectionError, 0),
        ("throttled", ClientError, 0),
        ("conflict", ClientError, 0),
    ],
)
def test_a_fault_raises_before_or_after_the_call(bed, table, fault, raised, writes):
    client = inject(bed.client("dynamodb"), At(0, fault))
    with pytest.raises(raised):
        client.put_item(TableName=table, Item=item(fault))
    assert [put["pk"]["S"] for put in bed.items(table)].count(fault) == writes


def test_a_resent_call_returns_the_second_answer(bed, table):
    client = inject(bed.client("dynamodb"), At(0, "resent"))
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        client.put_item(TableName=table, Item=item("again"), ConditionExpression="attribute_not_exists(pk)")


def test_a_resent_transaction_has_the_same_token(bed, table):
    client = inject(bed.client("dynamodb"), At(0, "resent"))
    change = {
        "Key": item("counted"),
        "TableName": table,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    client.transact_write_items(TransactItems=[{"Update": change}])
    assert client.get_item(TableName=table, Key=item("counted"))["Item"]["n"] == {"N": "1"}


def test_a_conflict_lists_its_cancellation_reasons(bed, table):
    client = inject(bed.client("dynamodb"), At(0, "conflict"))
    puts = [{"Put": {"TableName": table, "Item": item(key)}} for key in ("one", "two")]
    with pytest.raises(ClientError, match="TransactionCanceledException") as caught:
        client.transact_write_items(TransactItems=puts)
    reasons = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert reasons == ["TransactionConflict", "None"]


def test_a_conflict_does_not_affect_reads(bed, table):
    client = inject(bed.client("dynamodb"), At(0, "conflict"))
    assert "Item" not in client.get_item(TableName=table, Key=item("nobody"))


def test_a_partial_fault_refuses_half_of_a_batch(bed):
    queue = bed.queue()
    sqs = inject(bed.client("sqs"), At(0, "partial"))
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(4)]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [sent["Id"] for sent in answer["Successful"]] == ["0", "2"]
    assert [failed["Id"] for failed in answer["Failed"]] == ["1", "3"]
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in received) == ["0", "2"]


def test_a_stale_fault_affects_only_eventually_consistent_reads(bed, table):
    client = inject(bed.client("dynamodb"), At(3, "stale"))
    key, reads = {"TableName": table, "Key": item("old")}, []
    for number in "01":
        client.put_item(TableName=table, Item=item("old") | {"n": {"N": number}})
        reads.append(client.get_item(**key)["Item"]["n"]["N"])
    assert reads == ["0", "0"]
    assert client.get_item(**key, ConsistentRead=True)["Item"]["n"]["N"] == "1"


def test_a_slow_call_succeeds(bed, table):
    client = inject(bed.client("dynamodb"), At(0, "slow"))
    started = time.perf_counter()
    client.put_item(TableName=table, Item=item("slow"))
    assert time.perf_counter() - started > 0.01


def test_a_seed_determines_the_faults():
    def trace(plan):
        return [plan.draw("PutItem", {}) for _ in range(500)]

    plan = Seeded(5, uniform_rates(0.05, "partial"))
    again, other = Seeded.from_json(plan.to_json()), Seeded(6, uniform_rates(0.05, "partial"))
    first = trace(plan)
    assert trace(again) == first
    assert trace(other) != first
    assert {*first} == {*FAULTS, None} - {"partial", "stale"}


def test_a_plan_respects_its_operations_and_budget():
    plan = Seeded(1, {"throttled": 1.0}, frozenset({"PutItem"}), budget=2)
    drawn = [plan.draw(operation, {}) for operation in ("GetItem", "PutItem", "PutItem", "PutItem")]
    assert drawn == [None, "throttled", "throttled", None]


def test_a_seed_determines_the_order_of_actors():
    def order(seed):
        turns, steps = Interleaving(seed), []

        def actor(name):
            for step in range(5):
                steps.append((name, step))
                turns.pause()

        turns.run([lambda: actor("a"), lambda: actor("b"), lambda: actor("c")])
        return steps

    orders = {tuple(order(seed)) for seed in range(5)}
    assert order(1) == order(1)
    assert len(orders) == 5
    assert all(sorted(steps) == [(name, step) for name in "abc" for step in range(5)] for steps in orders)
