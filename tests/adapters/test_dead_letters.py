"""The job store contract, for the fake and for DynamoDB; and dead letters on SQS."""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from random import Random

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.dead_letters import WORK, FakeJobStore, letter
from vigil.alerting.events.model import StreamRange
from vigil.alerting.events.store import DynamoStreamReader
from vigil.errors import NotFound, Unavailable, UnreadableMessage
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.operations.dead_letters.model import UNREADABLE, DeadLetterJob, JobFilter, RetryRules
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs, SqsSource, StreamSource
from vigil.workers.queues import Message, SqsQueue

RULES = RetryRules()


def job(number=0, queue="work", tenant="acme", **more):
    clock = Clock()
    clock.advance(minutes=number)
    work = replace(WORK, id=f"work-{number}", tenant_id=tenant)
    return DeadLetterJob.create(queue, letter(work, **more), RULES, clock(), Random(1))


@pytest.fixture(params=["fake", "dynamodb"])
def jobs(request):
    if request.param == "fake":
        return FakeJobStore()
    return DynamoDeadLetterJobs(request.getfixturevalue("aws")("dynamodb"), "dead_letters")


def test_a_job_is_stored_and_read_back_complete(jobs):
    for opened in (job(), job(1, refusal="not-found")):
        assert jobs.write("acme", opened)
        assert jobs.get("acme", opened.key) == opened


def test_a_job_belongs_to_its_tenant(jobs):
    jobs.write("acme", job())
    assert jobs.get("globex", job().key) is None


def test_a_change_is_written_only_over_its_previous_version(jobs):
    first = job()
    jobs.write("acme", first)
    assert not jobs.write("acme", first)
    one, other = first.claim(RULES, Clock()()), first.request_retry("member:k", Clock()())
    assert jobs.write("acme", one)
    assert not jobs.write("acme", other)
    assert jobs.get("acme", first.key) == one


def test_a_later_version_is_not_written_without_an_earlier_one(jobs):
    assert not jobs.write("acme", job().claim(RULES, Clock()()))


def test_pages_are_contiguous_and_latest_first(jobs):
    for number in range(5):
        jobs.write("acme", job(number))
    jobs.write("globex", job(9, tenant="globex"))
    seen, after = [], None
    while True:
        page = jobs.page("acme", JobFilter(), after, 2)
        seen.append([each.work.id for each in page.jobs])
        if (after := page.next) is None:
            break
    assert seen == [["work-4", "work-3"], ["work-2", "work-1"], ["work-0"]]
    assert len(jobs.page(None, JobFilter(), None, 10).jobs) == 6


def test_a_list_is_filtered_by_state_queue_reason_and_age(jobs):
    kept = [job(0), job(1, "other"), job(2, refusal="not-found"), job(3)]
    for each in kept:
        jobs.write("acme", each)
    resolved = kept[3].resolve("by_hand", Clock()() + timedelta(hours=1))
    jobs.write("acme", resolved)

    def ids(wanted, tenant="acme"):
        return {each.work.id for each in jobs.page(tenant, wanted, None, 10).jobs}

    for tenant in ("acme", None):
        assert ids(JobFilter(), tenant) == {"work-0", "work-1", "work-2"}
        assert ids(JobFilter(queue="other"), tenant) == {"work-1"}
        assert ids(JobFilter(reason="not-found"), tenant) == ids(JobFilter(state="parked"), tenant) == {"work-2"}
        assert ids(JobFilter(state="waiting", queue="work"), tenant) == {"work-0"}
        assert ids(JobFilter(before=format_timestamp(Clock()() + timedelta(seconds=90))), tenant) == {
            "work-0",
            "work-1",
        }
        assert ids(JobFilter(state="resolved"), tenant) == {"work-3"}
        assert ids(JobFilter(state="resolved", before=resolved.changed_at), tenant) == set()


def test_only_due_jobs_are_due_with_the_longest_overdue_first(jobs):
    late, soon, other = job(2), job(1), job(3, "other")
    for each in (late, soon, other, job(4, refusal="x").mark_notified()):
        jobs.write("acme", replace(each, version=1))
    due = jobs.due("work", format_timestamp(Clock()() + timedelta(days=1)), 10)
    assert [each.work.id for each in due] == ["work-1", "work-2"]
    assert [each.work.id for each in jobs.due("work", soon.due_at, 10)] == ["work-1"]
    assert jobs.due("work", format_timestamp(Clock()() - timedelta(days=1)), 10) == []


def test_only_the_same_version_is_deleted(jobs):
    first = job()
    jobs.write("acme", first)
    changed = first.request_retry("member:k", Clock()())
    jobs.write("acme", changed)
    assert not jobs.delete("acme", first)
    assert jobs.delete("acme", changed)
    assert jobs.get("acme", first.key) is None


def test_a_page_with_few_matches_among_many_is_found(dynamodb):
    """A read evaluates 200 jobs, so these pages need two or three reads."""
    store = DynamoDeadLetterJobs(dynamodb, "dead_letters")
    for number in range(420):
        store.write("acme", job(number, "rare" if number in {2, 211} else "work"))
    page = store.page("acme", JobFilter(queue="rare"), None, 5)
    assert [each.work.id for each in page.jobs] == ["work-211", "work-2"]
    first = store.page("acme", JobFilter(queue="rare"), None, 1)
    assert [each.work.id for each in store.page("acme", JobFilter(queue="rare"), first.next, 5).jobs] == ["work-2"]


def test_a_table_without_a_response_is_unavailable(dynamodb):
    store = DynamoDeadLetterJobs(dynamodb, "absent")
    calls = (
        lambda: store.get("acme", "k"),
        lambda: store.write("acme", job()),
        lambda: store.page("acme", JobFilter(), None, 1),
        lambda: store.due("work", "z", 1),
    )
    for call in calls:
        with pytest.raises(Unavailable):
            call()


