"""Parsing of file rows, and the errors of bad rows."""

import csv
import io
import json
import struct
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.batch_rows import parse_rows
from tests.support.fakes.scoring import CONTRACT, FEATURES
from vigil.decisions.batches import fast_rows, results
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.decisions.batches.limits_model import MAX_ROW_BYTES
from vigil.decisions.batches.parsing import build_reader
from vigil.decisions.batches.row_boundaries import find_chunks
from vigil.decisions.scoring.model import EncodedSubject
from vigil.decisions.scoring.schemas import parse_subject
from vigil.errors import FieldError, InvalidInput
from vigil.prediction.features.feature_spec import FeatureSpec

pytestmark = pytest.mark.usefixtures("own_libraries")

NAMES = tuple(spec.name for spec in FEATURES)
COLUMNS = ("subject_id", *NAMES)


def rows(content, form="csv", columns=COLUMNS, contract=CONTRACT):
    read = build_reader(form, columns, contract, fast_rows.build_fast_reader)
    return [SimpleNamespace(content=own, document=held) for own, held in parse_rows(read, content)]


def numbers_only(*names):
    from dataclasses import replace

    return replace(CONTRACT, features=tuple(FeatureSpec(name, "number", name) for name in names))


def flat(subject_id, *values, contract=CONTRACT):
    """Return the encoded vector of these values."""
    row = contract.encode(dict(zip([spec.name for spec in contract.features], values, strict=True)))
    return EncodedSubject(subject_id, struct.pack(f"{len(row)}d", *row))


def wrong(row):
    (error,) = row.document.errors
    return error.field, error.message


def test_cells_become_json_values():
    (row,) = rows(b"p-1,40.5, 3 ,TRUE,II\n")
    assert row.document == flat("p-1", 40.5, 3, True, "II")
    (row,) = rows(b"p-1,+4e1,,, II\n")
    features = {"age": 40.0, "visits": None, "urban": None, "stage": " II"}
    assert row.document == {"subject_id": "p-1", "features": features}


@pytest.mark.parametrize(
    "cell", ["nan", "inf", "1_000", "0x10", "=1+1", "@A1", "-cmd", "--1", "1.2.3", "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_an_invalid_number_is_refused_without_its_value(cell):
    (row,) = rows(f"p-1,{cell},,,\n".encode())
    with pytest.raises(InvalidInput) as caught:
        CONTRACT.encode(row.document["features"])
    (error,) = caught.value.errors
    assert error.field == "features.age"
    assert cell not in f"{error.message}{error.bound}"


@pytest.mark.parametrize("cell", ["9" * 301, "1" * 200_000 + "x", "1" * 60_000 + "e+", "9" * 250_000])
def test_a_long_number_is_refused_before_its_pattern(cell):
    (row,) = rows(f"p-1,{cell},,,\n".encode())
    assert row.document.errors == (FieldError("features.age", "is too long for a number", "at most 300 characters"),)


def test_a_number_can_have_300_characters():
    (row,) = rows(b"p-1," + b"0" * 298 + b"40,,,\n")
    assert CONTRACT.encode(row.document["features"])[0] == 40


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_rows_of_only_commas_are_blank_in_csv_alone(form):
    found = rows(b"p-1,1,,,\r\n,,,,\r\n , ,\t,,\n,\np-2,2,,,\n", form)
    assert len(found) == (2 if form == "csv" else 5)


@given(
    st.lists(st.sampled_from(["p,1,,,", ",,", " , \t", "", '""', '"",",",,,', '"p\n,",2,,,', "p"]), max_size=30),
    st.integers(1, 4),
)
def test_the_parser_finds_as_many_rows_as_the_split(lines, most):
    content = "\r\n".join([*lines, ""]).encode()
    spans = find_chunks([content], "csv", ChunkRange(0, 0, 0, 1, 0), most)
    assert all(len(rows(content[span.start :][: span.length])) == span.rows for span in spans)


def test_an_empty_column_at_the_end_is_nothing():
    found = rows(b'p-1,1,,,,\n"p-2",2,,,,\r\np-3,3,,,,x\np-4,4,,,\n', columns=(*COLUMNS, ""))
    assert [row.document for row in found[:2]] == [flat(f"p-{n}", n, None, None, None) for n in (1, 2)]
    assert wrong(found[2]) == ("row", "has a value below a column without a name")
    assert wrong(found[3]) == ("row", "has another number of columns than the header")


def test_columns_that_the_model_lacks_are_left_out():
    columns = ("note", "age", "subject_id", "e-mail", "stage")
    found = rows(b'x,40,p-1,y,II\n"a,b",41,p-2,"c""d",I\nx,42,p-3,II\np-4,43,II\n', columns=columns)
    assert [row.document for row in found[:2]] == [flat("p-1", 40, None, None, "II"), flat("p-2", 41, None, None, "I")]
    assert [wrong(row)[1] for row in found[2:]] == ["has another number of columns than the header"] * 2


def test_an_empty_subject_id_is_required():
    (row,) = rows(b",40,,,\n")
    with pytest.raises(InvalidInput) as caught:
        parse_subject(row.document)
    assert [(each.field, each.message) for each in caught.value.errors] == [("subject_id", "is required")]


@pytest.mark.parametrize(
    "row", [b'{"subject_id":"a","subject_id":"b"}', b'{"subject_id":"a","features":{"age":1,"age":1}}']
)
def test_ndjson_row_with_a_member_twice_is_bad(row):
    read = build_reader("ndjson", (), CONTRACT, fast_rows.build_fast_reader)
    (_, error), (_, good) = parse_rows(read, row + b'\n{"subject_id":"c"}\n')
    assert isinstance(error, InvalidInput)
    assert error.errors[0].message == "occurs twice in one object"
    assert not isinstance(good, InvalidInput)


def test_quoted_cells_can_contain_line_feeds_commas_and_quotes():
    content = b'"p-1",40,1,true,"I"\r\n"a\r\nb,""c""",1,,,\r\np-2,2,,,\r\n'
    found = rows(content)
    assert [flat("p-1", 40, 1, True, "I"), flat("p-2", 2, None, None, None)] == [found[0].document, found[2].document]
    assert found[1].document["subject_id"] == 'a\r\nb,"c"'
    assert [row.content for row in found] == [b'"p-1",40,1,true,"I"', b'"a\r\nb,""c""",1,,,', b"p-2,2,,,"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"p-1,1\n", "has another number of columns than the header"),
        (b"p-1,1,,,,,\n", "has another number of columns than the header"),
        (b'"p-1","1,2",,\n', "has another number of columns than the header"),
        (b'p-1,"1,,,\n', "is not CSV"),
        (b'p-1,"1"x,,,\n', "is not CSV"),
        (b"p-\xff,1,,,\n", "is not UTF-8"),
        (b'"p-\xff",1,,,\n', "is not UTF-8"),
        (b"p-1," + b"1" * MAX_ROW_BYTES + b",,,\n", "is too long"),
        (b'"' + b"p" * 200_000 + b'",1,,,\n', "is not CSV"),
    ],
)
def test_a_bad_row_is_one_error(line, message):
    first, bad, *rest = rows(b"p-0,1,,,\n" + line + (b"p-2,2,,,\n" if b'"1,' not in line else b""))
    assert first.document == flat("p-0", 1, None, None, None)
    assert wrong(bad) == ("row", message)
    assert [row.document.subject_id for row in rest] in (["p-2"], [])


