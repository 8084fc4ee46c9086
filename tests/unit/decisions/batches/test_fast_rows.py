"""The fast reader encodes valid lines like the parser, rejects all others, and never reads beyond a line."""

import json
import math
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.batch_rows import no_fast_reader, parse_rows
from tests.support.fakes.scoring import CONTRACT, FEATURES
from tests.unit.decisions.batches import fuzz_lines
from vigil.decisions.batches import fast_rows, parsing
from vigil.decisions.scoring.schemas import parse_subject
from vigil.prediction.features.feature_spec import FeatureSpec

pytestmark = pytest.mark.usefixtures("own_libraries")

NAMES = [spec.name for spec in FEATURES]
COLUMNS = ("subject_id", *NAMES)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 120), st.floats(-5, 120), st.sampled_from(["I", "III", "", "x", 10**400]),
    st.floats(allow_nan=True), st.integers(), st.lists(st.integers(), max_size=1),
)  # fmt: skip
DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
GOOD = {"age": 40.5, "visits": 3, "urban": True, "stage": "II"}
ODD = replace(CONTRACT, features=(FeatureSpec('é "1"\\', "category", "x", categories=("ä", 'a"b', "a,b", "a b", "a")),))


def build_fast_reader(contract, columns):
    """Return a reader of one line."""
    read = fast_rows.build_fast_reader(contract, columns)
    return lambda line: read([line])[0]


def contract(*specs):
    return replace(CONTRACT, features=specs)


def number(**bounds):
    return contract(FeatureSpec("x", "number", "x", **bounds))


def numbers(flat):
    return memoryview(flat.vector).cast("d").tolist()


def same(row, expected):
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(row, expected, strict=True))


@given(
    st.dictionaries(st.sampled_from([*NAMES, "colour"]), VALUES), st.sampled_from([None, (",", ":"), (" ,\t", " : ")])
)
def test_an_object_is_encoded_like_its_document(features, separators):
    line = json.dumps({"features": features, "subject_id": "p-1"}, separators=separators).encode()
    if (flat := build_fast_reader(CONTRACT, None)(line)) is not None:
        assert flat.subject_id == "p-1"
        assert same(numbers(flat), CONTRACT.encode(features))


@given(st.permutations(NAMES))
def test_most_objects_are_read(order):
    line = json.dumps({"subject_id": "p-1", "features": {name: GOOD[name] for name in order}}).encode()
    assert numbers(build_fast_reader(CONTRACT, None)(line)) == [40.5, 3.0, 1.0, 1.0]
    assert same(numbers(build_fast_reader(CONTRACT, None)(line.replace(b"true", b"null"))), [40.5, 3.0, math.nan, 1.0])


def test_an_optional_member_can_be_missing():
    read = build_fast_reader(CONTRACT, None)
    assert same(numbers(read(b'{"subject_id":"p","features":{"age":7}}')), [7, math.nan, math.nan, math.nan])
    assert read(b'{"subject_id":"p","features":{"visits":7}}') is None
    assert same(numbers(build_fast_reader(number(), None)(b'{"subject_id":"p","features":{}}')), [math.nan])


@given(DECIMALS)
@example("9007199254740993")
@example("9007199254740992")
@example("123456789012345678e-22")
@example("2.2250738585072011e-308")
@example("1.7976931348623159e308")
@example("1e18446744073709551617")
@example("18446744073709551617")
@example("0.1000000000000000055511151231257827021181583404541015625")
def test_a_number_is_the_nearest_double_in_both_formats(text):
    lines = (b"p,%s", ("subject_id", "x")), (b'{"subject_id":"p","features":{"x":%s}}', None)
    for pattern, columns in lines:
        flat = build_fast_reader(number(), columns)(pattern % text.encode())
        if flat is None:  # out of every range, too long, or a negative zero
            assert math.isinf(float(text)) or len(text) > 63 or (text[0] == "-" and not float(text))
        else:
            assert numbers(flat) == [float(text)]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_double_is_read_back_exactly(value):
    flat = build_fast_reader(number(), ("subject_id", "x"))(f"p,{value!r}".encode())
    assert flat is None or numbers(flat) == [value]
    assert flat is not None or str(value) == "-0.0"


@pytest.mark.parametrize(
    ("text", "taken"), [("1.5", True), ("-2", True), ("3e0", True), ("3.0000001", False), ("-2.1", False)]
)
def test_bounds_are_inside_the_range(text, taken):
    flat = build_fast_reader(number(minimum=-2.0, maximum=3.0), ("subject_id", "x"))(f"p,{text}".encode())
    assert (flat is not None) == taken


@pytest.mark.parametrize(
    ("text", "taken"), [("3", True), ("3.0", True), ("30e-1", True), ("3.5", False), ("51", False)]
)
def test_integers_have_no_fraction(text, taken):
    specs = (FeatureSpec("n", "integer", "n", minimum=0, maximum=50),)
    flat = build_fast_reader(contract(*specs), ("n", "subject_id"))(f"{text},p".encode())
    assert (flat is not None) == taken


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"p, 7 ,\t3,TRUE,II", [7, 3, 1, 1]),
        (b"p,7,,False ,", [7, math.nan, 0, math.nan]),
        (b"p,7,null, true,I", [7, math.nan, 1, 0]),
    ],
)
def test_cells_can_have_spaces_or_be_empty(line, row):
    assert same(numbers(build_fast_reader(CONTRACT, COLUMNS)(line)), row)


