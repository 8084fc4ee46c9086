"""Steps run in their order, actions need a dry run and a confirmation, and every act is in the timeline."""

from dataclasses import replace

import pytest

from tests.support.fakes.incidents import ADA, ALERT, BEN, FAULTY, OK, IncidentRoom
from vigil.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from vigil.operations.incidents.runbooks_model import RUNBOOKS
from vigil.operations.incidents.steps_model import Evidence, Preview, Scope
from vigil.operations.incidents.sweep_service import IncidentSweepResult

SIZES = {
    "service_down": (6, 30),
    "high_error_rate": (6, 30),
    "model_failure": (5, 90),
    "database_issue": (6, 45),
    "security_breach": (6, 120),
}
"""Number of steps and minutes of each runbook, as the requirement states them."""
UNKNOWN = Evidence("unknown", "A source does not answer.")


@pytest.fixture
def room():
    return IncidentRoom()


@pytest.fixture
def incident(room):
    return room.open()


@pytest.fixture
def at_action(room, incident):
    """An incident of a down service whose next step is the action."""
    for number in (1, 2, 3):
        room.run(incident, number)
    return incident


def test_each_runbook_has_the_steps_and_minutes_of_the_requirement():
    assert {name: (len(book.steps), book.minutes) for name, book in RUNBOOKS.items()} == SIZES
    assert all(sum(step.minutes for step in book.steps) <= book.minutes for book in RUNBOOKS.values())


@pytest.mark.parametrize("incident_type", RUNBOOKS)
def test_a_whole_runbook_runs_to_its_end(room, incident_type):
    incident = room.open(incident_type)
    room.finish_all(incident)
    assert room.incidents.resolve(incident, "a cause", (), ADA).state == "resolved"
    assert room.kinds(incident)[0] == "opened"
    assert room.kinds(incident)[-1] == "resolved"
    assert sum(action.effects for action in room.actions.values()) == room.kinds(incident).count("action_done")


def test_an_alert_with_a_runbook_opens_its_incident(room):
    incident = room.incidents.open(None, ALERT.alert_id, Scope(""), ADA)
    assert (incident.type, incident.alert_id, incident.detected_at) == (
        "service_down",
        ALERT.alert_id,
        ALERT.started_at,
    )


def test_an_alert_without_a_runbook_opens_no_incident():
    room = IncidentRoom([replace(ALERT, type="cost_threshold")])
    with pytest.raises(InvalidInput, match="has no runbook"):
        room.incidents.open(None, ALERT.alert_id, Scope(""), ADA)
    with pytest.raises(InvalidInput, match="required without an alert"):
        room.incidents.open(None, "", Scope(""), ADA)
    with pytest.raises(NotFound):
        room.incidents.open("service_down", "alr-unknown", Scope(""), ADA)
    with pytest.raises(InvalidInput, match="belongs to the alert"):
        IncidentRoom().incidents.open("model_failure", ALERT.alert_id, Scope(""), ADA)


def test_a_step_waits_for_the_steps_before_it(room, incident):
    with pytest.raises(Conflict, match="Step 1 is not finished"):
        room.incidents.run(incident, 2, "", ADA)
    room.incidents.run(incident, 1, "", ADA)
    with pytest.raises(Conflict, match="Step 1 is not finished"):
        room.incidents.run(incident, 2, "", ADA)
    with pytest.raises(Conflict, match="running"):
        room.incidents.skip(incident, 1, "a note", ADA)
    room.work()
    assert room.incidents.run(incident, 2, "", ADA).step(2).status == "running"


@pytest.mark.parametrize("number", [0, 7, 1_000])
def test_an_unknown_step_is_not_found(room, incident, number):
    for act in (room.incidents.run, room.incidents.skip):
        with pytest.raises(NotFound):
            act(incident, number, "", ADA)


