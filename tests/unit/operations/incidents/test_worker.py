"""The worker does each step once under kills, repeats samples, and escalates failures and the end of the time."""

import json

import pytest

from tests.support.fakes.incidents import ADA, BEN, FAULTY, OK, IncidentRoom, WorkerKilled
from vigil.errors import Conflict, Unavailable, WorkPostponed
from vigil.operations.incidents.steps_model import Evidence, Preview

ACTION = "function_back_one_version"
CALLS = 5
"""Number of calls of a worker that ends an action: two reads, two writes and the effect."""


def confirmed():
    """Return a room and an incident whose action is confirmed, before the worker has its message."""
    room = IncidentRoom()
    incident = room.open()
    for number in (1, 2, 3, 4):
        room.run(incident, number)
    room.incidents.confirm(incident, 4, ADA)
    return room, incident


@pytest.fixture
def room():
    return IncidentRoom()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_a_worker_killed_at_any_call_has_its_effect_once(call, after):
    room, incident = confirmed()
    message = room.queue.messages[0]
    room.kill.at, room.kill.after, room.kill.calls = call, after, 0
    with pytest.raises(WorkerKilled):
        room.work()
    room.kill.at = -1
    room.queue.messages.append(message)
    room.clock.advance(seconds=91)
    room.work()
    step = room.step(incident, 4)
    assert (step.status, room.actions[ACTION].effects) == ("done", 1)
    assert room.kinds(incident).count("action_done") == 1


def test_the_kills_reach_every_call_of_the_worker():
    room, _ = confirmed()
    room.kill.calls = 0
    room.work()
    assert room.kill.calls == CALLS


def test_a_step_in_other_hands_is_postponed(room):
    incident = room.open()
    room.incidents.run(incident, 1, "", ADA)
    room.kill.calls, room.kill.at, room.kill.after = 0, 2, True
    with pytest.raises(WorkerKilled):
        room.work()
    with pytest.raises(WorkPostponed) as postponed:
        room.runner.run(incident, 1, 1)
    assert postponed.value.seconds == 90
    assert room.checks["api_health"].runs == 0


def test_a_repeated_message_of_a_done_step_changes_nothing(room):
    incident = room.open()
    room.run(incident, 1)
    before = room.incidents.get(incident)
    room.runner.run(incident, 1, 1)
    room.runner.run(incident, 9, 1)
    room.runner.run("inc-unknown", 1, 1)
    assert room.incidents.get(incident) == before
    assert room.checks["api_health"].runs == 1


def test_the_result_of_an_earlier_claim_changes_nothing():
    room, incident = confirmed()
    action = room.actions[ACTION]
    original = action.apply

    def slow(scope, token, confirmed):
        action.apply = original
        room.clock.advance(seconds=91)
        room.runner.run(incident, 4, 1)
        return original(scope, token, confirmed)

    action.apply = slow
    room.work()
    assert action.effects == 1
    assert room.kinds(incident).count("action_done") == 1


def at_verification(room):
    incident = room.open()
    for number in (1, 2, 3, 4):
        room.finish(incident, number)
    return incident


def test_a_check_passes_after_its_samples_in_a_row(room):
    incident = at_verification(room)
    check = room.checks["ready_in_a_row"]
    check.script = [OK, FAULTY, OK]
    began = room.clock()
    room.run(incident, 5)
    step = room.step(incident, 5)
    assert (step.status, step.verdict, check.runs) == ("done", "ok", 5)
    assert step.summary == "3 of 3 in a row. All is well."
    assert (room.clock() - began).total_seconds() == 240
    assert room.kinds(incident).count("check_passed") == 4


def test_a_duplicated_message_adds_no_early_sample(room):
    incident = at_verification(room)
    room.incidents.run(incident, 5, "", ADA)
    room.queue.messages *= 3
    began = room.clock()
    room.work()
    assert room.checks["ready_in_a_row"].runs == 3
    assert (room.clock() - began).total_seconds() >= 120


def test_a_check_that_does_not_pass_in_its_minutes_escalates(room):
    incident = at_verification(room)
    room.checks["ready_in_a_row"].script = [FAULTY]
    room.run(incident, 5)
    after = room.incidents.get(incident)
    assert (after.step(5).status, after.escalation) == ("failed", "step")
    assert room.bus.kinds()[-1] == "incidents.escalated"
    room.incidents.sign(incident, 6, "Ada", "told", ADA)
    with pytest.raises(Conflict, match="Step 5 is not done"):
        room.incidents.resolve(incident, "", (), ADA)


UNKNOWN = Evidence("unknown", "A source did not answer.")


@pytest.mark.parametrize(
    ("incident_type", "number", "check"),
    [("service_down", 5, "ready_in_a_row"), ("security_breach", 4, "audit_and_isolation")],
)
def test_a_verification_without_an_answer_fails_and_escalates(room, incident_type, number, check):
    incident = room.open(incident_type)
    for earlier in range(1, number):
        room.finish(incident, earlier)
    room.checks[check].script = [UNKNOWN]
    began = room.clock()
    room.run(incident, number)
    after = room.incidents.get(incident)
    assert (after.step(number).status, after.step(number).verdict) == ("failed", "unknown")
    assert (after.escalation, room.bus.kinds()[-1]) == ("step", "incidents.escalated")
    assert (room.clock() - began).total_seconds() == 60 * after.step(number).plan.minutes