def test_columns_can_have_any_order_and_lack_features():
    read = build_fast_reader(CONTRACT, ("stage", "as_of", "subject_id", "age"))
    assert read(b"II,,p-1,40").subject_id == "p-1"
    assert same(numbers(read(b"II,,p-1,40")), [40, math.nan, math.nan, 1])
    assert read(b"II,2026-01-01T00:00:00Z,p-1,40") is None
    assert build_fast_reader(CONTRACT, ("subject_id", "stage"))(b"p-1,II") is None  # age is required


@pytest.mark.parametrize(
    "line",
    [
        b"", b"p", b"p,1,1,true", b"p,1,1,true,I,", b"p,1,1,true,IV", b"p,1,1,true, I", b"p,1,1,yes,I", b"p,+1,1,,",
        b"p,1, ,,", b"p,.5,1,,", b"p,5.,1,,", b"p,01,1,,", b"p,1e,1,,",
        b"p,1_0,1,,", b"p,0x1,1,,", b"p,nan,1,,", b"p,-,1,,", b"p,1 2,1,,",
        b'p"q,1,1,,', b"\xff,1,1,,", b"a b,1,1,,", b"p,,1,,", b"p,1}1,,,", b"p,1,1,true,I\x00",
    ],
)  # fmt: skip
def test_an_uncertain_csv_line_is_rejected(line):
    assert build_fast_reader(CONTRACT, COLUMNS)(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"subject_id":"p","features":{"age":1,"age":1}}',
        b'{"subject_id":"p","subject_id":"p"}',
        b'{"features":{"age":1},"features":{"age":1}}',
        b'{"subject_id":"p","features":{"age":1},"as_of":null}',
        b'{"subject_id":"p"}', b'{"features":{"age":1}}', b"{}", b"", b"null", b"[]",
        b'{"subject_id":7,"features":{"age":1}}',
        b'{"subject_id":"\xff","features":{"age":1}}',
        b'{"subject_id":"\\u0070","features":{"age":1}}',
        b'{"subject_id":"p","features":{"age":NaN}}',
        b'{"subject_id":"p","features":{"age":1,}}',
        b'{"subject_id":"p","features":{,"age":1}}',
        b'{"subject_id":"p","features":{"age":1}},',
        b'{"subject_id":"p","features":{"age":1}',
        b'{"subject_id":"p" "features":{"age":1}}', b'{"subject_id":"p ","features":{"age":1}}',
        b'{"subject_id":"p","features":{"age":1 "visits":1}}',
        b'{"subject_id":"p","features":{"age" 1}}',
        b'{"subject_id":"p","features":{"age":[1]}}',
        b'{"subject_id":"p","features":{"age":1,"stage":"II"x}}',
        b'{"subject_id":"p","features":null}',
        b'[{"subject_id":"p","features":{"age":1}}]',
        b'{"subject_id":"p","features":{"age":1}} x',
    ],
)  # fmt: skip
def test_an_uncertain_object_is_rejected(line):
    assert build_fast_reader(CONTRACT, None)(line) is None


@pytest.mark.parametrize("code", range(5))
def test_names_and_categories_can_be_any_text(code):
    (spec,) = ODD.features
    category = spec.categories[code]
    for ascii_only in (True, False):
        features = {"subject_id": "p", "features": {spec.name: category}}
        flat = build_fast_reader(ODD, None)(json.dumps(features, ensure_ascii=ascii_only).encode())
        assert flat is None or numbers(flat) == [code]
    assert flat is not None
    cell = build_fast_reader(ODD, ("subject_id", spec.name))(f"p,{category}".encode())
    assert (numbers(cell) if cell else None) == ([code] if category in {"ä", "a b", "a"} else None)


def test_a_category_with_a_comma_is_two_cells():
    specs = (*ODD.features, FeatureSpec("x", "number", "x"))
    assert build_fast_reader(contract(*specs), ("subject_id", specs[0].name, "x"))(b"p,a,b,1") is None


@pytest.mark.parametrize("columns", fuzz_lines.SEEDS)
def test_a_mutated_line_is_rejected_or_read_like_the_parser(columns):
    random_, plain, read = random.Random(20261121), build_fast_reader(CONTRACT, columns), 0
    parse = parsing.build_reader("csv" if columns else "ndjson", columns or (), CONTRACT, no_fast_reader)
    for _ in range(20_000):
        line = fuzz_lines.mutated(random_, random_.choice(fuzz_lines.SEEDS[columns]))
        if (flat := plain(line)) is not None:
            ((_, document),) = parse_rows(parse, line)
            found = parse_subject(document | {"subject_id": "p"})  # the scorer validates subject ids
            assert (document["subject_id"], found.history, found.as_of) == (flat.subject_id, None, None)
            assert same(numbers(flat), CONTRACT.encode(found.features)), line
            read += 1
    assert read > 1_000


@pytest.mark.parametrize("columns", [*fuzz_lines.SEEDS, ("stage", "as_of", "subject_id", "age")])
def test_lines_of_a_step_are_read_like_single_lines(columns):
    random_, read = random.Random(20261130), fast_rows.build_fast_reader(CONTRACT, columns)
    seeds = fuzz_lines.SEEDS.get(columns, [b"II,,p-1,40", b",,p-2,4e1", b"I,2026-01-01T00:00:00Z,p-3,40"])
    for _ in range(300):
        lines = [fuzz_lines.mutated(random_, random_.choice(seeds)) for _ in range(random_.randrange(1, 12))]
        assert [*read(lines)] == [read([line])[0] for line in lines]


def test_no_byte_beyond_the_end_of_a_line_is_read():
    command = [sys.executable, fuzz_lines.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    plain, others = json.loads(done.stdout)
    assert plain > 100 < others
