"""A bad row is a person's if it contains the id in any place, however the row is broken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.batch_rows import person_rows_of
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.join_files import readable
from tests.unit.decisions.batches.world import World, document
from vigil.decisions.batches.possible_ids import find_possible_ids
from vigil.decisions.batches.subject_rows import POSSIBLE_ROW, SubjectRows
from vigil.errors import Conflict
from vigil.kernel.time import format_timestamp
from vigil.privacy.persons.model import Person

NAME, CANARY = "jane-roe.7", "CANARY"
SEPARATORS = st.sampled_from([";", "\t", "|", " ", ";;", " ; ", '";"', "; '", "/", ":"])
PREFIXES = st.sampled_from(["", " ", "'", "=", "patient ", "x;", "1;", "\u00e9 ", "(", "id: ", "id:", "\ufeff"])
SUFFIXES = st.sampled_from(["", " ", "'", ")", ".", ":", " x"])
HEAD = "subject_id,age,stage\n"


@st.composite
def bad_csv_rows(draw):
    """Return a row of one or two cells, which a header of three columns refuses."""
    separator = draw(SEPARATORS)
    cells = [draw(PREFIXES) + NAME + draw(SUFFIXES), "40", CANARY]
    row = separator.join(draw(st.permutations(cells)))
    quotes = draw(st.sampled_from(["", "whole", "id", "first"]))
    if quotes == "whole" and '"' not in row:
        row = f'"{row}"'
    elif quotes == "id":
        row = row.replace(NAME, f'"{NAME}"')
    elif quotes == "first":
        row = row.replace(NAME, f'"{NAME[0]}"{NAME[1:]}')
    return row + draw(st.sampled_from(["", ",II", "\r"]))


@st.composite
def bad_json_rows(draw):
    """Return a JSON row without some of its quotes, braces or colons, or cut at its end."""
    row = json.dumps({"subject_id": NAME, "features": {"stage": CANARY, "age": 40}})
    kind = draw(st.sampled_from(["quotes", "single", "prefix", "cut", "bare", "escaped", "member"]))
    prefix = draw(PREFIXES.filter(str.strip).filter(lambda text: text != "\ufeff"))
    return {
        "quotes": row.replace('"', ""),
        "single": row.replace('"', "'"),
        "prefix": f"{prefix}{row}",
        "cut": row[: draw(st.integers(row.index(NAME) + len(NAME), len(row) - 1))],
        "bare": draw(SEPARATORS).join([NAME, "40", CANARY]),
        "escaped": row.replace(NAME, f"\\n{NAME[0]}\\u{ord(NAME[1]):04x}{NAME[2:]}")[:-1],
        "member": row.replace("subject_id", "patient"),
    }[kind]


def erase(world, person):
    rows = person_rows_of(world.books, world.files, world.clock)
    for _ in range(20):
        try:
            found = keys = rows.find(person, None).keys
            while keys:
                keys = rows.delete(person, keys)
        except Conflict:
            found = None
        if found == ():
            return
        world.clock.advance(minutes=1)
    pytest.fail("the erasure did not end")


def texts(world):
    stored = [(key, each) for key, versions in world.files.objects.items() for each in versions if each]
    return "".join(readable(key, each, tenant_key) for key, each in stored)


@pytest.mark.parametrize(("form", "bad_rows"), [("csv", bad_csv_rows()), ("ndjson", bad_json_rows())])
@given(data=st.data())
def test_an_erasure_from_a_running_batch_leaves_no_bad_row(form, bad_rows, data):
    rows = data.draw(st.lists(bad_rows, min_size=1, max_size=4))
    other = document(1).decode() if form == "ndjson" else "p-1,40,II\n"
    world = World()
    batch = world.upload(((HEAD if form == "csv" else "") + other + "\n".join([*rows, other])).encode(), form)
    world.clock.advance(minutes=1)
    erase(world, Person("acme", tenant_key("acme").pseudonym(NAME), format_timestamp(world.clock())))
    assert world.state(batch) == "running"
    assert not [text for text in (NAME, CANARY) if text in texts(world)]
    assert texts(world).count(other.strip()) == 2
    world.run()
    lines = world.results(batch)[form == "csv" :]
    assert ["was erased" in line for line in lines] == [False, *[True] * len(rows), False]
    assert not [text for text in (NAME, CANARY) if text in texts(world)]


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("csv", f"joe-doe,40,{NAME}"),
        ("csv", f'"joe-doe",1000,"{NAME}"'),
        ("csv", f"{NAME}1;40;II"),
        ("csv", f"x{NAME};40;II"),
        ("ndjson", f'{{"subject_id":"joe-doe","features":{{"stage":"{NAME}"}}}}'),
        ("ndjson", f'{{"subject_id":"joe-doe","{NAME}":NaN}}'),
    ],
)
def test_a_row_with_the_id_of_another_person_is_not_the_persons(form, row):
    assert SubjectRows(form, ("subject_id", "age", "stage"), NAME.__eq__).match(row.encode()) is None


@pytest.mark.parametrize("row", [f"joe\u00e9,40,{NAME}", f",40,{NAME}", f"joe doe,40,{NAME}"])
def test_a_row_with_a_malformed_id_belongs_to_all_ids_in_it(row):
    assert SubjectRows("csv", ("subject_id", "age", "stage"), NAME.__eq__).match(row.encode()) == POSSIBLE_ROW


def test_a_row_that_is_not_utf8_belongs_to_all_ids_in_it():
    row = f"joe-doe,\u00e9 {NAME},II".encode("latin-1")
    assert SubjectRows("csv", ("subject_id", "age", "stage"), NAME.__eq__).match(row) is not None


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@given(text=st.text(alphabet='aB1.:-_@"\\;, {}u0e'))
def test_the_possible_ids_of_a_row_are_bounded_by_its_length(form, text):
    found = list(find_possible_ids(form, text))
    assert len(found) <= 2 * len(text)
    assert all(0 < len(each) <= 128 for each in found)


@pytest.mark.parametrize(
    "row",
    [
        '{"subject_id":"joe-doe","features":{"age":40},"subject_id":"%s"}',
        '{"subject_id":["joe-doe","%s"],"features":{"age":40}}',
        '{"subject_id":{"a":"joe-doe","b":"%s"},"features":{"age":40}}',
    ],
)
def test_a_row_with_several_ids_is_shown_to_none_of_their_persons(row):
    for name in ("joe-doe", NAME):
        assert SubjectRows("ndjson", (), name.__eq__).match((row % NAME).encode()) is POSSIBLE_ROW
