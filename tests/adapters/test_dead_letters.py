"""The contract of the books of dead work, held by the fake and by DynamoDB alike; and dead letters on SQS."""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from random import Random

import boto3
import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.dead_letters import WORK, FakeJobs, letter
from vigil.alerting.events.model import Place
from vigil.alerting.events.store import DynamoStream
from vigil.errors import NotFound, Unavailable, Unreadable
from vigil.kernel.time import format_timestamp
from vigil.operations.dead_letters.model import OPERATORS, UNREADABLE, Filter, Job, Rules
from vigil.operations.dead_letters.store import DynamoJobs, SqsSource, StreamSource
from vigil.workers.queues import Message, SqsQueue

RULES = Rules()


def job(number=0, queue="work", tenant="acme", **more):
    clock = Clock()
    clock.advance(minutes=number)
    work = replace(WORK, id=f"work-{number}", tenant_id=tenant)
    return Job.opened(queue, letter(work, **more), RULES, clock(), Random(1))


@pytest.fixture(params=["fake", "dynamodb"])
def jobs(request):
    if request.param == "fake":
        return FakeJobs()
    return DynamoJobs(request.getfixturevalue("aws")("dynamodb"), "dead_letters")


def test_a_job_is_kept_and_read_back_whole(jobs):
    for opened in (job(), job(1, refusal="not-found")):
        assert jobs.put("acme", opened)
        assert jobs.get("acme", opened.key) == opened


def test_a_job_is_its_tenants(jobs):
    jobs.put("acme", job())
    assert jobs.get("globex", job().key) is None


def test_a_change_is_written_only_over_the_version_it_was_made_from(jobs):
    first = job()
    jobs.put("acme", first)
    assert not jobs.put("acme", first)
    one, other = first.claimed(RULES, Clock()()), first.asked("member:k", Clock()())
    assert jobs.put("acme", one)
    assert not jobs.put("acme", other)
    assert jobs.get("acme", first.key) == one


def test_a_later_version_is_not_written_where_there_is_none(jobs):
    assert not jobs.put("acme", job().claimed(RULES, Clock()()))


def test_pages_follow_one_another_latest_first(jobs):
    for number in range(5):
        jobs.put("acme", job(number))
    jobs.put("globex", job(9, tenant="globex"))
    seen, after = [], None
    while True:
        page = jobs.page("acme", Filter(), after, 2)
        seen.append([each.work.id for each in page.jobs])
        if (after := page.next) is None:
            break
    assert seen == [["work-4", "work-3"], ["work-2", "work-1"], ["work-0"]]
    assert len(jobs.page(None, Filter(), None, 10).jobs) == 6


def test_a_list_is_narrowed_by_state_queue_reason_and_age(jobs):
    kept = [job(0), job(1, "other"), job(2, refusal="not-found"), job(3)]
    for each in kept:
        jobs.put("acme", each)
    resolved = kept[3].resolved("by_hand", Clock()() + timedelta(hours=1))
    jobs.put("acme", resolved)

    def ids(wanted, tenant="acme"):
        return {each.work.id for each in jobs.page(tenant, wanted, None, 10).jobs}

    for tenant in ("acme", None):
        assert ids(Filter(), tenant) == {"work-0", "work-1", "work-2"}
        assert ids(Filter(queue="other"), tenant) == {"work-1"}
        assert ids(Filter(reason="not-found"), tenant) == ids(Filter(state="parked"), tenant) == {"work-2"}
        assert ids(Filter(state="waiting", queue="work"), tenant) == {"work-0"}
        assert ids(Filter(before=format_timestamp(Clock()() + timedelta(seconds=90))), tenant) == {"work-0", "work-1"}
        assert ids(Filter(state="resolved"), tenant) == {"work-3"}
        assert ids(Filter(state="resolved", before=resolved.changed_at), tenant) == set()


def test_only_what_is_due_is_due_and_the_longest_overdue_comes_first(jobs):
    late, soon, other = job(2), job(1), job(3, "other")
    for each in (late, soon, other, job(4, refusal="x").told()):
        jobs.put("acme", replace(each, version=1))
    due = jobs.due("work", format_timestamp(Clock()() + timedelta(days=1)), 10)
    assert [each.work.id for each in due] == ["work-1", "work-2"]
    assert [each.work.id for each in jobs.due("work", soon.due_at, 10)] == ["work-1"]
    assert jobs.due("work", format_timestamp(Clock()() - timedelta(days=1)), 10) == []


def test_only_the_very_version_is_removed(jobs):
    first = job()
    jobs.put("acme", first)
    changed = first.asked("member:k", Clock()())
    jobs.put("acme", changed)
    assert not jobs.remove("acme", first)
    assert jobs.remove("acme", changed)
    assert jobs.get("acme", first.key) is None


def test_a_page_of_few_matches_among_many_is_found(dynamodb):
    """A read evaluates 200 jobs, so these pages need two or three reads."""
    store = DynamoJobs(dynamodb, "dead_letters")
    for number in range(420):
        store.put("acme", job(number, "rare" if number in {2, 211} else "work"))
    page = store.page("acme", Filter(queue="rare"), None, 5)
    assert [each.work.id for each in page.jobs] == ["work-211", "work-2"]
    first = store.page("acme", Filter(queue="rare"), None, 1)
    assert [each.work.id for each in store.page("acme", Filter(queue="rare"), first.next, 5).jobs] == ["work-2"]