@pytest.fixture
def queues(aws):
    """A queue and its dead-letter queue."""
    client = aws("sqs")
    return [SqsQueue(client, client.create_queue(QueueName=name)["QueueUrl"]) for name in ("work", "work-dead")]


@pytest.fixture
def send_raw(aws, queues):
    """Return a function that sends a message body to the dead-letter queue, not in Vigil's format."""
    client = aws("sqs")
    url = client.get_queue_url(QueueName="work-dead")["QueueUrl"]
    return lambda body: client.send_message(QueueUrl=url, MessageBody=body)


MESSAGE = Message(**asdict(WORK))


def test_a_letter_contains_the_failed_work(queues):
    work, dead = queues
    dead.send([MESSAGE])
    source = SqsSource("work", work, dead)
    (died,) = source.receive()
    assert (died.work, died.refusal, died.settled) == (WORK, None, False)
    source.delete([died])
    assert source.receive() == []


def test_a_letter_has_the_refusal_code_or_the_success_report(queues):
    work, dead = queues
    dead.send([MESSAGE])
    (received,) = dead.receive(0)
    dead.delete([received.handle])
    dead.quarantine(received, "not-found", MESSAGE)
    dead.send_settled(replace(MESSAGE, attempts=1))
    refused, settled = sorted(SqsSource("work", work, dead).receive(), key=lambda each: each.settled)
    assert (refused.work, refused.refusal) == (WORK, "not-found")
    assert (settled.work, settled.settled) == (replace(WORK, attempts=1), True)


def test_resent_work_equals_the_original_message(queues):
    work, dead = queues
    assert SqsSource("work", work, dead).resend(replace(WORK, attempts=2)) is None
    (received,) = work.receive(30)
    assert received.message() == replace(MESSAGE, attempts=2)


def test_unreadable_work_belongs_to_operators_and_is_sent_once_readable(queues, send_raw):
    work, dead = queues
    send_raw("key=part/7")
    (unread,) = SqsSource("work", work, dead).receive()
    assert (unread.work.kind, unread.work.tenant_id) == (UNREADABLE, OPERATORS)
    with pytest.raises(UnreadableMessage):
        SqsSource("work", work, dead).resend(unread.work)

    def read(received):
        return replace(MESSAGE, body=received.body.removeprefix("key="))

    assert SqsSource("work", work, dead, read).resend(replace(unread.work, attempts=1)) == "sent_on"
    assert work.receive(30)[0].message() == replace(MESSAGE, body="part/7")


@pytest.fixture
def stream(aws, monkeypatch):
    """A table with a stream, and the position from the second to the third of four rows."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto mistakes account endpoints for DynamoDB
    dynamodb, streams = aws("dynamodb"), aws("dynamodbstreams")
    table = dynamodb.create_table(
        TableName="rows",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for number in range(4):
        dynamodb.put_item(TableName="rows", Item={"pk": {"S": str(number)}})
    arn = table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    whole = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=whole["ShardIterator"])["Records"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return streams, StreamRange(arn, shard, numbers[1], numbers[2])


def test_a_stream_position_is_read_from_its_first_row_to_its_last(stream):
    client, place = stream
    rows = [record["dynamodb"]["NewImage"]["pk"]["S"] for record in DynamoStreamReader(client).read(place)]
    assert rows == ["1", "2"]


def test_an_expired_stream_position_is_not_found(stream):
    client, place = stream
    with pytest.raises(NotFound):
        list(DynamoStreamReader(client).read(replace(place, stream=place.stream.replace("rows", "gone"))))


def given_up(place):
    """Return Lambda's message on a stream's dead-letter queue."""
    batch = {"shardId": place.shard, "startSequenceNumber": place.first, "endSequenceNumber": place.last}
    batch |= {"batchSize": 2, "streamArn": place.stream, "approximateArrivalOfFirstRecord": "2026-03-01T12:00:00Z"}
    return {
        "requestContext": {"requestId": "0000000a-0000-4000-8000-000000000001", "condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": batch,
    }


def test_a_stream_batch_is_processed_again(queues, send_raw):
    _, dead = queues
    place = StreamRange("arn:stream", "shard-1", "100", "200")
    send_raw(json.dumps(given_up(place)))
    told = []
    source = StreamSource("events-publisher", dead, told.append)
    (died,) = source.receive()
    assert (died.work.tenant_id, died.work.correlation_id, died.work.id) == (
        OPERATORS,
        "0000000a-0000-4000-8000-000000000001",
        "100-200",
    )
    assert source.resend(died.work) == "succeeded"
    assert [StreamRange(**json.loads(each)) for each in told] == [place]


def test_a_stream_batch_that_fails_again_counts_its_attempts(queues, send_raw):
    _, dead = queues

    def replay(_):
        raise Unavailable("away")

    place = StreamRange("arn:stream", "shard-1", "100", "200")
    send_raw(json.dumps(given_up(place)))
    source = StreamSource("events-publisher", dead, replay)
    (died,) = source.receive()
    source.delete([died])
    with pytest.raises(Unavailable):
        source.resend(replace(died.work, attempts=1))
    (again,) = source.receive()
    assert again.work == replace(died.work, attempts=1)


@pytest.mark.parametrize("body", ["?", "[]", "{}", '{"DDBStreamBatchInfo": {}}'])
def test_a_message_that_is_not_a_batch_record_is_unreadable(queues, body, send_raw):
    _, dead = queues
    send_raw(body)
    (died,) = StreamSource("events-publisher", dead, print).receive()
    assert died.work.kind == UNREADABLE
