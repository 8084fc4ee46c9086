"""The figures of a report are those of its timeline, and the Markdown has every section."""

import re
from dataclasses import replace
from datetime import datetime

import pytest

from tests.support.fakes.incidents import ADA, ALERT, BEN, FAULTY, OK, IncidentRoom
from vigil.operations.incidents.markdown_model import SECTIONS, to_markdown
from vigil.operations.incidents.report_model import figures_of
from vigil.operations.incidents.report_schemas import IncidentReportView
from vigil.operations.incidents.runbooks_model import RUNBOOKS
from vigil.operations.incidents.schemas import IncidentStepView
from vigil.operations.incidents.steps_model import Evidence, Scope

HOSTILE = "<script>alert(1)</script> | [x](https://evil.example) `code`\n# Heading"


@pytest.fixture
def room():
    return IncidentRoom()


def seconds(start, end):
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


@pytest.mark.parametrize("incident_type", RUNBOOKS)
def test_the_figures_are_those_of_the_incident_and_its_timeline(incident_type):
    book = RUNBOOKS[incident_type]
    room = IncidentRoom([replace(ALERT, type=book.alert_type)])
    incident = room.incidents.open(None, ALERT.alert_id, Scope(""), ADA).incident_id
    room.finish_all(incident)
    stored = room.incidents.resolve(incident, "A cause.", (), BEN)
    report = room.incidents.report(incident)
    at = {entry.kind: entry.at for entry in report.timeline}
    figures = report.figures
    assert figures.detected_at == ALERT.started_at == stored.detected_at
    assert figures.acknowledged_at == at["opened"] == stored.opened_at
    assert figures.mitigated_at == at["action_done"]
    assert figures.resolved_at == at["resolved"] == stored.resolved_at
    assert figures.due_at == stored.due_at
    assert figures.seconds_to_acknowledge == 120
    assert figures.seconds_to_mitigate == seconds(ALERT.started_at, at["action_done"])
    assert figures.seconds_to_resolve == seconds(ALERT.started_at, at["resolved"])
    assert figures.is_in_time
    assert figures == figures_of(report.timeline)
    assert [step.status for step in report.steps] == ["done"] * len(book.steps)
    assert [step.ended_at for step in report.steps] == [step.ended_at for step in stored.steps]


def test_the_timeline_has_every_act_in_order_with_its_author(room):
    incident = room.open()
    room.finish_all(incident)
    timeline = room.incidents.report(incident).timeline
    assert [entry.number for entry in timeline] == list(range(1, len(timeline) + 1))
    assert [entry.at for entry in timeline] == sorted(entry.at for entry in timeline)
    assert {entry.by for entry in timeline} == {ADA.name, BEN.name, "worker"}


def test_a_clock_that_goes_back_does_not_reorder_the_timeline(room):
    incident = room.open()
    room.clock.advance(minutes=-5)
    room.incidents.escalate(incident, "help", ADA)
    timeline = room.incidents.report(incident).timeline
    assert timeline[0].at == timeline[1].at


def test_the_report_of_an_open_incident_has_no_end(room):
    incident = room.open()
    figures = room.incidents.report(incident).figures
    assert (figures.resolved_at, figures.seconds_to_resolve, figures.is_in_time) == (None, None, None)
    assert figures.seconds_to_mitigate is None


def test_an_incident_resolved_after_its_time_was_not_in_time(room):
    incident = room.open()
    room.clock.advance(minutes=31)
    room.sweep()
    for number in range(1, 7):
        room.incidents.skip(incident, number, "note", ADA)
    room.incidents.resolve(incident, "", (), ADA)
    figures = room.incidents.report(incident).figures
    assert (figures.is_in_time, figures.escalated_at) == (False, room.incidents.get(incident).escalated_at)


def test_findings_come_from_the_last_result_of_their_check(room):
    room.checks["last_deployment"].script = [FAULTY, OK]
    incident = room.open()
    for number in (1, 2, 3, 3):
        room.run(incident, number)
    report = room.incidents.report(incident)
    assert (report.deployments, report.error_groups, report.decisions) == (OK.facts, (), ())


def test_skipped_and_failed_steps_and_follow_ups_are_open_actions(room):
    incident = room.open()
    for number in range(1, 7):
        room.incidents.skip(incident, number, "note", ADA)
    room.incidents.resolve(incident, "", ("Test the layer.",), ADA)
    actions = room.incidents.report(incident).open_actions
    assert (len(actions), actions[-1]) == (7, "Test the layer.")
    assert actions[0] == "Step 1 (Check the health of the API from outside) is skipped."


def test_a_check_with_an_unknown_verdict_is_an_open_action(room):
    incident = room.open()
    room.checks["api_health"].script = [Evidence("unknown", "The API did not answer.")]
    room.finish_all(incident)
    room.incidents.resolve(incident, "", (), ADA)
    (action,) = room.incidents.report(incident).open_actions
    assert action.startswith("Step 1 (Check the health of the API from outside) has an unknown verdict.")
    assert action.endswith("The API did not answer.")


