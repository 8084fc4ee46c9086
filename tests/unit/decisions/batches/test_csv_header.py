"""Headers of CSV files: causes are named, structural ones first, and the memory is bounded."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fakes.scoring import CONTRACT
from vigil.decisions.batches.csv_header import parse_header
from vigil.decisions.batches.foreign_formats import reject_foreign_format
from vigil.decisions.batches.limits_model import MAX_IGNORED_COLUMNS
from vigil.decisions.batches.row_boundaries import find_first_row
from vigil.errors import InvalidInput
from vigil.prediction.features.feature_spec import FeatureSpec

EXPORT = (Path(__file__).parent / "flow_export_header.csv").read_bytes()
"""Header of a network flow export: 79 names, one of them twice, and no subject id."""
FLOWS = replace(
    CONTRACT, features=tuple(FeatureSpec(f"f{number}", "number", f"feature {number}") for number in range(10))
)


def refusal(row, contract=CONTRACT, ignore=False):
    with pytest.raises(InvalidInput) as caught:
        parse_header(row, contract, ignore)
    return caught.value.errors


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"subject_id,age,colour", "1 unknown column"),
        (b"age,visits", "subject_id is missing"),
        (b"subject_id,age,age", "'age' occurs twice"),
        (
            b"age,age,visits,visits,shoe",
            "subject_id is missing, 'age' occurs twice, 'visits' occurs twice, and 1 unknown",
        ),
        (b"subject_id,,age", "1 column without a name"),
        (b'subject_id, "age"', "a quote follows a space: remove the spaces behind the commas and 1 unknown column"),
        (b"subject_id;age;visits", "has columns separated by semicolons; commas are needed"),
        (b"subject_id\tage", "has columns separated by tabs; commas are needed"),
        (b'"subject_id"|"age"', "has columns separated by vertical bars; commas are needed"),
        (b"sep=,", "is preceded by a line `sep=`"),
        (b"SEP=;", "is preceded by a line `sep=`"),
        (b'subject_id,"age', "is not CSV"),
        (b"subject_id,\xff", "is not UTF-8"),
        (b"subject_id," + b"," * 60_000 + b"x", "there are 60002 columns, and at most 12 are read"),
        (b'"subject_id",' + b"," * 60_000 + b"x", "has too many columns"),
    ],
)
def test_an_invalid_header_is_named(row, message):
    first, *_ = refusal(row)
    assert first.field == "header"
    assert message in first.message
    assert first.bound


def test_structural_causes_come_before_unknown_columns():
    first, *named = refusal(EXPORT, FLOWS)
    causes = "subject_id is missing, 'Fwd Header Length' occurs twice, there are 79 columns, and at most 24 are read"
    assert first.message == f"{causes}, and 78 unknown columns"
    assert named == [], "cells of a file without a header are not named"


def test_unknown_columns_are_left_out_on_request():
    row = b"note,age,note,subject_id,,"
    unnamed = ("(column 5)", "(column 6)")
    assert parse_header(row, CONTRACT, ignore_unknown=True) == ("note", "age", "note", "subject_id", *unnamed)
    first, *named = refusal(EXPORT, FLOWS, ignore=True)
    assert (first.message, named) == ("subject_id is missing", [])
    wide = b"subject_id," + b",".join(b"c%d" % number for number in range(MAX_IGNORED_COLUMNS + 6))
    assert "there are 207 columns, and at most 206 are read" in refusal(wide, ignore=True)[0].message


def test_a_header_can_have_quotes_spaces_and_empty_columns_behind():
    assert parse_header(b'"subject_id", age ,"as_of",\r\n', CONTRACT) == ("subject_id", "age", "as_of", "")
    assert parse_header(b"subject_id,age, ,\n", CONTRACT) == ("subject_id", "age", "", "")


@pytest.mark.parametrize("name", [b"", b"x"])
def test_a_header_of_commas_takes_little_memory(name):
    """The measured memory is that beyond the eight megabytes of the file's start."""
    for head in ((name + b",") * (8 << 20), (name + b",") * 30_000 + b"x\n1,2\n"):
        tracemalloc.start()
        try:
            with pytest.raises(InvalidInput):
                parse_header(find_first_row(head)[0], CONTRACT)
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("head", "form", "message"),
    [
        (b"PK\x03\x04...", "csv", "a ZIP archive or a workbook"),
        (b"PAR1", "csv", "Parquet"),
        (b"BZh9", "ndjson", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "ndjson", "Zstandard"),
        ("subject_id,age\na,1\n".encode("utf-16"), "csv", "UTF-16"),
        ("subject_id,age\na,1\n".encode("utf-16-le"), "csv", "UTF-16"),
        ('{"subject_id":"a"}\n'.encode("utf-16-be"), "ndjson", "UTF-16"),
        (b"subject_id,age\ra,50.5\r", "csv", "has lines that end in CR alone"),
        (b'{"subject_id":"a"}\r{"subject_id":"b"}\r', "ndjson", "has lines that end in CR alone"),
        (b'[{"subject_id":"a"},\n{"subject_id":"b"}]', "ndjson", "one JSON document"),
        (b'[\n  {"subject_id":"a"}\n]', "ndjson", "one JSON document"),
        (b'{\n  "subject_id": "a"\n}\n', "ndjson", "one JSON document"),
        (b"subject_id,age\na,1\n", "ndjson", "looks like CSV"),
        (b'{"subject_id":"a"}\n', "csv", "looks like JSON"),
        (b'[{"subject_id":"a"}]', "csv", "looks like JSON"),
    ],
)
def test_a_foreign_format_is_named_with_a_remedy(head, form, message):
    with pytest.raises(InvalidInput) as caught:
        reject_foreign_format(head, form)
    (error,) = caught.value.errors
    assert message in error.message
    assert error.bound


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\xef\xbb\xbfsubject_id,age\r\na,1\r\n", "csv"),
        (b'\r\n"subject_id"\r\n', "csv"),
        (b'{"a":1}\r\n[1]\n', "ndjson"),
        (b'{"subject_id":"a","features":\n', "ndjson"),
        (b"[1]\nnot json\n", "ndjson"),
        (b"", "csv"),
    ],
)
def test_text_is_accepted(head, form):
    reject_foreign_format(head, form)
