"""Batches end to end: over HTTP, S3, EventBridge, SQS and the workers, each with its own role."""

import gzip
import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from models import recipe
from vigil.decisions.batches.limits_model import MAX_UNFINISHED_BATCHES
from vigil.workers.queues import Message, SqsQueue

PATIENCE_SECONDS = 120
ENDED = {"completed", "completed_with_errors", "failed", "cancelled"}


@pytest.fixture(scope="module")
def rows():
    samples = recipe.load_recipe("wdbc").samples(7, 40)
    return [{name: value for name, value in sample.items() if name != "_label"} for sample in samples]


def csv_of(rows):
    names = list(rows[0]["features"])
    lines = [
        ",".join([row["subject_id"], *("" if (v := row["features"][n]) is None else repr(v) for n in names)])
        for row in rows
    ]
    return "\n".join([",".join(["subject_id", *names]), *lines, ""]).encode()


def submit(client, content, form="csv", **headers):
    batch = (
        client.post("/v1/batches", json={"model": "wdbc", "format": form}, headers=headers).raise_for_status().json()
    )
    httpx.put(batch["upload"]["url"], content=content, timeout=60, trust_env=False).raise_for_status()
    return batch["batch_id"]


def ended(client, batch_id, patience=PATIENCE_SECONDS):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        batch = client.get(f"/v1/batches/{batch_id}").raise_for_status().json()
        if batch["state"] in ENDED:
            return batch
        time.sleep(0.3)
    return pytest.fail(f"batch still {batch['state']} after {patience} s")


def fetch(client, batch_id, output="results"):
    url = client.get(f"/v1/batches/{batch_id}/{output}").raise_for_status().json()["url"]
    return httpx.get(url, trust_env=False).raise_for_status()


@pytest.fixture(scope="module", autouse=True)
def poisoned(stack, tenants, rows, aws):
    """Id of a batch whose last chunk cannot be scored, and a function that makes the chunk good.

    The redriver runs once a minute. It gives the chunk up during the other tests of this module.
    """
    many = [row | {"subject_id": f"p-{n}"} for n in range(12_500) for row in (rows[n % len(rows)],)]
    batch_id, tenant = submit(tenants[0], csv_of(many)), stack.tenants[0].tenant_id
    key = {"pk": {"S": f"{tenant}#{batch_id}"}, "sk": {"S": "CHUNK#000004"}}
    entry = {"TableName": stack.tables["batches"], "Key": key}
    table = aws("dynamodb")
    while not (item := table.get_item(**entry, ConsistentRead=True).get("Item")):
        time.sleep(0.02)

    def begin_at(start):
        values = {":start": {"N": start}}
        table.update_item(
            **entry,
            UpdateExpression="SET #s = :start",
            ExpressionAttributeNames={"#s": "start"},
            ExpressionAttributeValues=values,
        )

    begin_at("99999999")  # an offset after the end of the file: a scorer of this chunk finds other rows than the split
    return batch_id, lambda: begin_at(item["start"]["N"])


def test_rows_in_the_request_get_the_same_decisions_as_single_requests(tenants, rows):
    client, other = tenants
    asked = [*rows[:3], {"subject_id": "p", "features": {"mean_radius": 1e9}}, *rows[3:6]]
    batch = client.post("/v1/batches", json={"model": "wdbc", "rows": asked}).json()
    found = ended(client, batch["batch_id"])
    assert (found["state"], found["rows"]) == ("completed_with_errors", {"total": 7, "done": 7, "failed": 1})
    lines = [json.loads(line) for line in fetch(client, batch["batch_id"]).text.splitlines()]
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    errors = [json.loads(line) for line in fetch(client, batch["batch_id"], "errors").text.splitlines()]
    assert errors == [lines[3]]
    assert "1000000000" not in json.dumps(errors)
    alone = client.post("/v1/scores", json={"model": "wdbc", **rows[0]}).json()
    same = set(lines[0]) - {"row", "input_hash", "as_of"}
    assert {name: lines[0][name] for name in same} == {name: alone[name] for name in same}
    for path in ("", "/results", "/errors"):
        assert other.get(f"/v1/batches/{batch['batch_id']}{path}").status_code == 404


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_uploaded_file_is_scored_in_the_order_of_its_rows(tenants, rows, pack):
    (client, _) = tenants
    content = csv_of(rows).replace(b"\n", b"\r\n")
    batch_id = submit(client, pack(b"\xef\xbb\xbf" + content + b'"p-1","x\r\ny"\r\n'))
    found = ended(client, batch_id)
    assert (found["state"], found["rows"]["failed"], found["percent"]) == ("completed_with_errors", 1, 100.0)
    lines = fetch(client, batch_id).text.splitlines()
    assert [line.split(",")[2] for line in lines[1:-1]] == [row["subject_id"] for row in rows]


UNREADABLE = {
    "workbook": lambda: b"PK\x03\x04",
    "wrong-header": lambda: b"wrong,header\n1,2\n",
    "unpacks-to-too-much": lambda: gzip.compress(bytes(300 << 20)),
}
"""Functions that make an unreadable file; the last one takes a second."""


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_file_fails_the_batch_with_a_reason(tenants, kind):
    (client, _) = tenants
    found = ended(client, submit(client, UNREADABLE[kind]()))
    assert found["state"] == "failed"
    assert found["reason"].startswith(("file:", "header"))


