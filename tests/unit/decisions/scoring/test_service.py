"""A request leads to one decision, also with duplicates, crashes and lost responses."""

import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.scoring import CONTRACT, FEATURES, FakeLedger, ToyModel
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.scoring.world import REQUEST, World
from vigil.decisions.scoring.model import LedgerRow, ScoreRequest
from vigil.errors import FieldError, IdempotencyKeyReused, InvalidInput, NotFound, Unavailable
from vigil.prediction.features.feature_spec import FeatureSpec


def test_a_warm_score_makes_one_ledger_call(world):
    world.scoring.score("acme", REQUEST, "key")
    assert world.ledger.calls == 1


def test_the_same_key_and_payload_returns_the_same_bytes_and_one_row(world):
    first = world.scoring.score("acme", REQUEST, "key")
    world.clock.advance(hours=23)
    again = world.scoring.score("acme", REQUEST, "key")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.row.body == first.row.body
    assert len(world.ledger.rows) == 1


def test_the_order_of_keys_does_not_change_the_payload(world):
    shuffled = replace(REQUEST, features=dict(reversed(REQUEST.features.items())))
    world.scoring.score("acme", REQUEST, "key")
    assert world.scoring.score("acme", shuffled, "key").replayed


@pytest.mark.parametrize(
    "other",
    [replace(REQUEST, subject_id="p-2"), replace(REQUEST, explain=False), replace(REQUEST, features={"age": 41})],
)
def test_the_same_key_with_another_payload_is_refused(world, other):
    world.scoring.score("acme", REQUEST, "key")
    with pytest.raises(IdempotencyKeyReused):
        world.scoring.score("acme", other, "key")
    assert len(world.ledger.rows) == 1


def test_two_tenants_can_use_the_same_key(world):
    mine, theirs = (world.scoring.score(tenant, REQUEST, "key") for tenant in ("acme", "globex"))
    assert mine.row.decision_id != theirs.row.decision_id
    assert not theirs.replayed


def test_without_a_key_every_request_makes_a_decision(world):
    ids = {world.scoring.score("acme", REQUEST).row.decision_id for _ in range(5)}
    assert len(ids) == 5


def test_an_expired_key_starts_a_new_decision_beside_the_old_one(world):
    first = world.scoring.score("acme", REQUEST, "key")
    world.clock.advance(hours=25)
    other = replace(REQUEST, subject_id="p-2")
    second = world.scoring.score("acme", other, "key")
    assert not second.replayed
    assert world.scoring.score("acme", other, "key").row == second.row
    assert world.scoring.get("acme", first.row.decision_id) == first.row
    assert len(world.ledger.rows) == 2


def test_32_concurrent_duplicates_commit_one_row(world):
    outcomes, barrier = [], threading.Barrier(32)

    def deliver():
        barrier.wait()
        outcomes.append(world.scoring.score("acme", REQUEST, "key"))

    threads = [threading.Thread(target=deliver) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.ledger.rows) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert len({outcome.row.body for outcome in outcomes}) == 1


class CrashingLedger(FakeLedger):
    """Fails before or after the write, or writes and loses the response, so that the client sends it again."""

    def __init__(self, inner, crash):
        super().__init__()
        self.rows, self.crash = inner.rows, crash

    def commit(self, row: LedgerRow, *terms):
        crash, self.crash = self.crash, None
        if crash == "before":
            raise Unavailable("crash")
        existing = super().commit(row, *terms)
        if crash == "after":
            raise Unavailable("crash")
        return super().commit(row, *terms) if crash == "lost" else existing


@pytest.mark.parametrize("crash", ["before", "after"])
def test_a_crash_around_the_commit_and_a_retry_leave_one_row(world, crash):
    unlucky = world.service(CrashingLedger(world.ledger, crash))
    with pytest.raises(Unavailable):
        unlucky.score("acme", REQUEST, "key")
    retried = unlucky.score("acme", REQUEST, "key")
    assert retried.replayed == (crash == "after")
    assert len(world.ledger.rows) == 1


def test_a_write_with_a_lost_response_is_recognised_by_its_nonce(world):
    outcome = world.service(CrashingLedger(world.ledger, "lost")).score("acme", REQUEST, "key")
    assert not outcome.replayed
    assert len(world.ledger.rows) == 1


def test_a_replay_is_answered_when_the_model_is_unavailable(world):
    first = world.scoring.score("acme", REQUEST, "key")
    world.models.failure = Unavailable("no model")
    assert world.scoring.score("acme", REQUEST, "key").row.body == first.row.body
    with pytest.raises(Unavailable):
        world.scoring.score("acme", REQUEST, "another key")


def test_contributions_and_base_value_add_up_to_the_raw_score(world):
    body = json.loads(world.scoring.score("acme", REQUEST).row.body)
    total = body["base_value"] + sum(reason["contribution"] for reason in body["explanation"])
    assert abs(total - body["raw_score"]) < 1e-9


def test_reasons_use_the_features_units_with_the_strongest_first(world):
    reasons = json.loads(world.scoring.score("acme", REQUEST).row.body)["explanation"]
    assert reasons[0]["text"] == "Age: 40 years; raises the chance of trouble."
    assert {r["text"] for r in reasons} >= {
        "Urban site: yes; raises the chance of trouble.",
        "Clinical stage: II; raises the chance of trouble.",
        "Visits kept: not recorded; does not change the chance of trouble.",
    }
    sizes = [abs(reason["contribution"]) for reason in reasons]
    assert sizes == sorted(sizes, reverse=True)