def test_facts_with_equal_names_are_all_in_the_views(room):
    incident = room.open()
    facts = (("scoring_api", "7 errors"), ("scoring_api", "2 throttles"), ("other", "1"))
    for check in ("api_health", "last_deployment"):
        room.checks[check].script = [Evidence("faulty", "Two counts.", facts)]
    for number in (1, 2, 3):
        room.run(incident, number)
    joined = {"scoring_api": "7 errors; 2 throttles", "other": "1"}
    report = IncidentReportView.from_report(room.incidents.report(incident))
    assert IncidentStepView.from_step(1, room.step(incident, 1)).facts == joined
    assert (report.steps[0].facts, report.deployments) == (joined, joined)


def test_the_markdown_has_every_section_also_when_empty(room):
    markdown = to_markdown(room.incidents.report(room.open()))
    assert re.findall(r"^## (.+)$", markdown, re.MULTILINE) == list(SECTIONS)
    assert "## Cause\n\nNone.\n" in markdown


def test_texts_of_people_and_sources_are_no_markup(room):
    incident = room.open()
    room.checks["api_health"].script = [Evidence("faulty", HOSTILE, ((HOSTILE, HOSTILE),))]
    room.run(incident, 1)
    for number in range(2, 7):
        room.incidents.skip(incident, number, HOSTILE, ADA)
    room.incidents.resolve(incident, HOSTILE, (HOSTILE,), ADA)
    markdown = to_markdown(room.incidents.report(incident))
    assert not re.search(r"(?<!\\)[<`\[]", markdown)
    assert re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)[1:] == list(SECTIONS)
    rows = [line for line in markdown.splitlines() if line.startswith("| 1 | Check") and "script" in line]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9}


def part(room, incident, number):
    return room.incidents.report(incident).steps[number - 1]


def test_a_running_step_has_no_end_and_no_earlier_result(room):
    incident = room.open()
    room.run(incident, 1)
    first = part(room, incident, 1)
    assert (first.text, first.facts, first.ended_at is None) == (OK.summary, OK.facts, False)
    room.clock.advance(minutes=1)
    room.incidents.run(incident, 1, "", BEN)
    again = part(room, incident, 1)
    assert (again.started_at, again.by) == (first.started_at, (ADA.name, "worker", BEN.name))
    assert (again.status, again.ended_at, again.seconds, again.text, again.facts) == ("running", None, None, "", ())


def test_an_action_has_its_dry_run_and_its_confirmation(room):
    incident = room.open()
    for number in (1, 2, 3, 4):
        room.run(incident, number)
    name, effect = "function_back_one_version", (("effect", "version 7 becomes version 6"),)
    previewed = part(room, incident, 4)
    assert (previewed.text, previewed.facts, previewed.ended_at) == (name, effect, None)
    assert previewed.confirmed_by == ""
    room.clock.advance(minutes=1)
    room.incidents.confirm(incident, 4, BEN)
    confirmed = part(room, incident, 4)
    assert (confirmed.confirmed_by, confirmed.facts, confirmed.ended_at) == (BEN.name, effect, None)
    room.work()
    done = part(room, incident, 4)
    assert (done.confirmed_by, done.facts, done.seconds) == (BEN.name, effect, 60)
    step = IncidentStepView.from_step(4, room.step(incident, 4))
    assert (step.by, step.confirmed_by) == (ADA.name, BEN.name)
    room.incidents.run(incident, 4, "", ADA)
    assert part(room, incident, 4).confirmed_by == room.step(incident, 4).confirmed_by == ""


def test_a_withdrawn_dry_run_has_no_result(room):
    incident = room.open()
    for number in (1, 2, 3, 4):
        room.run(incident, number)
    room.run(incident, 1)
    step = part(room, incident, 4)
    assert (step.status, step.text, step.facts, step.ended_at) == ("waiting", "", (), None)


def test_a_signed_step_starts_when_the_step_before_it_ends(room):
    incident = room.open()
    for number in range(1, 6):
        room.clock.advance(minutes=1)
        room.incidents.skip(incident, number, "not needed", ADA)
    skipped = part(room, incident, 5)
    assert (skipped.started_at, skipped.seconds, skipped.text) == (None, None, "not needed")
    assert room.step(incident, 5).started_at is None
    room.clock.advance(minutes=2)
    room.incidents.sign(incident, 6, "Ada", "told", BEN)
    signed = part(room, incident, 6)
    assert (signed.seconds, signed.by, signed.facts) == (120, (BEN.name,), (("signed_by", "Ada"),))
    assert signed.started_at == room.step(incident, 6).started_at == room.step(incident, 5).ended_at


def test_a_timeline_without_its_opening_has_no_figures(room):
    timeline = room.incidents.report(room.open()).timeline
    for other in ((), (replace(timeline[0], kind="escalated"),)):
        with pytest.raises(ValueError, match="begins with the opening"):
            figures_of(other)
