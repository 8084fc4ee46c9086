"""Manifests in DynamoDB, files in S3, and the embedded vector store on both."""

from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

import pytest
from botocore.exceptions import EndpointConnectionError

from cli import native
from tests.conformance.vector_stores import suite
from tests.support.aws_calls import record_calls, replace_calls
from tests.support.documents import BUCKET, TABLE, create_documents
from tests.support.embedded_vectors import EmbeddedPlace
from tests.support.fakes.documents import FakeCorpora, FakeSegmentFiles
from tests.support.guidelines import passages
from tests.support.vectors import SPACE, by_numbers, passage_vector, unit
from vigil.assistant.passages.model import Passage, PassageId, Span
from vigil.assistant.retrieval.compressed_model import compress
from vigil.assistant.retrieval.corpus_store import DynamoCorpora
from vigil.assistant.retrieval.model import Corpus, Segment, Trespass
from vigil.assistant.retrieval.passage_files_store import S3PassageFiles
from vigil.assistant.retrieval.segment_keys_model import segment_key
from vigil.assistant.retrieval.segment_objects_store import SegmentObjects
from vigil.errors import NotFound, StorageFull, Unavailable

CALL_SECONDS = 2 * (0.25 + 0.5)
"""Longest time of a call: two attempts with the time limits of production."""
SLOW = ("a_tenant_never_sees_another_one", "many_active_documents_are_searched")
"""Cases with thousands of calls. The unit tests run them with the same code over stores in memory."""


@pytest.fixture(scope="module")
def library():
    native.add_to_path()


@pytest.fixture
def clients(aws):
    found = aws("dynamodb"), aws("s3")
    create_documents(*found)
    return found


@pytest.fixture
def place(clients, library):
    return EmbeddedPlace(DynamoCorpora(clients[0], TABLE), SegmentObjects(clients[1], BUCKET))


@pytest.fixture
def bench(place, monkeypatch):
    @contextmanager
    def outage():
        found = suite.Outage()

        def fail(make, service, operation, arguments):
            found.seconds += CALL_SECONDS
            raise EndpointConnectionError(endpoint_url="https://none")

        with monkeypatch.context() as patch:
            replace_calls(patch, fail)
            yield found

    return place.bench(outage)


@suite.for_each_case_but(*SLOW)
def test_store_passes(case, bench):
    case(bench)


def test_a_warm_question_is_one_call(place, monkeypatch):
    store = place.filled(*by_numbers("doc", 1, [0, 1, 2]))
    store.query("ten-a", unit(0), 3, {"doc": 1})
    calls = record_calls(monkeypatch)
    store.query("ten-a", unit(1), 3, {"doc": 1})
    assert calls == ["GetItem"]


def test_deleted_vectors_leave_no_version_of_a_file(place, clients):
    store = place.filled(*(passage_vector(*name, 1, 0) for name in (("doc", 1), ("doc", 2), ("eid", 1))))
    store.delete("ten-a", "doc", 1)
    assert place.keys() == {file.key for file in place.registered()}
    place.files.put("vectors/ten-a/doc/1-orphan.bin", b"orphan")
    store.delete_tenant("ten-a")
    assert {"Versions", "DeleteMarkers"}.isdisjoint(clients[1].list_object_versions(Bucket=BUCKET))


@pytest.fixture(params=["DynamoDB", "memory"])
def corpora(request):
    return FakeCorpora() if request.param == "memory" else request.getfixturevalue("place").corpora


def segment(folder, document_id, version, letter="a"):
    return Segment(segment_key(folder, "ten-a", document_id, version, letter * 64), document_id, version, 7)


def next_of(corpus, **values):
    return replace(corpus, revision=corpus.revision + 1, **values)


def test_a_manifest_is_read_as_it_was_stored(corpora):
    first = corpora.read("ten-a")
    assert first == Corpus("ten-a")
    files = {"passages": (segment("passages", "ü/1", 3),), "vectors": (segment("vectors", "ü/1", 3, "b"),)}
    stored = next_of(first, space=SPACE, active={"ü/1": 3, "eid": 1}, **files)
    assert corpora.replace(first, stored)
    assert corpora.read("ten-a") == stored
    assert corpora.read("ten-b") == Corpus("ten-b")
    assert corpora.replace(stored, emptied := next_of(stored, space=None, active={}, passages=(), vectors=()))
    assert corpora.read("ten-a") == emptied


def test_a_manifest_is_replaced_only_at_its_revision(corpora):
    first = corpora.read("ten-a")
    assert corpora.replace(first, second := next_of(first, active={"doc": 1}))
    assert not corpora.replace(first, next_of(first, active={"doc": 2}))
    assert corpora.replace(second, next_of(second, active={"doc": 3}))
    assert not corpora.replace(second, next_of(second, active={"doc": 4}))
    assert corpora.read("ten-a").active == {"doc": 3}


@pytest.mark.parametrize("after", [Corpus("ten-b", 1), Corpus("ten-a", 0), Corpus("ten-a", 2)])
def test_only_the_next_manifest_of_the_tenant_is_stored(corpora, after):
    with pytest.raises(ValueError, match="next one"):
        corpora.replace(corpora.read("ten-a"), after)


