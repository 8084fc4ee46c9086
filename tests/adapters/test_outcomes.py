"""The outcome store contract, for the fake and for DynamoDB."""

from dataclasses import replace
from itertools import permutations

import pytest

from tests.support.aws_calls import replace_calls
from tests.support.fakes.outcomes import FakeOutcomes
from vigil.decisions.outcomes.model import Outcome
from vigil.decisions.outcomes.store import DynamoOutcomes
from vigil.errors import Unavailable
from vigil.prediction.trials.evidence_model import DecisionLabel


def outcome(number=0, status="occurred", day=1, happened="2026-03-01T00:00:00.000000Z"):
    return Outcome(
        decision_id=f"dec_{number:032d}",
        model="toy",
        model_version=1,
        status=status,
        recorded_at=f"2026-04-{day:02d}T12:00:00.000000Z",
        received_at=f"2026-05-{day:02d}T12:00:{number:02d}.000000Z",
        happened_at=happened,
    )


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeOutcomes()
    return DynamoOutcomes(request.getfixturevalue("aws")("dynamodb"), "outcomes")


def reports_of(store, tenant_id="acme", limit=100):
    found, after = (), None
    while True:
        page = store.history(tenant_id, outcome().decision_id, after, limit)
        found += page.outcomes
        if (after := page.next) is None:
            return found


def test_treated_outcomes_are_stored_and_others_have_no_mark(store):
    store.record("acme", outcome(day=1))
    assert store.current("acme", outcome().decision_id).treated is False
    store.record("acme", replace(outcome(day=2), treated=True))
    assert store.current("acme", outcome().decision_id).treated is True


def test_labels_are_those_of_current_resolved_outcomes(aws):
    store = DynamoOutcomes(aws("dynamodb"), "outcomes")
    given = [outcome(n, status) for n, status in enumerate(["occurred", "not_occurred", "excluded", "unresolved"])]
    for each in given:
        store.record("acme", each)
    store.record("acme", replace(outcome(1, day=2), treated=True))
    keys = [f"acme#{each.decision_id}" for each in (*given, outcome(9))]
    assert store.labels(keys) == {
        keys[0]: DecisionLabel(True),
        keys[1]: DecisionLabel(True, treated=True),
        keys[2]: DecisionLabel(None),
    }
    assert store.labels([f"globex#{given[0].decision_id}"]) == {}


def test_history_is_read_in_pages(store):
    reports = tuple(outcome(day=day) for day in range(1, 6))
    for report in reports:
        store.record("acme", report)
    assert len(store.history("acme", outcome().decision_id, None, 2).outcomes) == 2
    assert reports_of(store, limit=2) == reports


@pytest.mark.parametrize("happened", [None, "2026-03-01T00:00:00.000000Z"])
def test_a_report_is_stored_and_read_back_complete(store, happened):
    assert store.record("acme", outcome(happened=happened)) is None
    assert reports_of(store) == (outcome(happened=happened),)


def test_a_second_report_of_one_moment_returns_the_first(store):
    store.record("acme", outcome())
    assert store.record("acme", outcome(status="excluded")) == outcome()
    assert reports_of(store) == (outcome(),)


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_the_last_recorded_report_is_current_in_any_delivery_order(store, order):
    reports = {1: outcome(day=1), 2: outcome(status="excluded", day=2), 3: outcome(status="not_occurred", day=3)}
    for day in (*order, *order):
        store.record("acme", reports[day])
    assert reports_of(store) == tuple(reports.values())
    assert store.current("acme", outcome().decision_id) == reports[3]
    assert store.page("acme", None, 10, resolved=True).outcomes == (reports[3],)


def test_an_unresolved_outcome_is_listed_apart_until_it_is_resolved(store):
    store.record("acme", outcome(0))
    store.record("acme", outcome(1, "unresolved"))
    assert [o.decision_id[-1] for o in store.page("acme", None, 10, resolved=True).outcomes] == ["0"]
    assert [o.decision_id[-1] for o in store.page("acme", None, 10, resolved=False).outcomes] == ["1"]
    store.record("acme", outcome(1, "not_occurred", day=2))
    assert store.page("acme", None, 10, resolved=False).outcomes == ()
    assert [o.decision_id[-1] for o in store.page("acme", None, 10, resolved=True).outcomes] == ["1", "0"]


def test_outcomes_belong_to_their_tenant(store):
    store.record("acme", outcome())
    assert reports_of(store, "globex") == ()
    assert store.current("globex", outcome().decision_id) is None
    assert store.page("globex", None, 10, resolved=True).outcomes == ()


def test_pages_are_last_received_first_with_every_decision_once(store):
    for number in range(5):
        store.record("acme", outcome(number))
        store.record("acme", outcome(number, "excluded", day=2))
    seen, after = [], None
    while True:
        page = store.page("acme", after, 2, resolved=True)
        seen += [int(found.decision_id[-2:]) for found in page.outcomes]
        if not (after := page.next):
            break
    assert seen == [4, 3, 2, 1, 0]


def test_an_interrupted_delivery_is_completed_by_the_next(aws, monkeypatch):
    client = aws("dynamodb")
    store, calls = DynamoOutcomes(client, "outcomes"), []

    def once(make, service, operation, arguments):
        calls.append(operation)
        if len(calls) == 2:
            raise ConnectionError("killed between the two writes")
        return make(operation, arguments)

    with monkeypatch.context() as patch:
        replace_calls(patch, once, client)
        with pytest.raises(ConnectionError):
            store.record("acme", outcome())
    assert store.page("acme", None, 10, resolved=True).outcomes == ()
    assert store.record("acme", replace(outcome(), received_at="later")) == outcome()
    assert store.page("acme", None, 10, resolved=True).outcomes == (outcome(),)


def test_a_table_without_a_response_is_unavailable(aws):
    store = DynamoOutcomes(aws("dynamodb"), "no-such-table")
    for call in (
        lambda: store.record("a", outcome()),
        lambda: store.history("a", "b", None, 1),
        lambda: store.current("a", "b"),
        lambda: store.page("a", None, 1, resolved=True),
    ):
        with pytest.raises(Unavailable):
            call()
