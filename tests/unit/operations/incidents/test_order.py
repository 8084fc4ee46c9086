"""Steps are done one at a time and in their order, and a dry run holds for the state that it has read."""

import pytest

from tests.support.fakes.incidents import ADA, BEN, IncidentRoom
from vigil.errors import Conflict

ACTION = "function_back_one_version"


@pytest.fixture
def room():
    return IncidentRoom()


@pytest.fixture
def at_rotation(room):
    """A breach whose keys are revoked, and whose next action has its dry run."""
    incident = room.open("security_breach", tenant_id="acme")
    for number in (1, 2):
        room.finish(incident, number)
    room.run(incident, 3)
    return incident


def test_a_new_run_of_an_earlier_step_withdraws_the_dry_run(room, at_rotation):
    room.incidents.run(at_rotation, 2, "tenant_suspended", ADA)
    with pytest.raises(Conflict, match="Step 2 is not finished"):
        room.incidents.confirm(at_rotation, 3, BEN)
    room.work()
    with pytest.raises(Conflict, match="Step 2 is not finished"):
        room.incidents.confirm(at_rotation, 3, BEN)
    room.incidents.confirm(at_rotation, 2, BEN)
    room.work()
    assert (room.step(at_rotation, 3).status, room.step(at_rotation, 3).effects) == ("waiting", ())
    with pytest.raises(Conflict, match="dry run is done"):
        room.incidents.confirm(at_rotation, 3, BEN)
    room.run(at_rotation, 3)
    room.incidents.confirm(at_rotation, 3, BEN)
    room.work()
    assert list(room.actions["signing_keys_rotated"].done) == [f"{at_rotation}.3.2"]


def test_the_timeline_names_the_withdrawn_dry_run(room, at_rotation):
    room.incidents.run(at_rotation, 1, "", ADA)
    (*_, started) = room.incidents.report(at_rotation).timeline
    assert (started.kind, started.step, started.facts) == ("check_started", 1, (("withdrawn_dry_run", "step 3"),))


def test_no_step_takes_an_act_while_a_later_one_runs(room, at_rotation):
    room.incidents.confirm(at_rotation, 3, BEN)
    for act in (room.incidents.run, room.incidents.skip):
        for number in (1, 2):
            with pytest.raises(Conflict, match="Step 3 is running"):
                act(at_rotation, number, "", ADA)
    room.work()
    assert room.incidents.run(at_rotation, 1, "", ADA).step(1).status == "running"


def test_a_confirmed_action_does_not_begin_after_its_minutes(room):
    incident = room.open()
    for number in (1, 2, 3, 4):
        room.run(incident, number)
    room.incidents.confirm(incident, 4, ADA)
    room.clock.advance(minutes=room.step(incident, 4).plan.minutes)
    room.work()
    assert (room.step(incident, 4).status, room.actions[ACTION].effects) == ("failed", 0)
    assert "Check its effects" in room.step(incident, 4).summary