def test_a_manifest_above_the_size_of_an_item_is_refused(corpora):
    first = corpora.read("ten-a")
    names = [f"document-{number * 7919:032x}" for number in range(500)]
    fits = next_of(first, active=dict.fromkeys(names, 1), passages=tuple(segment("passages", n, 1) for n in names))
    assert corpora.replace(first, fits)
    digests = [f"{hash((number, 1)) & (2**256 - 1):064x}" for number in range(9_000)]
    files = tuple(Segment(segment_key("vectors", "ten-a", "doc", 1, digest), "doc", 1, 1) for digest in digests)
    with pytest.raises(StorageFull, match="too many documents"):
        corpora.replace(fits, next_of(fits, vectors=files))


def test_a_damaged_manifest_is_unavailable_and_a_foreign_one_a_trespass(place, clients):
    place.filled(passage_vector("doc", 1, 1, 0))
    key = {"pk": {"S": "ten-a"}, "sk": {"S": "CORPUS"}}
    item = clients[0].get_item(TableName=TABLE, Key=key)["Item"]
    clients[0].put_item(TableName=TABLE, Item=item | {"pk": {"S": "ten-b"}})
    with pytest.raises(Trespass):
        place.corpora.read("ten-b")
    content = item["manifest"]["B"]
    for damaged in (content[:-1], content + b"x", b"", b"{}"):
        clients[0].put_item(TableName=TABLE, Item=item | {"manifest": {"B": damaged}})
        with pytest.raises(Unavailable, match="damaged"):
            place.corpora.read("ten-a")


@pytest.fixture(params=["S3", "memory"])
def files(request):
    return FakeSegmentFiles() if request.param == "memory" else request.getfixturevalue("place").files


def test_a_file_is_read_listed_and_deleted(files):
    files.put("vectors/ten-a/doc/1-a.bin", b"0123456789")
    files.put("vectors/ten-a2/doc/1-a.bin", b"other")
    assert files.read_whole("vectors/ten-a/doc/1-a.bin") == b"0123456789"
    assert files.read("vectors/ten-a/doc/1-a.bin", 3, 4) == b"3456"
    with pytest.raises(Unavailable):
        files.read("vectors/ten-a/doc/1-a.bin", 8, 4)
    (listed,) = files.list_under("vectors/ten-a/")
    assert listed.key == "vectors/ten-a/doc/1-a.bin"
    for _ in range(2):
        files.delete([listed])
    assert [each.key for each in files.list_under("vectors/")] == ["vectors/ten-a2/doc/1-a.bin"]
    for read in (lambda key: files.read(key, 0, 1), files.read_whole):
        with pytest.raises(NotFound):
            read("vectors/ten-a/doc/1-a.bin")


TEXTS = ("Start tenofovir.", "Stop „it“ \u2028 at once.", "")
ROW = Passage(PassageId("doc", 3, 9), "a: 1; b: 2", Span(7, 17), (Span(0, 10),), ("One", "Two"), 4, "table_row")


def test_passages_are_read_as_they_were_written(files):
    written = (*passages("doc", 3, TEXTS), ROW)
    passage_files = S3PassageFiles(files)
    keys = {passage_files.write("ten-a", "doc", 3, written) for _ in range(2)}
    assert len(keys) == 2
    for key in keys:
        assert key.startswith("passages/ten-a/doc/3-")
        assert passage_files.read("ten-a", key) == written


def test_a_damaged_file_of_passages_is_unavailable(files):
    key = S3PassageFiles(files).write("ten-a", "doc", 3, passages("doc", 3, TEXTS))
    content = files.read_whole(key)
    for at in range(0, len(content), 5):
        changed = bytearray(content)
        changed[at] ^= 1
        files.put(key, bytes(changed))
        with pytest.raises(Unavailable, match="damaged"):
            S3PassageFiles(files).read("ten-a", key)


def stored(files, tenant_id, content):
    files.put(key := segment_key("passages", tenant_id, "doc", 3, sha256(content).hexdigest()), content)
    return key


def test_a_file_of_passages_of_another_tenant_is_a_trespass(files):
    key = S3PassageFiles(files).write("ten-b", "doc", 3, passages("doc", 3, TEXTS))
    with pytest.raises(Trespass):
        S3PassageFiles(files).read("ten-a", key)
    with pytest.raises(Trespass):
        S3PassageFiles(files).read("ten-a", stored(files, "ten-a", files.read_whole(key)))


def test_a_file_of_passages_that_unpacks_to_too_much_is_unavailable(files):
    bomb = compress({"tenant": "ten-a", "passages": " " * 1_000_000})
    assert len(bomb) < 2_000
    with pytest.raises(Unavailable, match="too large"):
        S3PassageFiles(files, max_bytes=1_000_000).read("ten-a", stored(files, "ten-a", bomb))


def test_a_missing_file_of_passages_is_not_found(files):
    with pytest.raises(NotFound):
        S3PassageFiles(files).read("ten-a", segment_key("passages", "ten-a", "doc", 3, "0" * 64))
