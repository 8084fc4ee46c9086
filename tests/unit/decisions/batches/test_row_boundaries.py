"""Chunks contain whole rows, each row once, for any division of a file into ranges."""

import csv
import gzip
import io
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.decisions.batches import limits_model, row_boundaries
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.row_boundaries import find_chunks, find_first_row
from vigil.decisions.batches.unpacking import unpack_gzip
from vigil.errors import InvalidInput

START = ChunkRange(0, 0, 0, 1, 0)
CELL = st.text(st.sampled_from('ab1,"\r\n 5é='), max_size=6)


def blocks(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


def written(rows, ending):
    text = io.StringIO()
    bare = any("\r" in cell for row in rows for cell in row)  # the writer would not quote it
    csv.writer(text, lineterminator=ending, quoting=csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue().encode()


@given(
    st.lists(st.lists(CELL, min_size=2, max_size=3), max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 40),
    st.integers(1, 7),
    st.booleans(),
)
def test_csv_rows_end_where_the_standard_librarys_reader_ends_them(rows, ending, block, most, cut):
    content = written([row for row in rows if "".join(row).strip(" ")], ending)  # rows of only commas are blank
    content = content.removesuffix(b"\n") if cut else content
    known = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if row]
    spans = list(find_chunks(blocks(content, block), "csv", START, most))
    found = []
    for span in spans:
        text = content[span.start : span.start + span.length].decode()
        chunk = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        assert (len(chunk), len(found) + 1) == (span.rows, span.first_row)
        found += chunk
    assert found == known
    assert all(span.rows == most for span in spans[:-1])
    assert [span.index for span in spans] == list(range(len(spans)))


@given(st.lists(st.sampled_from([b"{}", b"", b"\r", b'"', b"1,2"]), max_size=40), st.integers(1, 9), st.integers(1, 5))
def test_ndjson_lines_are_rows_except_blank_ones(lines, block, most):
    content = b"".join(line + b"\n" for line in lines)
    spans = list(find_chunks(blocks(content, block), "ndjson", START, most))
    assert sum(span.rows for span in spans) == sum(line not in {b"", b"\r"} for line in lines)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 50))
def test_a_continued_split_finds_the_same_chunks(rows, most, stop):
    content = b"".join(b'%d,"a\nb"\n' % n for n in range(rows))
    whole = list(find_chunks([content], "csv", START, most))
    at = min(stop, len(whole)) - 1
    rest = find_chunks(blocks(content[whole[at].next_empty().start :], 5), "csv", whole[at], most)
    assert whole[: at + 1] + list(rest) == whole


def test_a_chunk_ends_with_the_row_that_fills_it():
    row = b"x" * (limits_model.CHUNK_BYTES // 2 + 1) + b"\n"
    assert [span.rows for span in find_chunks([row * 5], "ndjson", START, 10_000)] == [2, 2, 1]


@pytest.mark.parametrize("content", [b'"never closed\n' + b"x\n" * 9_000_000, b"x" * (17 << 20)])
def test_a_row_without_an_end_names_row_and_limit(content):
    with pytest.raises(InvalidInput) as caught:
        list(find_chunks(blocks(b"1,2\n" + content, 8 << 20), "csv", START, 10_000))
    assert "row 2 does not end" in caught.value.errors[0].message
    assert str(limits_model.FATAL_ROW_BYTES) in caught.value.errors[0].bound


def test_too_many_rows_name_the_limit(monkeypatch):
    monkeypatch.setattr(row_boundaries, "MAX_BATCH_ROWS", 100)
    assert sum(span.rows for span in find_chunks([b"{}\n" * 100], "ndjson", START, 50)) == 100
    with pytest.raises(InvalidInput, match="too many rows"):
        list(find_chunks([b"{}\n" * 101], "ndjson", START, 50))


def test_an_unclosed_quote_is_part_of_the_last_row():
    (span,) = find_chunks([b'1,2\n3,"4\n5,6\n'], "csv", START, 10)
    assert span.rows == 2


def test_a_quote_inside_an_unquoted_cell_is_a_character():
    assert [span.rows for span in find_chunks([b'1,5" pipe\n2,x\n'], "csv", START, 1)] == [1, 1]


def test_the_header_can_be_quoted_and_follow_blank_lines():
    assert find_first_row(b'\r\n"a\nb",c\n1,2\n') == (b'"a\nb",c\n', 10)
    with pytest.raises(InvalidInput, match="header"):
        find_first_row(b'"a,b\n1,2\n')


@pytest.mark.parametrize("start", [b"", b"\n" * 9, b",,,\r\n"])
def test_a_header_of_more_than_64_kb_is_refused(start):
    with pytest.raises(InvalidInput, match="header: is too long"):
        find_first_row(start + b"," * (8 << 20))
    row = b"a" * limits_model.MAX_HEADER_BYTES + b"\n"
    assert find_first_row(start + row)[0] == row
    with pytest.raises(InvalidInput, match="header: is too long"):
        find_first_row(start + b"a" + row)


def test_a_million_blank_lines_before_the_header_take_a_second():
    started = time.process_time()
    assert find_first_row(b"\n" * 1_000_000 + b"a,b\n") == (b"a,b\n", 1_000_004)
    assert time.process_time() - started < 5


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50), st.integers(0, 600))
def test_gzip_is_unpacked_member_by_member(members, block, padding):
    packed = b"".join(gzip.compress(member) + bytes(padding) for member in members)
    assert b"".join(unpack_gzip(blocks(packed, block))) == b"".join(members)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked():
    steps, bomb = 0, zlib.compressobj(9, wbits=31)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    with pytest.raises(InvalidInput, match="unpacks to too much"):  # noqa: PT012 - the counter needs the whole block
        for text in unpack_gzip(blocks(packed, 1 << 10)):
            assert len(text) <= 1 << 20
            steps += 1
    assert steps < 4


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"abc" * 99)[:-4], b"\x1f\x8bnothing", gzip.compress(b"a") + b"junk"],
    ids=["cut off", "no header", "junk behind"],
)
def test_broken_gzip_is_named(packed):
    with pytest.raises(InvalidInput, match="broken gzip"):
        list(unpack_gzip([packed]))
