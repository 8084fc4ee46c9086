"""Groups are checked, stored beside the decision, and have no effect on its answer."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.scoring import CONTRACT, GROUPS, FakeTrial, ToyModel
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.scoring.world import REQUEST, World
from vigil.decisions.scoring.decision_groups import given_groups_of, groups_of
from vigil.decisions.scoring.group_sealing import open_groups, seal_groups
from vigil.decisions.scoring.groups_model import SubjectGroups
from vigil.errors import IdempotencyKeyReused, InvalidInput, Unavailable
from vigil.kernel.rows import ANSWER_FORMAT

GROUPED = replace(CONTRACT, groups=GROUPS)
GIVEN = {"sex": "female", "region": "east", "key_population": "yes"}
STORED_FINGERPRINT = "39439a1f71afcf2bdc9f68771f69f5bb29bdaffa643efddf59d6f5dd4d2b3db1"
"""Fingerprint of `REQUEST` in a row that a release before groups has stored."""
SENT = st.fixed_dictionaries(
    {}, optional={each.name: st.sampled_from([None, *each.values]) for each in GROUPS if each.is_given}
)


@pytest.fixture
def grouped(world):
    world.models.promote(contract=GROUPED)
    return world


def ask(groups):
    return replace(REQUEST, groups=groups)


def errors_of(world, groups):
    with pytest.raises(InvalidInput) as refused:
        world.scoring.score("acme", ask(groups))
    return [(error.field, error.message, error.bound) for error in refused.value.errors]


@given(SENT)
def test_groups_do_not_change_the_answer(groups):
    answers = []
    for sent in (None, groups):
        world = World()
        world.models.promote(contract=GROUPED)
        row = world.scoring.score("acme", ask(sent), "key").row
        answers.append((row.body, row.summary, row.inputs, row.high_risk))
    assert answers[0] == answers[1]


@given(SENT)
def test_groups_of_a_row_are_those_of_its_request(groups):
    world = World()
    world.models.promote(contract=GROUPED)
    row = world.scoring.score("acme", ask(groups)).row
    given = {name: value for name, value in groups.items() if value is not None}
    assert given_groups_of(row, tenant_key("acme")) == given
    assert groups_of(row, GROUPED, tenant_key("acme")) == given | {"age_band": "25-49"}


def test_only_the_row_has_the_groups_and_sealed_ones_are_encrypted(grouped):
    row = grouped.scoring.score("acme", ask(GIVEN)).row
    assert json.loads(row.groups) == {"sex": "female", "region": "east"}
    assert b"yes" not in row.sealed_groups
    assert not [word for word in ("female", "east", "key_population") if word in row.body + row.summary + row.inputs]


def test_a_model_without_groups_stores_none(world):
    row = world.scoring.score("acme", REQUEST).row
    assert (row.groups, row.sealed_groups) == ("{}", b"")
    assert groups_of(row, CONTRACT, tenant_key("acme")) == {}


@pytest.mark.parametrize(
    ("groups", "error"),
    [
        ({"sex": "f"}, ("groups.sex", "must be one of female, male", "one of female, male")),
        ({"sex": True}, ("groups.sex", "must be one of female, male", "one of female, male")),
        ({"sex": ["female"]}, ("groups.sex", "must be one of female, male", "one of female, male")),
        ({"colour": "red"}, ("groups.colour", "is not a group of this model", "one of sex, region, key_population")),
        ({"age_band": "50+"}, ("groups.age_band", "is derived from the feature age", "leave it out")),
    ],
)
def test_an_invalid_group_names_its_field_and_the_remedy(grouped, groups, error):
    assert errors_of(grouped, {"region": "west"} | groups) == [error]


def test_all_invalid_groups_are_named(grouped):
    assert [field for field, _, _ in errors_of(grouped, {"sex": 1, "x" * 99: 2})] == [
        "groups.sex",
        f"groups.{'x' * 64}",
    ]


def test_groups_for_a_model_without_groups_are_refused(world):
    assert errors_of(world, GIVEN) == [("groups", "is not supported by this model", "leave it out")]
    assert world.scoring.score("acme", ask({})).row.groups == "{}"


@pytest.mark.parametrize(
    ("age", "band"), [(0, "0-14"), (14.99, "0-14"), (15, "15-24"), (25, "25-49"), (50, "50+"), (math.nan, None)]
)
def test_a_derived_group_follows_from_its_feature(age, band):
    assert SubjectGroups(GROUPED).derive((age, 0, 0, 0)) == ({"age_band": band} if band else {})


def test_a_row_before_groups_is_found_by_its_fingerprint(world):
    first = world.scoring.score("acme", REQUEST, "key").row
    ((place, row),) = world.ledger.rows.items()
    world.ledger.rows[place] = replace(row, fingerprint=STORED_FINGERPRINT)
    for groups in (None, {}):
        again = world.scoring.score("acme", ask(groups), "key")
        assert (again.replayed, again.row.body) == (True, first.body)


@pytest.mark.parametrize("answer_format", range(1, ANSWER_FORMAT + 1))
def test_a_request_without_groups_has_the_bytes_of_earlier_releases(answer_format):
    assert b"groups" not in REQUEST.canonical(answer_format)


@pytest.mark.parametrize("other", [GIVEN | {"sex": "male"}, GIVEN | {"key_population": "no"}, {}, None])
def test_a_repeated_key_with_other_groups_is_refused(grouped, other):
    grouped.scoring.score("acme", ask(GIVEN), "key")
    assert grouped.scoring.score("acme", ask(dict(reversed(GIVEN.items()))), "key").replayed
    with pytest.raises(IdempotencyKeyReused):
        grouped.scoring.score("acme", ask(other), "key")


def test_a_repeated_key_finds_its_answer_after_the_attributes_change(grouped):
    first = grouped.scoring.score("acme", ask(GIVEN), "key").row
    grouped.models.promote(version=2, contract=CONTRACT)
    assert grouped.scoring.score("acme", ask(GIVEN), "key").row.body == first.body


def test_a_challenger_without_groups_decides_and_counts_none(grouped):
    grouped.models.on_trial = FakeTrial(ToyModel(version=2, contract=CONTRACT), share=1000)
    row = grouped.scoring.score("acme", ask(GIVEN)).row
    assert (row.model.version, row.comparison.challenger.decision) == (2, "call")
    assert groups_of(row, CONTRACT, tenant_key("acme")) == {}
    fewer = replace(CONTRACT, groups=(replace(GROUPS[0], values=("male", "other")), GROUPS[1]))
    assert groups_of(row, fewer, tenant_key("acme")) == {"region": "east"}


@given(SENT)
def test_the_length_of_sealed_groups_shows_no_value(groups):
    sent = {name: value for name, value in groups.items() if value is not None}
    sealed = seal_groups(GROUPS, sent, tenant_key("acme"), "dec-1")
    assert len(sealed) == len(seal_groups(GROUPS, {}, tenant_key("acme"), "dec-1"))


@pytest.mark.parametrize(("tenant", "owner"), [("globex", "dec-1"), ("acme", "dec-2")])
def test_sealed_groups_open_only_for_their_tenant_and_owner(tenant, owner):
    sealed = seal_groups(GROUPS, GIVEN, tenant_key("acme"), "dec-1")
    assert open_groups(sealed, tenant_key("acme"), "dec-1") == {"key_population": "yes"}
    with pytest.raises(Unavailable, match="groups of a decision"):
        open_groups(sealed, tenant_key(tenant), owner)