def test_a_verification_is_repeated_until_its_source_answers(room):
    incident = room.open("security_breach")
    for number in (1, 2, 3):
        room.finish(incident, number)
    room.checks["audit_and_isolation"].script = [UNKNOWN, UNKNOWN, OK]
    room.run(incident, 4)
    assert (room.step(incident, 4).status, room.step(incident, 4).verdict) == ("done", "ok")
    assert room.incidents.get(incident).escalated_at is None


def test_an_action_without_an_answer_is_repeated_with_its_token():
    room, incident = confirmed()
    room.actions[ACTION].errors = [Unavailable("away"), Unavailable("away")]
    room.work()
    assert list(room.actions[ACTION].done) == [f"{incident}.4.1"]
    assert room.step(incident, 4).status == "done"


def test_an_action_without_an_answer_fails_after_its_minutes():
    room, incident = confirmed()
    room.actions[ACTION].errors = [Unavailable("away")] * 100
    room.work(most=100)
    step = room.step(incident, 4)
    assert (step.status, room.actions[ACTION].effects) == ("failed", 0)
    assert "Check its effects" in step.summary


def test_a_state_that_changed_since_the_dry_run_is_not_acted_upon():
    room, incident = confirmed()
    room.actions[ACTION].planned = Preview(("version 7 becomes version 6",), digest="from 7, changed")
    room.work()
    assert (room.step(incident, 4).status, room.actions[ACTION].effects) == ("failed", 0)
    assert "changed since the dry run" in room.step(incident, 4).summary


def test_a_step_that_no_worker_ends_fails_so_that_people_can_go_on(room):
    incident = room.open()
    room.incidents.run(incident, 1, "", ADA)
    room.queue.messages.clear()
    room.clock.advance(minutes=17)
    room.sweep()
    assert room.step(incident, 1).status == "running"
    room.clock.advance(minutes=1)
    room.queue.messages.clear()
    assert room.sweep().resent == 0
    assert room.step(incident, 1).status == "failed"
    room.runner.run(incident, 1, 1)
    assert room.checks["api_health"].runs == 0
    assert room.incidents.skip(incident, 1, "no worker", ADA).step(1).status == "skipped"


def test_a_refused_action_fails_with_its_reason():
    room, incident = confirmed()
    room.actions[ACTION].errors = [Conflict("The alias was moved by another release.")]
    room.work()
    assert room.step(incident, 4).summary == "The alias was moved by another release."
    assert room.kinds(incident)[-1] == "step_failed"


def test_a_source_without_an_answer_is_an_unknown_verdict(room):
    incident = room.open()

    def away(scope):
        raise Unavailable("away")

    room.checks["api_health"].run = away
    room.run(incident, 1)
    assert (room.step(incident, 1).status, room.step(incident, 1).verdict) == ("done", "unknown")


def test_long_texts_and_many_facts_of_a_check_are_cut(room):
    incident = room.open()
    facts = tuple((f"fact-{number}", "x" * 900) for number in range(40))
    room.checks["api_health"].script = [Evidence("ok", "y" * 900, facts)]
    room.run(incident, 1)
    step = room.step(incident, 1)
    assert (len(step.summary), len(step.facts), len(step.facts[0][1])) == (500, 20, 500)


def test_an_incident_escalates_once_after_its_time(room):
    incident = room.open()
    room.clock.advance(minutes=29, seconds=59)
    assert room.sweep().escalated == 0
    room.clock.advance(seconds=1)
    assert [room.sweep().escalated for _ in range(3)] == [1, 0, 0]
    room.clock.advance(days=3)
    assert room.sweep().escalated == 0
    assert room.incidents.escalate(incident, "more help", BEN).escalation == "time"
    assert room.bus.kinds() == ["incidents.opened", "incidents.escalated"]
    assert room.kinds(incident) == ["opened", "escalated"]


def test_an_escalated_or_resolved_incident_does_not_escalate_by_time(room):
    by_person, ended = room.open(), room.open()
    room.incidents.escalate(by_person, "help", ADA)
    for number in range(1, 7):
        room.incidents.skip(ended, number, "false alarm", ADA)
    room.incidents.resolve(ended, "", (), ADA)
    room.clock.advance(hours=9)
    assert room.sweep().escalated == 0
    assert room.incidents.get(by_person).escalation == "person"
    assert room.incidents.get(ended).escalated_at is None


def test_an_escalation_killed_at_any_call_is_published_once_by_its_id(room):
    for call in range(1, 7):
        room.open()
        room.clock.advance(hours=1)
        room.kill.at, room.kill.calls, room.kill.after = call, 0, True
        try:
            room.sweep()
        except WorkerKilled:
            room.kill.at = -1
            room.sweep()
        room.kill.at = -1
    published = [event for event in room.bus.events if event.kind == "incidents.escalated"]
    assert {json.loads(event.detail)["incident_id"] for event in published} == set(room.store.items)
    assert len({event.event_id for event in published}) == len({event.detail for event in published}) == 6
