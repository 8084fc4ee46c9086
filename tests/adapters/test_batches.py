"""The contracts of batch store and files, for the fakes and for AWS in process."""

from dataclasses import replace

import pytest

from tests.support.fakes.batches import FakeBatchStore, FakeFiles
from vigil.aws.clients import create_client
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange, ScoredChunk
from vigil.decisions.batches.done_chunks_store import DoneChunks
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.object_store import S3Files
from vigil.decisions.batches.scored_chunks_store import ScoredChunks
from vigil.decisions.batches.store import DynamoBatches
from vigil.errors import Conflict, NotFound, Unavailable
from vigil.kernel.rows import ModelRef
from vigil.money.usage.stream_entries import chunk_entry
from vigil.runtime.settings import Settings

BATCH = Batch("acme", "bat_1", "toy", "csv", "awaiting_upload", "2026-03-01T12:00:00.000000Z", "corr", "print", 99)
SPAN = ChunkRange(0, 10, 20, 1, 5)


@pytest.fixture(params=["fake", "dynamodb"])
def books(request, dynamodb):
    return FakeBatchStore() if request.param == "fake" else DynamoBatches(dynamodb, "batches")


@pytest.fixture(params=["fake", "s3"])
def files(request, s3):
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    return FakeFiles() if request.param == "fake" else S3Files(s3, "files")


@pytest.fixture
def split(books):
    books.create(BATCH, 10)
    values = {"state": "splitting", "run": "r", "pin": ModelRef("toy", 3, "sha256:0"), "columns": ("a", "b")}
    return books.change(BATCH, ("awaiting_upload",), values)


def test_a_batch_is_read_back_complete(books, split):
    expected = replace(BATCH, state="splitting", run="r", pin=ModelRef("toy", 3, "sha256:0"), columns=("a", "b"))
    assert split == expected == books.get("acme", "bat_1")
    assert books.get("globex", "bat_1") is None


def test_an_id_is_written_once(books):
    assert books.create(BATCH, 10) is None
    assert books.create(replace(BATCH, model="other"), 10) == BATCH


def test_a_tenants_unfinished_batches_are_limited(books):
    for number in range(3):
        books.create(replace(BATCH, batch_id=f"bat_{number}"), 3)
    with pytest.raises(Conflict):
        books.create(replace(BATCH, batch_id="bat_9"), 3)
    assert books.get("acme", "bat_9") is None
    assert books.create(replace(BATCH, tenant_id="globex"), 3) is None
    assert books.unfinished_ids("acme") == ["bat_0", "bat_1", "bat_2"]
    assert books.end(BATCH, "cancelled", ended_at="now")
    assert not books.end(BATCH, "failed")
    assert books.unfinished_ids("acme") == ["bat_0", "bat_2"]
    assert books.create(replace(BATCH, batch_id="bat_9"), 3) is None


def test_a_change_requires_its_state_and_run(books, split):
    assert books.change(split, ("running",), {"state": "failed"}) is None
    assert books.change(split, ("splitting",), {"rows": 5}, "older") is None
    assert books.change(split, ("splitting",), {"rows": 5}, "r").rows == 5


def test_chunks_are_written_only_by_the_current_run(books, split):
    spans = [replace(SPAN, index=n, first_row=n + 1) for n in range(30)]
    assert not books.add_chunks(replace(split, run="older"), spans)
    whole = replace(split, chunks=30)
    assert books.chunks(whole) == []
    assert books.add_chunks(split, spans)
    assert books.chunks(whole) == [Chunk(span) for span in spans]
    assert books.chunks(replace(split, chunks=29)) == [Chunk(span) for span in spans[:29]]
    assert books.chunks(split) == []
    assert books.find_chunk("acme", "bat_1", 7) == (split, Chunk(spans[7]))
    assert books.find_chunk("acme", "bat_1", 99) is None
    assert books.find_chunk("globex", "bat_1", 7) is None
    books.change(split, ("splitting",), {"state": "cancelled"})
    assert not books.add_chunks(split, spans)