def test_a_faulty_finding_ends_its_step_and_the_next_one_may_start(room, incident):
    room.checks["api_health"].script = [FAULTY]
    room.run(incident, 1)
    step = room.step(incident, 1)
    assert (step.status, step.verdict, step.facts) == ("done", "faulty", FAULTY.facts)
    assert room.incidents.run(incident, 2, "", ADA).step(2).status == "running"


def test_a_check_runs_again_as_a_new_attempt(room, incident):
    room.checks["api_health"].script = [UNKNOWN, OK]
    room.run(incident, 1)
    assert room.step(incident, 1).verdict == "unknown"
    room.run(incident, 1)
    assert (room.step(incident, 1).verdict, room.step(incident, 1).attempt) == ("ok", 2)


def test_a_dry_run_changes_nothing_and_waits_for_its_confirmation(room, at_action):
    room.run(at_action, 4)
    step = room.step(at_action, 4)
    assert (step.status, step.effects) == ("previewed", ("version 7 becomes version 6",))
    assert room.actions["function_back_one_version"].effects == 0
    room.incidents.confirm(at_action, 4, ADA)
    room.work()
    assert room.step(at_action, 4).status == "done"
    assert list(room.actions["function_back_one_version"].done) == [f"{at_action}.4.1"]


def test_a_confirmation_without_a_fresh_dry_run_is_refused(room, at_action):
    with pytest.raises(Conflict, match="dry run is done"):
        room.incidents.confirm(at_action, 4, ADA)
    room.incidents.run(at_action, 4, "", ADA)
    with pytest.raises(Conflict, match="dry run is done"):
        room.incidents.confirm(at_action, 4, ADA)
    room.work()
    room.clock.advance(minutes=15, seconds=1)
    with pytest.raises(Conflict, match="older than 15 minutes"):
        room.incidents.confirm(at_action, 4, ADA)
    with pytest.raises(Conflict, match="dry run is done"):
        room.incidents.confirm(at_action, 1, ADA)
    assert room.actions["function_back_one_version"].effects == 0


def test_a_confirmation_of_an_older_dry_run_is_refused(room, at_action):
    for _ in range(2):
        room.run(at_action, 4)
    for attempt in (1, 3):
        with pytest.raises(Conflict, match="which is attempt 2"):
            room.incidents.confirm(at_action, 4, ADA, attempt)
    assert room.incidents.confirm(at_action, 4, ADA, 2).step(4).status == "running"


def test_an_action_that_is_refused_or_not_needed_does_not_wait(room, at_action):
    action = room.actions["function_back_one_version"]
    action.planned = Preview((), refusal="The older version trusts other model keys.")
    room.run(at_action, 4)
    assert (room.step(at_action, 4).status, room.step(at_action, 4).summary) == ("failed", action.planned.refusal)
    with pytest.raises(Conflict, match="Step 4 is not finished"):
        room.incidents.run(at_action, 5, "", ADA)
    action.planned = Preview((), is_needed=False)
    room.run(at_action, 4)
    assert room.step(at_action, 4).status == "done"
    assert action.effects == 0


def test_a_person_chooses_one_action_of_a_step(room):
    incident = room.open("high_error_rate", flag="explain-high-risk")
    for number in (1, 2, 3):
        room.run(incident, number)
    with pytest.raises(InvalidInput, match="not an action of this step"):
        room.incidents.run(incident, 4, "keys_revoked", ADA)
    room.run(incident, 4, "flag_off")
    room.incidents.confirm(incident, 4, ADA)
    room.work()
    assert [name for name, action in room.actions.items() if action.effects] == ["flag_off"]


def test_an_action_of_a_breach_needs_a_second_person(room):
    incident = room.open("security_breach", tenant_id="acme")
    room.run(incident, 1)
    room.run(incident, 2)
    with pytest.raises(Forbidden, match="second person"):
        room.incidents.confirm(incident, 2, ADA)
    room.work()
    assert room.actions["keys_revoked"].effects == 0
    room.incidents.confirm(incident, 2, BEN)
    room.work()
    assert room.actions["keys_revoked"].effects == 1
    room.run(incident, 2, "tenant_suspended", BEN)
    room.incidents.confirm(incident, 2, ADA)
    room.work()
    assert room.actions["tenant_suspended"].effects == 1


