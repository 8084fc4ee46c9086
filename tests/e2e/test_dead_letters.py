"""Dead letters end to end: recorded by the schedule, listed and retried over HTTP by their tenants."""

import json
import time
import uuid

import pytest

from cli.checkout import ROOT
from models import recipe
from vigil.workers.queues import Message, SqsQueue

SCHEDULE_SECONDS = 150
PATIENCE_SECONDS = 60
JOBS = "/v1/dlq/jobs"
GIVEN_UP = "7d1e6f0a-3c52-4b1e-9a57-0c2f4d8e6b11"
"""Id of the invocation that gave up."""


@pytest.fixture(scope="module")
def chunks(stack, aws):
    """Queue of chunks. Its worker permanently refuses chunks of unknown batches."""
    return SqsQueue(aws("sqs"), stack.queues["batch_chunks"])


@pytest.fixture(scope="module")
def admins(stack, caller):
    """HTTP clients of an administrator of each demo tenant."""
    return [caller(tenant.tenant_id, "admin") for tenant in stack.tenants]


@pytest.fixture
def redrive(stack, aws):
    """Function that runs the redriver now, as its schedule does every minute."""

    def run():
        answer = aws("lambda").invoke(
            FunctionName=f"{stack.stack_name}-dead-letters-redrive", Payload=json.dumps({"id": str(uuid.uuid4())})
        )
        assert "FunctionError" not in answer, answer["Payload"].read()

    return run


def eventually(seconds, look, act=lambda: None):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        act()
        if found := look():
            return found
        time.sleep(1)
    return pytest.fail("the expected result did not arrive")


def test_a_poison_message_becomes_a_job_of_its_tenant_only(stack, chunks, admins, redrive):
    owner, other = admins
    work_id, traced = f"poison-{uuid.uuid4()}", str(uuid.uuid4())
    body = json.dumps({"batch_id": "0" * 32, "index": 0})
    chunks.send([Message(work_id, "batch.chunk", stack.tenants[0].tenant_id, traced, body)])

    def parked(attempts):
        jobs = owner.get(JOBS, params={"state": "parked", "queue": "batch-chunks"}).json()["items"]
        return next((j for j in jobs if (j["message_id"], j["attempts"]) == (work_id, attempts)), None)

    job = eventually(SCHEDULE_SECONDS, lambda: parked(0))  # the schedule alone records the job
    assert (job["cause"], job["reason"], job["correlation_id"]) == ("permanent", "not-found", traced)
    place = f"{JOBS}/{job['id']}"
    assert other.get(place).status_code == other.post(f"{place}/retry").status_code == 404
    assert other.get(JOBS).json()["items"] == []
    assert owner.post(f"{place}/retry").json()["state"] == "waiting"
    eventually(PATIENCE_SECONDS, lambda: parked(1), redrive)
    steps = [step["name"] for step in owner.get(place).json()["steps"]]
    assert steps == ["recorded", "parked", "asked", "retried", "recorded", "parked"]
    assert owner.post(f"{place}/resolve").json()["resolution"] == "by_hand"
    assert owner.delete("/v1/dlq/cleanup", params={"older_than": "0m"}).json()["removed"] >= 1
    assert owner.get(place).status_code == 404


def test_an_abandoned_stream_batch_is_published_again(stack, aws, tenants, operator, redrive):
    body = {
        "model": "wdbc",
        "subject_id": "given-up",
        "features": recipe.load_recipe("wdbc").samples(1, 1)[0]["features"],
    }
    decision_id = tenants[0].post("/v1/scores", json=body).json()["decision_id"]
    place = eventually(PATIENCE_SECONDS, lambda: place_of(aws, stack, decision_id))
    inbox = listen(aws, stack)
    letter = {"requestContext": {"requestId": GIVEN_UP}, "DDBStreamBatchInfo": place}
    aws("sqs").send_message(QueueUrl=stack.queues["events_publisher_dead_letters"], MessageBody=json.dumps(letter))

    def mine():
        jobs = operator.get(JOBS, params={"queue": "events-publisher"}).json()["items"]
        return next((job for job in jobs if job["correlation_id"] == GIVEN_UP), None)

    job = eventually(PATIENCE_SECONDS, mine, redrive)
    assert tenants[0].get(f"{JOBS}/{job['id']}").status_code == 404
    operator.post(f"{JOBS}/{job['id']}/retry")
    path = f"{JOBS}/{job['id']}"
    eventually(PATIENCE_SECONDS, lambda: operator.get(path).json()["resolution"] == "succeeded", redrive)
    assert any(decision_id in message for message in eventually(PATIENCE_SECONDS, inbox))


def place_of(aws, stack, decision_id):
    """Return the position of a decision in the ledger's stream, in Lambda's format."""
    streams = aws("dynamodbstreams")
    (found,) = streams.list_streams(TableName=stack.tables["decisions"])["Streams"]
    arn = found["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    for record in streams.get_records(ShardIterator=start["ShardIterator"])["Records"]:
        if record["dynamodb"].get("NewImage", {}).get("decision_id", {}).get("S") == decision_id:
            number = record["dynamodb"]["SequenceNumber"]
            ends = {"startSequenceNumber": number, "endSequenceNumber": number}
            return {"streamArn": arn, "shardId": shard, "batchSize": 1, **ends}
    return None


def listen(aws, stack):
    """Return a function that reads all events published on the bus from now on."""
    sqs, name = aws("sqs"), f"again-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["vigil.scoring"]})
    aws("events").put_rule(Name=name, EventBusName=stack.event_bus, EventPattern=pattern)
    aws("events").put_targets(Rule=name, EventBusName=stack.event_bus, Targets=[{"Id": "queue", "Arn": arn}])
    return lambda: [m["Body"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


def test_a_message_that_always_fails_becomes_a_dead_letter(aws):
    """The redrive policy moves it after its deliveries, here one second apart, with its body and attributes."""
    name = f"short-{uuid.uuid4().hex[:8]}"
    parameters = {"Name": name, "DataKeyArn": "alias/none", "VisibilitySeconds": "1", "MaxReceiveCount": "2"}
    parameters |= dict.fromkeys(("AlarmsTopic", "PagesTopic"), "arn:aws:sns:us-east-1:000000000000:none")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    formation = aws("cloudformation")
    formation.create_stack(StackName=name, TemplateBody=(ROOT / "infra" / "queue.yaml").read_text(), Parameters=given)
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    outputs = formation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    urls = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    queue, dead = (SqsQueue(aws("sqs"), urls[key]) for key in ("Url", "DeadLettersUrl"))
    sent = Message("work-1", "batch.chunk", "acme", "corr-1", "{}", attempts=3)
    queue.send([sent])
    deliveries = []
    (letter,) = eventually(PATIENCE_SECONDS, lambda: dead.receive(30), lambda: deliveries.extend(queue.receive(1)))
    assert letter.message() == sent
    assert len(deliveries) == 2
    formation.delete_stack(StackName=name)