def test_columns_can_have_any_order_and_lack_features():
    columns = ("stage", "as_of", "subject_id", "age")
    (row,) = rows(b"II,2026-01-01T00:00:00Z,p-1,40\n", columns=columns)
    features = {"age": 40, "visits": None, "urban": None, "stage": "II"}
    assert row.document == {"subject_id": "p-1", "features": features, "as_of": "2026-01-01T00:00:00Z"}
    (row,) = rows(b"II,,p-1,40\n", columns=columns)
    assert row.document == flat("p-1", 40, None, None, "II")


def outcome(contract, document):
    document = document.to_document(contract) if isinstance(document, EncodedSubject) else document
    try:
        return document["subject_id"], repr(contract.encode(document["features"]))
    except InvalidInput as error:
        return error.errors


CELLS = st.sampled_from(
    ["", "1", "-2.5", "1e3", " 7 ", "007", ".5", "nan", "null", "true", "[1", "2]", "1]", "x", "+1", "{}"]
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5))
def test_the_fast_path_for_numbers_equals_the_slow_path(table):
    content = "".join(f"p,{','.join(row)}\n" for row in table).encode()
    quoted = "".join('"p",' + ",".join(f'"{cell}"' for cell in row) + "\n" for row in table).encode()
    contract = numbers_only("x", "y", "z")
    for columns in (("subject_id", "x", "y", "z"), ("subject_id", "z", "x", "y")):
        fast, slow = (rows(text, "csv", columns, contract) for text in (content, quoted))
        for one, other in zip(fast, slow, strict=True):
            assert outcome(contract, one.document) == outcome(contract, other.document)


def test_ndjson_has_one_object_per_line():
    found = rows(b'{"subject_id":"p"}\r\n\r\n[1]\nnot json\n\xff\n{"a":1}', "ndjson")
    assert [row.document for row in found[:2]] == [{"subject_id": "p"}, [1]]
    assert [wrong(row)[1] for row in found[2:4]] == ["is not a JSON object in UTF-8"] * 2
    assert (found[4].document, found[0].content) == ({"a": 1}, b'{"subject_id":"p"}')


def test_a_row_of_ten_megabytes_is_one_bad_row():
    found = rows(b'{"subject_id":"' + b"p" * (10 << 20) + b'"}\n{"a":1}\n', "ndjson")
    assert wrong(found[0]) == ("row", "is too long")
    assert found[1].document == {"a": 1}


def test_no_result_cell_is_a_formula():
    error = InvalidInput(FieldError("=cmd()", "@SUM(1)", "+1"))
    line = results.line_writers("csv")[1](3, "0f", error)
    (cells,) = csv.reader(io.StringIO(line))
    assert cells[-3:] == ["'=cmd()", "'@SUM(1)", "'+1"]
    assert len(cells) == len(results.COLUMNS)


def test_an_error_line_has_row_and_digest_but_no_values():
    error = InvalidInput(FieldError("features.age", "must be a number", "number"))
    line = json.loads(results.line_writers("ndjson")[1](7, "0f", error))
    told = [{"field": "features.age", "message": "must be a number", "bound": "number"}]
    assert line == {"row": 7, "input_hash": "0f", "errors": told}


ERROR = st.builds(FieldError, st.text(max_size=3000), st.text(max_size=300), st.none() | st.text(max_size=300))


@given(st.lists(ERROR, min_size=1, max_size=60))
def test_an_error_line_is_bounded_and_counts_the_rest(errors):
    for form in ("csv", "ndjson"):
        line = results.line_writers(form)[1](10_000_000, "0f" * 32, InvalidInput(*errors))
        assert len(line.encode()) <= results.MAX_ERROR_BYTES
    told = json.loads(line)
    assert 1 <= len(told["errors"]) <= results.MAX_LINE_ERRORS
    assert len(told["errors"]) + told.get("more_errors", 0) == len(errors)
