"""Outcomes are joined to decisions, corrected, replayed, and invisible to other tenants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.outcomes import FakeOutcomes
from tests.support.fakes.scoring import FakeLedger, FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.outcomes.model import BatchRow, DecisionWindow, Report
from vigil.decisions.outcomes.service import MAX_WINDOW_DECISIONS, Outcomes
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.service import Scoring
from vigil.errors import Conflict, InvalidInput, NotFound
from vigil.kernel.time import format_timestamp


class World:
    """Stored decisions, and the outcome service."""

    def __init__(self):
        self.clock, self.ledger, self.store = Clock(), FakeLedger(), FakeOutcomes()
        self.scoring = Scoring(FakeModels(), VisitCount, self.ledger, self.clock, timedelta(hours=24), keys=tenant_key)
        self.outcomes = Outcomes(self.ledger, self, self.store, self.clock, tenant_key)
        self.rows = {}

    def find(self, tenant_id, batch_id, number):
        if row := self.rows.get((tenant_id, batch_id, number)):
            return row
        raise NotFound("There is no such row.")

    def decide(self, subject="p-1", tenant="acme", as_of=None):
        request = ScoreRequest("toy", subject, features={"age": 40}, as_of=as_of)
        return self.scoring.score(tenant, request).row.decision_id

    def report(self, status="occurred", happened_at=None, **later):
        return Report(status, self.clock() + timedelta(**later), happened_at)


@pytest.fixture
def world():
    return World()


def test_an_outcome_is_joined_to_its_decision_and_model(world):
    decision = world.decide()
    world.clock.advance(days=40)
    recorded = world.outcomes.record("acme", decision, world.report())
    assert (recorded.replayed, recorded.outcome.decision_id, recorded.outcome.model_version) == (False, decision, 1)
    assert world.outcomes.history("acme", decision, None, 10).outcomes == (recorded.outcome,)


def test_a_repeated_report_changes_nothing(world):
    decision = world.decide()
    report = world.report(happened_at=world.clock())
    first = world.outcomes.record("acme", decision, report)
    world.clock.advance(hours=1)
    again = world.outcomes.record("acme", decision, report)
    assert (again.replayed, again.outcome) == (True, first.outcome)


def test_a_correction_becomes_current_and_the_history_remains(world):
    decision = world.decide()
    first, second = world.report("occurred"), world.report("not_occurred", seconds=1)
    for report in (first, second, first):  # the first report is delivered again after its correction
        world.clock.advance(seconds=10)
        world.outcomes.record("acme", decision, report)
    reports = world.outcomes.history("acme", decision, None, 10).outcomes
    assert [outcome.status for outcome in reports] == ["occurred", "not_occurred"]
    assert world.outcomes.current("acme", decision) == reports[-1]
    (holds,) = world.outcomes.page("acme", None, 10, resolved=True).outcomes
    assert holds.status == "not_occurred"


def test_two_different_reports_of_one_moment_are_a_conflict(world):
    decision, report = world.decide(), world.report("occurred")
    world.outcomes.record("acme", decision, report)
    with pytest.raises(Conflict):
        world.outcomes.record("acme", decision, replace(report, status="excluded"))


def test_another_tenants_decision_is_not_found(world):
    decision = world.decide()
    messages = set()
    for tenant, asked in (("globex", decision), ("acme", "dec_nothing")):
        with pytest.raises(NotFound) as caught:
            world.outcomes.record(tenant, asked, world.report())
        messages.add(str(caught.value))
    world.outcomes.record("acme", decision, world.report())
    for tenant, asked in (("globex", decision), ("acme", "dec_nothing")):
        with pytest.raises(NotFound):
            world.outcomes.current(tenant, asked)
    assert len(messages) == 1


@pytest.mark.parametrize(
    ("recorded", "happened", "field"),
    [
        (timedelta(seconds=61), None, "recorded_at"),
        (timedelta(days=-1), None, "recorded_at"),
        (timedelta(0), timedelta(seconds=1), "happened_at"),
    ],
    ids=["recorded in the future", "recorded before the prediction", "happened after it was recorded"],
)
def test_impossible_times_are_refused_and_not_stored(world, recorded, happened, field):
    decision, now = world.decide(), world.clock()
    with pytest.raises(InvalidInput) as caught:
        world.outcomes.record("acme", decision, Report("occurred", now + recorded, happened and now + happened))
    assert [error.field for error in caught.value.errors] == [field]
    assert not world.store.reports


def window(start, end, **changes):
    base = datetime(2026, 1, 1, tzinfo=UTC)
    return DecisionWindow(**{"subject_id": "p-1", "model": "toy"} | changes, start=base + start, end=base + end)


def test_a_window_matches_only_the_subjects_decisions_in_its_time(world):
    base = datetime(2026, 1, 1, tzinfo=UTC)
    inside = {world.decide(as_of=base + timedelta(days=day)) for day in (10, 19)}
    world.decide(as_of=base + timedelta(days=9))
    world.decide(as_of=base + timedelta(days=20))
    world.decide("p-2", as_of=base + timedelta(days=12))
    world.decide(tenant="globex", as_of=base + timedelta(days=12))
    found = world.outcomes.record_window("acme", window(timedelta(days=10), timedelta(days=20)), world.report())
    assert {recorded.outcome.decision_id for recorded in found} == inside
    assert {decision for _, decision in world.store.reports} == inside


@pytest.mark.parametrize("changes", [{"model": "other"}, {"subject_id": "nobody"}])
def test_a_window_without_a_decision_is_not_found(world, changes):
    world.decide(as_of=datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(NotFound):
        world.outcomes.record_window("acme", window(timedelta(0), timedelta(days=9), **changes), world.report())


def test_a_window_that_ends_before_its_start_is_refused(world):
    with pytest.raises(InvalidInput, match=r"must be after window\.start"):
        world.outcomes.record_window("acme", window(timedelta(1), timedelta(1)), world.report())


def test_a_window_over_several_pages_is_complete_up_to_its_limit(world):
    base = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(MAX_WINDOW_DECISIONS):
        world.decide(as_of=base + timedelta(minutes=number))
    for _ in range(30):
        world.decide(as_of=base - timedelta(days=1))
    wide = window(timedelta(0), timedelta(days=1))
    assert len(world.outcomes.record_window("acme", wide, world.report())) == MAX_WINDOW_DECISIONS
    world.decide(as_of=base + timedelta(hours=20))
    with pytest.raises(InvalidInput, match="too many decisions"):
        world.outcomes.record_window("acme", wide, world.report())


def test_unresolved_outcomes_are_not_listed_as_resolved(world):
    known, open_ = world.decide("p-1"), world.decide("p-2")
    world.outcomes.record("acme", known, world.report("not_occurred"))
    world.outcomes.record("acme", open_, world.report("unresolved"))
    listed = [o.decision_id for o in world.outcomes.page("acme", None, 10, resolved=True).outcomes]
    waiting = [o.decision_id for o in world.outcomes.page("acme", None, 10, resolved=False).outcomes]
    assert (listed, waiting) == ([known], [open_])


def test_a_report_about_a_batch_row_is_stored_under_the_id_of_the_row(world):
    as_of = format_timestamp(world.clock())
    world.rows["acme", "bat_1", 7] = BatchRow("bat_1", 7, "toy", 3, as_of)
    world.clock.advance(days=1)
    recorded = world.outcomes.record_row("acme", "bat_1", 7, world.report())
    assert (recorded.outcome.decision_id, recorded.outcome.model_version) == ("bat_1.7", 3)
    assert world.outcomes.current("acme", "bat_1.7") == recorded.outcome
    assert world.outcomes.record_row("acme", "bat_1", 7, world.report()).replayed
    assert world.outcomes.record("acme", "bat_1.7", world.report()).replayed
    for target in ("bat_1.8", "bat_1.07", "bat_1.7.7", "bat_1."):
        with pytest.raises(NotFound):
            world.outcomes.record("acme", target, world.report())
    with pytest.raises(NotFound):
        world.outcomes.record_row("globex", "bat_1", 7, world.report())
    with pytest.raises(InvalidInput, match="recorded_at"):
        world.outcomes.record_row("acme", "bat_1", 7, world.report(days=-2))