def test_a_reason_has_words_for_people_beside_the_exact_value(world):
    day = FeatureSpec("age", "number", "age", "years", 0, 100, unit_singular="year")
    stage = replace(FEATURES[3], category_labels={"II": "second stage"})
    world.models.promote(contract=replace(CONTRACT, features=(day, *FEATURES[1:3], stage)))
    features = {"age": 40.123456, "visits": 17, "stage": "II"}
    reasons = json.loads(world.scoring.score("acme", replace(REQUEST, features=features)).row.body)["explanation"]
    shown = {reason["feature"]: (reason["value"], reason["text"].partition("; ")[0]) for reason in reasons}
    assert shown["age"] == (40.123456, "Age: 40.1 years")
    assert shown["stage"] == ("II", "Clinical stage: second stage")


def test_without_explain_there_is_no_explanation(world):
    body = json.loads(world.scoring.score("acme", replace(REQUEST, explain=False)).row.body)
    assert body["explanation"] is None
    assert body["base_value"] is None


@given(age=st.floats(0, 100), visits=st.none() | st.integers(0, 50), explain=st.booleans())
def test_an_old_decision_replays_to_the_same_bytes_after_a_promotion(age, visits, explain):
    world = World()
    row = world.scoring.score("acme", ScoreRequest("toy", "p", {"age": age, "visits": visits}, explain=explain)).row
    world.models.promote(version=2, digest="sha256:" + "b" * 64)
    stored, again = world.scoring.replay("acme", row.decision_id)
    assert again == stored.body


def test_a_replay_reveals_a_model_changed_under_the_same_version(world):
    row = world.scoring.score("acme", REQUEST).row
    world.models.history["toy", 1] = ToyModel(digest="sha256:" + "f" * 64)
    stored, again = world.scoring.replay("acme", row.decision_id)
    assert again != stored.body


def test_another_tenants_decision_is_not_found(world):
    row = world.scoring.score("acme", REQUEST).row
    with pytest.raises(NotFound):
        world.scoring.get("globex", row.decision_id)
    with pytest.raises(NotFound):
        world.scoring.replay("globex", row.decision_id)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"features": None}, "is required without a history"), ({"history": {}}, "must be left out with a history")],
)
def test_features_and_history_exclude_each_other(world, change, message):
    with pytest.raises(InvalidInput) as caught:
        world.scoring.score("acme", replace(REQUEST, **change))
    bound = "exactly one of features and history"
    assert caught.value.errors == (FieldError("features", message, bound),)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": "nope"}, "model"),
        ({"features": None}, "features"),
        ({"history": {}}, "features"),
        ({"features": None, "history": {}}, "history"),
        ({"features": {"age": 40, "wings": 2}}, "features.wings"),
        ({"features": {}}, "features.age"),
        ({"features": {"age": "40"}}, "features.age"),
        ({"features": {"age": True}}, "features.age"),
        ({"features": {"age": float("nan")}}, "features.age"),
        ({"features": {"age": 10**400}}, "features.age"),
        ({"features": {"age": 101}}, "features.age"),
        ({"features": {"age": 40, "visits": 1.5}}, "features.visits"),
        ({"features": {"age": 40, "urban": 1}}, "features.urban"),
        ({"features": {"age": 40, "stage": "V"}}, "features.stage"),
        ({"features": {"age": [40]}}, "features.age"),
    ],
)
def test_invalid_input_names_the_field_and_writes_nothing(world, change, field):
    with pytest.raises(InvalidInput) as caught:
        world.scoring.score("acme", replace(REQUEST, **change), "key")
    assert [error.field for error in caught.value.errors] == [field]
    assert caught.value.errors[0].bound
    assert not world.ledger.rows


def test_a_value_in_another_unit_is_named(world):
    with pytest.raises(InvalidInput, match="looks like months"):
        world.scoring.score("acme", replace(REQUEST, features={"age": 480}))


def test_as_of_more_than_60_seconds_ahead_is_refused(world):
    from datetime import timedelta

    soon = replace(REQUEST, as_of=world.clock() + timedelta(seconds=59))
    assert world.scoring.score("acme", soon)
    with pytest.raises(InvalidInput, match="as_of: is in the future"):
        world.scoring.score("acme", replace(REQUEST, as_of=world.clock() + timedelta(seconds=61)))


def test_a_history_requires_as_of(world):
    contract = replace(ToyModel().contract, history="toy/1")
    world.models.promote(contract=contract)
    request = ScoreRequest("toy", "p", history={"visits": [1, 2, 3]})
    with pytest.raises(InvalidInput, match="as_of: is required"):
        world.scoring.score("acme", request)
    row = world.scoring.score("acme", replace(request, as_of=world.clock())).row
    assert json.loads(row.inputs)["visits"] == 3


def test_pages_are_newest_first_and_contain_every_decision_once(world):
    for i in range(7):
        world.scoring.score("acme", replace(REQUEST, subject_id=f"p-{i % 2}"))
        world.clock.advance(seconds=1)
    seen, after = [], None
    while True:
        page = world.scoring.page("acme", None, after, 3)
        seen += [json.loads(summary)["created_at"] for summary in page.summaries]
        if not (after := page.next):
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7
    assert len(world.scoring.page("acme", tenant_key("acme").pseudonym("p-0"), None, 100).summaries) == 4
    assert not world.scoring.page("globex", None, None, 100).summaries


def test_the_highest_band_is_high_risk_unless_the_package_marks_others(world):
    row = world.scoring.score("acme", REQUEST).row
    assert (json.loads(row.body)["band"], row.high_risk) == ("high", True)
    low, high = ToyModel().contract.bands
    world.models.promote(contract=replace(ToyModel().contract, bands=(replace(low, high_risk=True), high)))
    assert not world.scoring.score("acme", REQUEST).row.high_risk
