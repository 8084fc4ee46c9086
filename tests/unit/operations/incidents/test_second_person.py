"""A second person has a key of another origin, from before the incident. Everything unknown is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.incidents import ADA, BEFORE, BEN, IncidentRoom
from vigil.errors import Forbidden
from vigil.operations.incidents.authors_model import Author, second_person_refusal

OPENED = "2026-03-01T12:00:00.000000Z"
NAMES = st.sampled_from(["operator:a", "operator:b"])
ORIGINS = st.sets(st.sampled_from(["a", "b", "c", "unknown"])).map(sorted).map(tuple)
TIMES = st.sampled_from(["", BEFORE, OPENED, "2026-03-01T12:00:00.000001Z"])


@given(NAMES, ORIGINS, NAMES, ORIGINS, TIMES)
def test_only_a_key_of_another_origin_from_before_is_accepted(first, origins, second, others, created):
    refusal = second_person_refusal(first, origins, Author(second, others, created), OPENED)
    is_other = first != second and origins and others and not set(origins) & set(others)
    assert (refusal == "") == bool(is_other and created == BEFORE)


@pytest.mark.parametrize(
    "second",
    [
        ADA,
        Author("operator:ada-2", ADA.origins, BEFORE),
        Author("operator:both", (*ADA.origins, *BEN.origins), BEFORE),
        Author("operator:none", (), BEFORE),
        Author("operator:new", ("new",), "2026-03-01T12:00:00.000000Z"),
        Author("operator:undated", ("undated",)),
    ],
    ids=lambda author: author.name,
)
def test_a_key_that_one_person_may_have_made_confirms_nothing(second):
    room = IncidentRoom()
    incident = room.open("security_breach", tenant_id="acme")
    room.run(incident, 1)
    room.run(incident, 2)
    with pytest.raises(Forbidden, match="second person"):
        room.incidents.confirm(incident, 2, second)
    assert room.actions["keys_revoked"].effects == 0
    room.incidents.confirm(incident, 2, BEN)


def test_one_person_may_confirm_an_action_that_is_no_breach():
    room = IncidentRoom()
    incident = room.open()
    for number in (1, 2, 3, 4):
        room.run(incident, number)
    assert room.incidents.confirm(incident, 4, ADA).step(4).confirmed_by == ADA.name
