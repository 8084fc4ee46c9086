"""Groups of file rows: columns `group:<name>` in CSV, the member `groups` in NDJSON. The fast reader reads both."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import CONTRACT, GROUPS, ToyModel, VisitCount
from vigil.decisions.batches import fast_rows
from vigil.decisions.batches.csv_header import parse_header
from vigil.decisions.batches.groups_member import cut_groups
from vigil.decisions.batches.parsing import build_reader
from vigil.decisions.batches.row_errors import ConcealingScorer, KnownNames
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.batch_scorer import BatchScorer
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.model import EncodedSubject
from vigil.errors import InvalidInput

pytestmark = pytest.mark.usefixtures("own_libraries")

GROUPED = replace(CONTRACT, groups=(*GROUPS, replace(GROUPS[0], name="site", values=("Évry", "a,b"))))
HEADER = b"subject_id,group:sex,age,visits,urban,stage,group:key_population,group:site"
COLUMNS = tuple(HEADER.decode().split(","))
FEATURES = {"age": 40, "visits": 2, "urban": True, "stage": "II"}
SEX = {"sex": "female"}


def step_of(content, form="csv", contract=GROUPED):
    (step,) = build_reader(form, COLUMNS, contract, fast_rows.build_fast_reader)(content)
    return step


def line(groups, **members):
    return json.dumps({"groups": groups, "subject_id": "p-1", "features": FEATURES, **members}).encode() + b"\n"


def answers(step, contract=GROUPED):
    scorer = BatchScorer(ToyModel(contract=contract), VisitCount, Clock()(), (), serialize.result_members)
    return ConcealingScorer(scorer, KnownNames(contract, {})).answer_rows(step.subjects).texts


def test_the_fast_reader_reads_csv_rows_with_groups():
    step = step_of(b"p-1,female,40,2,true,II,yes,\np-2,,40,2,true,II,,\np-3,female,40,2,true,II,no,\n")
    assert isinstance(step.subjects, EncodedRows)
    assert [*step.groups] == [SEX | {"key_population": "yes"}, {}, SEX | {"key_population": "no"}]


@pytest.mark.parametrize(
    ("row", "site"), [("p-1,female,40,2,true,II,,Évry\n", "Évry"), ('"p-1",female,40,2,true,II,,"a,b"\n', "a,b")]
)
def test_quoted_and_foreign_cells_have_groups(row, site):
    step = step_of(row.encode())
    assert isinstance(step.subjects[0], EncodedSubject)
    assert [*step.groups] == [SEX | {"site": site}]


@pytest.mark.parametrize("spaces", ["", " "])
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("groups", [SEX, {"sex": None}, {}, None])
def test_the_fast_reader_reads_objects_with_groups(groups, place, spaces):
    members = [("subject_id", "p-1"), ("features", FEATURES)]
    members.insert(place, ("groups", groups))
    row = json.dumps(dict(members), separators=("," + spaces, ":" + spaces))
    step = step_of(row.encode(), "ndjson")
    assert isinstance(step.subjects, EncodedRows)
    assert [*step.groups] == [SEX if groups == SEX else {}]


SPOTS = re.compile(r'[{},:"]')


@settings(max_examples=300)
@given(st.sampled_from([FEATURES, {"stage": "}"}, {"stage": '{"'}, {"age": 1, "}": 2}]), st.integers(0, 40), st.data())
def test_a_cut_object_is_the_object_without_its_groups(features, spot, data):
    """The member is written at any place of a row, also inside of strings and of the inner object."""
    row = json.dumps({"subject_id": data.draw(st.sampled_from(["p-1", "},", '","', "{"])), "features": features})
    spots = [found.end() for found in SPOTS.finditer(row)]
    place = spots[spot % len(spots)]
    member = data.draw(st.sampled_from([',"groups":{"sex":"male"}', '"groups":{"sex":"male"},', '"groups":null,']))
    changed = row[:place] + member + row[place:]
    if (cut := cut_groups(changed.encode())) is None:
        return
    try:
        rest = json.loads(cut.rest)
    except ValueError:
        return
    if all(isinstance(value, dict | str) for value in rest.values()) and set(rest) == {"subject_id", "features"}:
        assert json.loads(changed) == rest | {"groups": json.loads(cut.groups)}


def test_a_history_has_groups():
    step = step_of(line(SEX, features=None, history={"visits": []}), "ndjson")
    assert [*step.groups] == [SEX]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_groups_do_not_change_the_answers_of_rows(form):
    texts = {"csv": (b"p-1,female,40,2,true,II,yes,\n", b"p-1,,40,2,true,II,,\n"), "ndjson": (line(SEX), line({}))}
    assert len({answers(step_of(text, form))[0] for text in texts[form]}) == 1


NAMELESS = "has 1 name that the model's schema does not have"


@pytest.mark.parametrize(
    ("groups", "error"),
    [
        ({"sex": "f"}, ("groups.sex", "must be one of female, male", "one of female, male")),
        ({"Ada Byron": "f"}, ("groups", NAMELESS, "one of sex, region, key_population, site")),
        ({"age_band": "50+"}, ("groups.age_band", "is derived from the feature age", "leave it out")),
        ([], ("groups", "must be an object", "a JSON object")),
    ],
)
def test_an_invalid_group_is_the_error_of_its_row(groups, error):
    step = step_of(line(groups) + line(SEX), "ndjson")
    assert [*step.groups] == [{}, SEX]
    refused, answered = answers(step)
    assert [(each.field, each.message, each.bound) for each in refused.errors] == [error]
    assert isinstance(answered, str)


def test_an_invalid_cell_is_the_error_of_its_row():
    step = step_of(b"p-1,f,40,2,true,II,,\np-2,female,40,2,true,II,,\n")
    assert [*step.groups] == [{}, SEX]
    refused, answered = answers(step)
    assert isinstance(refused, InvalidInput)
    assert [error.field for error in refused.errors] == ["groups.sex"]
    assert isinstance(answered, str)


def test_a_model_without_groups_refuses_them_in_rows():
    (refused,) = answers(step_of(line(SEX), "ndjson", CONTRACT), CONTRACT)
    assert [(error.field, error.bound) for error in refused.errors] == [("groups", "leave it out")]


def test_a_header_may_have_the_given_groups_of_the_model():
    assert parse_header(HEADER, GROUPED) == COLUMNS


@pytest.mark.parametrize(
    ("contract", "column", "remedy"),
    [
        (
            GROUPED,
            "group:age_band",
            "features and groups (group:key_population, group:region, group:sex, group:site) of the model, once each",
        ),
        (
            GROUPED,
            "group:colour",
            "features and groups (group:key_population, group:region, group:sex, group:site) of the model, once each",
        ),
        (CONTRACT, "group:sex", "subject_id, as_of and features of the model, once each"),
    ],
)
def test_a_header_with_an_unknown_group_is_refused(contract, column, remedy):
    with pytest.raises(InvalidInput) as refused:
        parse_header(f"subject_id,age,{column}".encode(), contract)
    first, named = refused.value.errors
    assert named.field == f"header.{column}"
    assert remedy in first.bound


def test_a_group_column_that_is_named_twice_is_refused():
    with pytest.raises(InvalidInput, match="'group:sex' occurs twice"):
        parse_header(b"subject_id,age,group:sex,group:sex", GROUPED)
