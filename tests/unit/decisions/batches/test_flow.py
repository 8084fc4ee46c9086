"""From a file to its results: every row once, with duplicate and reordered messages."""

import gzip
import json
import random
from collections import Counter

import pytest

from tests.unit.decisions.batches.world import ROWS, big, document
from vigil.decisions.batches.limits_model import LANES


def test_inline_rows_are_answered_in_order_with_named_errors(world):
    rows = [json.loads(document(n)) for n in range(5)]
    rows[3]["features"] = {"age": "forty"}
    batch = world.order(rows=rows)
    world.arrive(batch)
    world.run()
    lines = [json.loads(line) for line in world.results(batch)]
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line.get("decision") for line in lines] == ["call", "call", "call", None, "call"]
    assert lines[3]["errors"] == [{"field": "features.age", "message": "must be a number", "bound": "number"}]
    assert world.errors(batch) == [lines[3]]
    status = world.batches.get("acme", batch.batch_id)
    assert (status.batch.state, status.progress.done, status.progress.failed) == ("completed_with_errors", 5, 1)
    assert world.files.metadata[batch.output_key("results")]["correlation-id"] == "correlated"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_csv_file_gives_csv_results(world, pack):
    content = b"\xef\xbb\xbfage,subject_id,stage\r\n40,p-1,II\r\n,p-2,\r\nx,p-3,I\r\n"
    batch = world.upload(pack(content), "csv")
    world.run()
    head, *lines = [line.split(",") for line in world.results(batch)]
    assert [line[head.index("subject_id")] for line in lines] == ["p-1", "", ""]
    assert [line[head.index("error_field")] for line in lines] == ["", "features.age", "features.age"]


def test_unknown_columns_are_listed_by_the_batch_that_left_them_out(world):
    content = b"note,subject_id,age,,e-mail\r\nx,p-1,40,,y\r\n,,,,\r\n,p-2,41,z,\r\n"
    refused = world.books.get("acme", world.upload(content, "csv").batch_id)
    assert refused.reason.startswith("header: 1 column without a name and 2 unknown columns (subject_id, as_of and")
    assert [error.field for error in refused.errors] == ["header", "header.note", "header.e-mail"]
    batch = world.upload(content, "csv", ignore_unknown_columns=True)
    world.run()
    ended = world.books.get("acme", batch.batch_id)
    assert (ended.state, ended.rows) == ("completed", 2)
    assert ended.ignored_columns == ("note", "(column 4)", "e-mail")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (
            "\ufeffsubject_id;age;visits;share;dose\r\na;50,5;8;0,5;2,0\r\n".encode(),
            "separated by semicolons; commas are",
        ),
        (b"sep=,\r\nsubject_id,age,visits,share,dose\r\na,50.5,8,0.5,2\r\n", "a line `sep=` (remove this line"),
        (b"subject_id\tage\tvisits\tshare\tdose\na\t50.5\t8\t0.5\t2\n", "separated by tabs; commas are needed"),
        (b"subject_id,age,visits,share,dose\ra,50.5,8,0.5,2", "lines that end in CR"),
        ("subject_id,age,visits,share,dose\r\na,50.5,8,0.5,2\r\n".encode("utf-16-le"), "looks like UTF-16"),
    ],
    ids=["semicolons", "sep", "tabs", "CR", "UTF-16"],
)
def test_a_spreadsheets_file_fails_with_its_cause(world, content, cause):
    assert cause in world.books.get("acme", world.upload(content, "csv").batch_id).reason


def test_equal_rows_give_equal_bytes_except_for_their_keyed_digests(world):
    content = b"".join(document(n) for n in range(3))
    one, other = (world.upload(content) for _ in range(2))
    world.run()
    digests, answers = zip(*(_split_digests(world.results(batch)) for batch in (one, other)), strict=True)
    assert answers[0] == answers[1]
    assert len({digest for found in digests for digest in found}) == 6


def _split_digests(lines):
    """Return the digests of result lines, and the lines without them."""
    digests = [json.loads(line)["input_hash"] for line in lines]
    return digests, [line.replace(digest, "") for line, digest in zip(lines, digests, strict=True)]


@pytest.mark.parametrize(
    ("content", "form", "reason"),
    [
        (b"a\n", "csv", "header"),
        (b"", "ndjson", "is empty"),
        (b"\n\r\n", "ndjson", "contains no rows"),
        (b"subject_id,age\n", "csv", "contains no rows"),
        (b"PK\x03\x04", "csv", "a workbook"),
        (gzip.compress(b"x" * 99, mtime=0)[:-5], "ndjson", "broken gzip"),
    ],
)
def test_an_unreadable_file_fails_its_batch_with_the_reason(world, content, form, reason):
    fail_with_reason(world, content, form, reason)


def test_a_small_file_that_unpacks_to_too_much_fails_its_batch(world):
    fail_with_reason(world, gzip.compress(bytes(300 << 20)), "csv", "unpacks to too much")


def fail_with_reason(world, content, form, reason):
    batch = world.upload(content, form)
    ended = world.books.get("acme", batch.batch_id)
    assert (ended.state, world.outbox.sent, world.books.unfinished_ids("acme")) == ("failed", [], [])
    assert reason in ended.reason


def test_a_batch_never_has_more_than_its_lanes_in_flight(world):
    batch = big(world)
    most = 0
    while world.outbox.jobs:
        most = max(most, len(world.outbox.jobs))
        world.do(world.outbox.jobs.popleft())
    assert most == LANES
    assert world.state(batch) == "completed"
    assert len(world.results(batch)) == ROWS * 10 - 5


@pytest.mark.parametrize("seed", range(5))
def test_chunks_count_once_with_duplicate_late_or_lost_messages(world, seed):
    draws = random.Random(seed)
    batch = big(world)
    delivered = 0
    while world.outbox.jobs:
        world.outbox.jobs.rotate(draws.randrange(len(world.outbox.jobs)))
        job = world.outbox.jobs.popleft()
        sent = len(world.outbox.sent)
        world.do(job)
        delivered += 1
        if draws.random() < 0.3:  # the worker crashed before it sent a job; its message is delivered again
            for _ in range(len(world.outbox.sent) - sent):
                world.outbox.jobs.pop()
            world.outbox.jobs.append(job)
        elif draws.random() < 0.3:
            world.outbox.jobs.append(job)
    assert world.state(batch) == "completed"
    assert Counter(world.books.settled) == {("done", n): 1 for n in range(10)}
    assert [json.loads(line)["row"] for line in world.results(batch)] == list(range(1, ROWS * 10 - 4))
    assert delivered < 60  # duplicates do not multiply