def test_only_manual_steps_are_signed_and_only_once(room, incident):
    with pytest.raises(Conflict, match="Only a manual step"):
        room.incidents.sign(incident, 1, "Ada", "note", ADA)
    for number in range(1, 6):
        room.incidents.skip(incident, number, "false alarm", ADA)
    with pytest.raises(Conflict, match="cannot be run"):
        room.incidents.run(incident, 6, "", ADA)
    room.incidents.sign(incident, 6, "Ada", "note", ADA)
    with pytest.raises(Conflict, match="signed off"):
        room.incidents.sign(incident, 6, "Ada", "note", ADA)
    with pytest.raises(Conflict, match="done or skipped"):
        room.incidents.skip(incident, 6, "note", ADA)


def test_a_resolved_incident_does_not_change(room, incident):
    with pytest.raises(Conflict, match="Step 1 is not done"):
        room.incidents.resolve(incident, "", (), ADA)
    for number in range(1, 7):
        room.incidents.skip(incident, number, "false alarm", ADA)
    room.incidents.resolve(incident, "", ("Lower the threshold.",), ADA)
    acts = [
        lambda: room.incidents.resolve(incident, "", (), ADA),
        lambda: room.incidents.escalate(incident, "note", ADA),
        lambda: room.incidents.run(incident, 1, "", ADA),
        lambda: room.incidents.skip(incident, 1, "note", ADA),
    ]
    for act in acts:
        with pytest.raises(Conflict, match="is resolved"):
            act()
    assert room.bus.kinds() == ["incidents.opened", "incidents.resolved"]


def test_a_step_has_at_most_fifty_runs(room, incident):
    for _ in range(50):
        room.run(incident, 1)
    with pytest.raises(Conflict, match="has run 50 times"):
        room.incidents.run(incident, 1, "", ADA)


def test_a_message_that_the_queue_refuses_is_sent_by_the_sweep(room, incident):
    room.queue.is_away = True
    assert room.incidents.run(incident, 1, "", ADA).step(1).status == "running"
    room.queue.is_away = False
    assert room.sweep().resent == 0
    room.clock.advance(minutes=1)
    assert room.sweep().resent == 1
    room.work()
    assert room.step(incident, 1).status == "done"


def test_an_event_that_the_bus_refuses_is_published_by_the_sweep(room):
    room.bus.is_away = True
    incident = room.open()
    room.sweep()
    assert room.bus.kinds() == []
    room.bus.is_away = False
    room.sweep()
    room.sweep()
    assert room.bus.kinds() == ["incidents.opened"]
    assert room.incidents.get(incident).unpublished == ()


def test_a_change_in_between_is_not_lost(room, incident):
    room.store.before_write = lambda: room.incidents.escalate(incident, "help", BEN)
    room.run(incident, 1)
    after = room.incidents.get(incident)
    assert (after.escalation, after.step(1).status) == ("person", "done")
    assert room.kinds(incident) == ["opened", "escalated", "check_started", "check_passed"]


def test_an_unknown_incident_is_not_found(room):
    with pytest.raises(NotFound):
        room.incidents.report("inc-unknown")


def test_a_vanished_incident_does_not_end_the_sweep(room, incident, monkeypatch):
    room.open()
    room.clock.advance(minutes=30)
    listed = room.store.due

    def due(now, limit):
        found = listed(now, limit)
        room.store.items.pop(incident, None)
        return found

    monkeypatch.setattr(room.store, "due", due)
    assert room.sweep() == IncidentSweepResult(escalated=1)


def test_a_sweep_counts_incidents_that_it_cannot_advance(room, incident):
    room.incidents.run(incident, 1, "", ADA)
    room.clock.advance(minutes=1)
    room.queue.is_away = True
    assert room.sweep().failed == 1
    with pytest.raises(Unavailable):
        room.queue.send(incident, 1, 1)