def test_a_chunk_becomes_done_once_also_after_a_loss(books, split):
    books.add_chunks(split, [SPAN])
    lost = Chunk(SPAN, "failed", failed=5, reason="given up")
    done = Chunk(SPAN, "done", scored=4, failed=1, charged=4, part_sha256="d", settled_at="2026-03-01T13")
    assert books.settle(split, lost, "waiting")
    assert not books.settle(split, done, "waiting")
    assert books.settle(split, done, "failed")
    assert not books.settle(split, done, "failed")
    assert not books.settle(split, lost, "waiting")
    assert books.chunks(replace(split, chunks=1)) == [done]


def test_finished_chunks_are_listed_by_day_and_tenant(dynamodb):
    books, settled = DynamoBatches(dynamodb, "batches"), DoneChunks(dynamodb, "batches")
    for tenant in ("acme", "globex"):
        batch = replace(BATCH, tenant_id=tenant, state="splitting", run="r", pin=ModelRef("toy", 3, "sha256:0"))
        books.create(batch, 10)
        spans = [replace(SPAN, index=n) for n in range(5)]
        books.add_chunks(batch, spans)
        for span, day in zip(spans, (1, 1, 2, 3), strict=False):
            done = Chunk(span, "done", scored=4, charged=3, part_sha256="d", settled_at=f"2026-03-0{day}T13:00:00Z")
            books.settle(batch, done, "waiting")
        lost = Chunk(spans[4], "failed", failed=5, settled_at="2026-03-01T13:00:00Z")
        books.settle(batch, lost, "waiting")
    assert [settled.count("acme", f"2026-03-0{day}") for day in (1, 2, 3, 4)] == [8, 4, 4, 0]
    entries = [chunk_entry(image) for image in settled.images("acme", "2026-03-01")]
    assert [entry.key for entry in entries] == [("acme", "bat_1.000000"), ("acme", "bat_1.000001")]
    assert {entry.hour for entry in entries} == {"2026-03-01T13"}
    assert entries[0].amounts == {"predictions": 4, "charged": 3}
    assert books.page("acme", None, 9).batches == (books.get("acme", "bat_1"),)
    with pytest.raises(Unavailable):
        DoneChunks(dynamodb, "none").count("acme", "2026-03-01")


def test_scored_chunks_are_found_by_row_and_by_time(dynamodb):
    books, scored = DynamoBatches(dynamodb, "batches"), ScoredChunks(dynamodb, "batches")
    for tenant in ("acme", "globex"):
        batch = replace(BATCH, tenant_id=tenant, state="splitting", run="r", pin=ModelRef("toy", 3, "sha256:0"))
        books.create(batch, 10)
        spans = [ChunkRange(n, 0, 9, 1 + 5 * n, 5) for n in range(4)]
        books.add_chunks(batch, spans)
        for span, moment in zip(spans, ("2026-03-01T23:59", "2026-03-02T00:00", "2026-03-03T00:00"), strict=False):
            done = Chunk(span, "done", scored_at=moment, profile=b"counts", due_weeks={"2026-W14": 5})
            assert books.settle(batch, done, "waiting")
            assert not books.settle(batch, replace(done, scored_at="2026-03-02T09:00"), "waiting")
        books.settle(batch, Chunk(spans[3], "failed", failed=5), "waiting")
    found = [scored.find("acme", "bat_1", row) for row in (1, 5, 6, 15, 16, 99)]
    assert [each and each.first_row for each in found] == [1, 1, 6, 11, None, None]
    assert found[1] == ScoredChunk(
        "bat_1", "toy", 3, 1, 5, "2026-03-01T23:59", "joins/acme/bat_1/000000", b"counts", {"2026-W14": 5}
    )
    assert [each.first_row for each in scored.between("acme", "2026-03-02", "2026-03-03")] == [6]
    assert [each.first_row for each in scored.between("acme", "2026-03-01", "2026-03-03")] == [1, 6]
    assert scored.find("initech", "bat_1", 1) is None
    places = (("acme", "bat_1"), ("globex", "bat_1"), ("acme", "bat_2"), ("initech", "bat_1"))
    assert [scored.has_batch(*place) for place in places] == [True, True, False, False]


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_a_chunk_of_a_stopped_batch_is_not_settled(books, split, state):
    books.add_chunks(split, [SPAN])
    books.end(split, state)
    assert not books.settle(split, Chunk(SPAN, "done", scored=5), "waiting")
    assert books.chunks(replace(split, chunks=1)) == [Chunk(SPAN)]