def test_a_table_that_is_away_is_unavailable(dynamodb):
    store = DynamoJobs(dynamodb, "absent")
    calls = (
        lambda: store.get("acme", "k"),
        lambda: store.put("acme", job()),
        lambda: store.page("acme", Filter(), None, 1),
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


def send_raw(body):
    """Send a body without Vigil's attributes to the dead-letter queue."""
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="work-dead")["QueueUrl"], MessageBody=body)


MESSAGE = Message(**asdict(WORK))


def test_a_letter_is_the_work_that_died(queues):
    work, dead = queues
    dead.send([MESSAGE])
    source = SqsSource("work", work, dead)
    (died,) = source.letters()
    assert (died.work, died.refusal, died.settled) == (WORK, None, False)
    source.delete([died])
    assert source.letters() == []


def test_a_letter_says_for_what_its_work_was_refused_and_whether_it_is_done(queues):
    work, dead = queues
    dead.send([MESSAGE])
    (received,) = dead.receive(0)
    dead.delete([received.handle])
    dead.quarantine(received, "not-found", MESSAGE)
    dead.settle(replace(MESSAGE, attempts=1))
    refused, settled = sorted(SqsSource("work", work, dead).letters(), key=lambda each: each.settled)
    assert (refused.work, refused.refusal) == (WORK, "not-found")
    assert (settled.work, settled.settled) == (replace(WORK, attempts=1), True)


def test_work_is_put_back_as_the_message_that_it_was(queues):
    work, dead = queues
    assert SqsSource("work", work, dead).put_back(replace(WORK, attempts=2)) is None
    (received,) = work.receive(30)
    assert received.message() == replace(MESSAGE, attempts=2)


def test_what_cannot_be_read_is_the_operators_and_goes_on_once_it_can(queues):
    work, dead = queues
    send_raw("key=part/7")
    (unread,) = SqsSource("work", work, dead).letters()
    assert (unread.work.kind, unread.work.tenant_id) == (UNREADABLE, OPERATORS)
    with pytest.raises(Unreadable):
        SqsSource("work", work, dead).put_back(unread.work)

    def read(received):
        return replace(MESSAGE, body=received.body.removeprefix("key="))

    assert SqsSource("work", work, dead, read).put_back(replace(unread.work, attempts=1)) == "sent_on"
    assert work.receive(30)[0].message() == replace(MESSAGE, body="part/7")


@pytest.fixture
def stream(aws, monkeypatch):
    """A table with a stream, and the place in it from the second to the third of four rows."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto takes an account's endpoint for DynamoDB's
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
    return streams, Place(arn, shard, numbers[1], numbers[2])


def test_a_place_in_a_stream_is_read_from_its_first_row_to_its_last(stream):
    client, place = stream
    rows = [record["dynamodb"]["NewImage"]["pk"]["S"] for record in DynamoStream(client).read(place)]
    assert rows == ["1", "2"]


def test_a_place_that_is_forgotten_is_not_found(stream):
    client, place = stream
    with pytest.raises(NotFound):
        list(DynamoStream(client).read(replace(place, stream=place.stream.replace("rows", "gone"))))


def given_up(place):
    """Return what Lambda puts on a stream's dead-letter queue."""
    batch = {"shardId": place.shard, "startSequenceNumber": place.first, "endSequenceNumber": place.last}
    batch |= {"batchSize": 2, "streamArn": place.stream, "approximateArrivalOfFirstRecord": "2026-03-01T12:00:00Z"}
    return {
        "requestContext": {"requestId": "req-1", "condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": batch,
    }


def test_a_batch_of_the_stream_is_told_of_again(queues):
    _, dead = queues
    place = Place("arn:stream", "shard-1", "100", "200")
    send_raw(json.dumps(given_up(place)))
    told = []
    source = StreamSource("events-publisher", dead, told.append)
    (died,) = source.letters()
    assert (died.work.tenant_id, died.work.correlation_id, died.work.id) == (OPERATORS, "req-1", "100-200")
    assert source.put_back(died.work) == "succeeded"
    assert [Place(**json.loads(each)) for each in told] == [place]


def test_a_batch_that_cannot_be_told_dies_again_with_its_attempts(queues):
    _, dead = queues

    def replay(_):
        raise Unavailable("away")

    place = Place("arn:stream", "shard-1", "100", "200")
    send_raw(json.dumps(given_up(place)))
    source = StreamSource("events-publisher", dead, replay)
    (died,) = source.letters()
    source.delete([died])
    with pytest.raises(Unavailable):
        source.put_back(replace(died.work, attempts=1))
    (again,) = source.letters()
    assert again.work == replace(died.work, attempts=1)


@pytest.mark.parametrize("body", ["?", "[]", "{}", '{"DDBStreamBatchInfo": {}}'])
def test_what_is_no_record_of_a_batch_is_unreadable(queues, body):
    _, dead = queues
    send_raw(body)
    (died,) = StreamSource("events-publisher", dead, print).letters()
    assert died.work.kind == UNREADABLE