def test_the_correlation_id_is_in_the_workers_logs_and_on_the_results(stack, tenants, rows, aws):
    (client, _) = tenants
    correlation = str(uuid.UUID(int=random.getrandbits(128)))
    batch_id = submit(client, csv_of(rows), **{"X-Correlation-Id": correlation})
    ended(client, batch_id)
    assert fetch(client, batch_id).headers["x-amz-meta-correlation-id"] == correlation
    for function, kind in (("batches-split", "arrival"), ("batches-chunk", "chunk"), ("batches-assembly", "assembly")):
        group = f"/aws/lambda/{stack.stack_name}-{function}"
        lines = aws("logs").filter_log_events(logGroupName=group, filterPattern=f'"{correlation}"')["events"]
        assert any(f'"route":"batch.{kind}"' in line["message"] and batch_id in line["message"] for line in lines)


def test_duplicate_chunk_messages_count_once(stack, tenants, rows, aws):
    (client, _) = tenants
    many = [row | {"subject_id": f"p-{n}"} for n in range(6_000) for row in (rows[n % len(rows)],)]
    batch_id = submit(client, csv_of(many))
    queue = SqsQueue(aws("sqs"), stack.queues["batch_chunks"])
    tenant = stack.tenants[0].tenant_id
    while client.get(f"/v1/batches/{batch_id}").json()["state"] in {"awaiting_upload", "splitting"}:
        time.sleep(0.2)  # a message about a chunk that does not exist yet is refused permanently
    for _ in range(3):
        queue.send(
            Message(
                f"{batch_id}.chunk.{n:06}",
                "batch.chunk",
                tenant,
                "again",
                json.dumps({"batch_id": batch_id, "index": n}),
            )
            for n in range(2)
        )
        time.sleep(1)
    found = ended(client, batch_id)
    assert (found["state"], found["rows"]) == ("completed", {"total": 6000, "done": 6000, "failed": 0})
    lines = fetch(client, batch_id).text.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [str(n) for n in range(1, 6001)]


def test_a_huge_batch_does_not_delay_another_tenants_small_batch(tenants, rows):
    greedy, small = tenants
    many = [row | {"subject_id": f"p-{n}"} for n in range(120_000) for row in (rows[n % len(rows)],)]
    huge = submit(greedy, csv_of(many))
    while greedy.get(f"/v1/batches/{huge}").json()["state"] != "running":
        time.sleep(0.2)
    mine = ended(small, submit(small, csv_of(rows)))
    other = greedy.get(f"/v1/batches/{huge}").json()
    assert mine["state"] == "completed"
    assert other["state"] == "running"
    assert other["rows"]["done"] < other["rows"]["total"]
    assert greedy.post(f"/v1/batches/{huge}/cancel", json={}).json()["state"] == "cancelled"


def test_a_file_replaced_while_its_batch_runs_is_ignored(tenants, rows):
    (client, _) = tenants
    first, second = (
        csv_of([rows[n % len(rows)] | {"subject_id": f"{name}-{n}"} for n in range(20_000)]) for name in ("a", "b")
    )
    batch = client.post("/v1/batches", json={"model": "wdbc", "format": "csv"}).raise_for_status().json()
    httpx.put(batch["upload"]["url"], content=first, timeout=60, trust_env=False).raise_for_status()
    while client.get(f"/v1/batches/{batch['batch_id']}").json()["state"] in {"awaiting_upload", "splitting"}:
        time.sleep(0.1)
    httpx.put(batch["upload"]["url"], content=second, timeout=60, trust_env=False).raise_for_status()
    assert ended(client, batch["batch_id"])["state"] == "completed"
    subjects = [line.split(",")[2] for line in fetch(client, batch["batch_id"]).text.splitlines()[1:]]
    assert subjects == [f"a-{n}" for n in range(20_000)]


def test_parallel_requests_create_at_most_the_allowed_batches(tenants):
    (_, client) = tenants
    order = {"model": "wdbc", "format": "csv"}
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/batches", json=order), range(3 * MAX_UNFINISHED_BATCHES)))
    made = [answer.json()["batch_id"] for answer in answers if answer.status_code == 202]
    assert len(made) == MAX_UNFINISHED_BATCHES
    assert {answer.status_code for answer in answers} == {202, 409}
    for batch_id in made:
        client.post(f"/v1/batches/{batch_id}/cancel", json={}).raise_for_status()
    again = client.post("/v1/batches", json=order)
    assert again.status_code == 202
    client.post(f"/v1/batches/{again.json()['batch_id']}/cancel", json={}).raise_for_status()


def test_rows_of_a_poison_chunk_are_lost_until_its_job_is_retried(tenants, operator, poisoned):
    (client, _), (batch_id, cure) = tenants, poisoned
    found = ended(client, batch_id, 4 * PATIENCE_SECONDS)  # the redriver runs once a minute
    assert (found["state"], found["lost_rows"]) == ("completed_with_errors", [[10_001, 12_500]])
    lines = fetch(client, batch_id).text.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [str(n) for n in range(1, 12_501)]
    assert all("was not scored" in line for line in lines[10_000:])

    cure()
    jobs = client.get("/v1/dlq/jobs", params={"queue": "batch-chunks"}).json()["items"]
    (job,) = (job for job in jobs if job["message_id"] == f"{batch_id}.chunk.000004")
    assert operator.post(f"/v1/dlq/jobs/{job['id']}/retry", json={}).status_code < 300
    deadline = time.monotonic() + 4 * PATIENCE_SECONDS
    while client.get(f"/v1/batches/{batch_id}").json()["state"] != "completed" and time.monotonic() < deadline:
        time.sleep(1)
    lines = fetch(client, batch_id).text.splitlines()[1:]
    assert (len(lines), [line for line in lines if "given up" in line]) == (12_500, [])