def test_batches_are_listed_newest_first(books):
    for day in range(1, 6):
        created = f"2026-03-0{day}T12:00:00.000000Z"
        books.create(replace(BATCH, batch_id=f"bat_{day}", created_at=created), 10)
    first = books.page("acme", None, 3)
    rest = books.page("acme", first.next, 3)
    assert [b.batch_id for b in (*first.batches, *rest.batches)] == ["bat_5", "bat_4", "bat_3", "bat_2", "bat_1"]
    assert rest.next is None
    assert books.page("globex", None, 3).batches == ()


def test_a_file_is_read_by_range(files):
    files.put("k", b"0123456789", {"batch": "b"})
    assert files.read("k", "", 2, 3) == b"234"
    assert files.read("k", "", 8, 100) == b"89"
    assert files.read("k", "", 10, 5) == b""
    assert files.read("k", "", 0, -1) == b"0123456789"
    with pytest.raises(NotFound):
        files.read("nothing", "", 0, 1)


def test_a_file_is_read_in_the_version_that_arrived(s3):
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="files", Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket="files", Key="k", Body=b"other")
    assert S3Files(s3, "files").read("k", version, 2, 3) == b"234"


def test_parts_become_one_file_once(files):
    upload = files.begin_upload("k", {"batch": "b"})
    files.upload_part("k", upload, 2, b"end")
    files.upload_part("k", upload, 1, b"x" * (5 << 20))
    files.complete_upload("k", upload)
    assert files.read("k", "", 0, -1) == b"x" * (5 << 20) + b"end"
    with pytest.raises(NotFound):
        files.complete_upload("k", upload)


def test_presigned_urls_are_signed_for_encrypted_buckets(aws):
    files = S3Files(create_client(Settings("dev"), "s3"), "files")
    for url in (files.upload_url("uploads/acme/bat_1/input", 60), files.download_url("k", "name.csv", 60)):
        assert url.startswith("https://files.s3.eu-west-1.amazonaws.com/")
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
        assert "X-Amz-Expires=60" in url
    assert "filename%3D%22name.csv%22" in url


class Away:
    def __getattr__(self, name):
        from botocore.exceptions import EndpointConnectionError

        def call(**_):
            raise EndpointConnectionError(endpoint_url="https://example.org")

        return call


@pytest.mark.parametrize(
    "ask",
    [
        lambda: DynamoBatches(Away(), "t").get("acme", "b"),
        lambda: DynamoBatches(Away(), "t").create(BATCH, 1),
        lambda: DynamoBatches(Away(), "t").find_chunk("acme", "b", 1),
        lambda: S3Files(Away(), "b").read("k", "", 0, 1),
        lambda: S3Files(Away(), "b").put("k", b"", {}),
    ],
)
def test_an_unavailable_service_is_reported(ask):
    with pytest.raises(Unavailable):
        ask()


def test_a_conflicting_transaction_is_retried(dynamodb):
    from botocore.exceptions import ClientError

    class Busy:
        tries = 0

        def transact_write_items(self, **arguments):
            self.tries += 1
            if self.tries < 3:
                reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
                answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
                raise ClientError(answer, "TransactWriteItems")
            return dynamodb.transact_write_items(**arguments)

    assert DynamoBatches(Busy(), "batches").create(BATCH, 1) is None
    assert DynamoBatches(dynamodb, "batches").get("acme", "bat_1") == BATCH
