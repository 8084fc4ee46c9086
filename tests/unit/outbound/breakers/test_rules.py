"""Rates with denominators open a circuit; every transition is a new epoch; verdicts are told from results."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.outbound.breakers.model import BUCKET, Circuit, CircuitChange, CircuitId, Counts, bucket_of
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.verdicts import Answered, Failed, Throttled, judge_result
from vigil.outbound.requests import MAX_PAUSE, retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = BreakerRules()
CHANGE = CircuitChange("reset", "operator:k", "test", NOW)
numbers = st.integers(0, 5_000)
digits = st.integers(0, 10**30)


@pytest.mark.parametrize(
    ("current", "previous", "row", "expected"),
    [
        ((0, 4), (0, 0), 9, False),  # too few failures
        ((0, 5), (0, 0), 5, True),
        ((5, 5), (0, 0), 1, True),
        ((6, 5), (0, 0), 1, False),
        ((0, 9), (20, 0), 1, False),  # the bucket before had more calls
        ((0, 10), (20, 0), 1, True),
        ((0, 1), (9, 9), 1, True),  # half of both buckets
        ((1, 1), (9, 8), 1, False),
        ((0, 5), (1, 0), 0, True),
        ((0, 5), (8, 3), 5, True),  # five in a row here, and half of the fleet's calls
        ((0, 5), (8, 3), 4, False),
        ((100, 5), (0, 0), 50, False),  # a row of one process in a healthy fleet
    ],
)
def test_the_counts_of_two_buckets_decide(current, previous, row, expected):
    assert RULES.is_failing(Counts(*current), Counts(*previous), row) is expected


@given(numbers, numbers, numbers, numbers, st.integers(0, 50))
def test_a_fleet_below_half_of_failures_never_opens(answered, failed, before_answered, before_failed, row):
    current, previous = Counts(answered, failed), Counts(before_answered, before_failed)
    both = current + previous
    if failed * 2 < current.calls and both.failed * 2 < both.calls:
        assert not RULES.is_failing(current, previous, row)


@given(numbers, numbers, numbers, st.integers(0, 50))
def test_more_answers_never_open_a_circuit(answered, failed, more, row):
    if not RULES.is_failing(Counts(answered, failed), Counts(), row):
        assert not RULES.is_failing(Counts(answered + more, failed), Counts(), row)


def test_only_the_current_and_the_previous_bucket_count():
    number = bucket_of(NOW)
    old = Circuit(CircuitId("x"), buckets={number - 2: Counts(0, 100)})
    assert not RULES.must_open(old, NOW, 9)
    assert RULES.must_open(old, NOW - BUCKET, 9)


@given(st.integers(0, 100), st.integers(0, 1_000))
def test_a_pause_doubles_up_to_five_minutes_with_jitter(tries, seed):
    pause, expected = RULES.pause(tries, Random(seed)).total_seconds(), min(300, 10 * 2.0**tries)
    assert 0.8 * expected <= pause <= 1.2 * expected


@given(st.lists(st.sampled_from(["open", "claim", "answer", "fail", "reset", "force"]), max_size=12))
def test_every_transition_is_the_next_epoch_and_empties_the_buckets(steps):
    circuit, pause = Circuit(CircuitId("x"), buckets={1: Counts(1)}), timedelta(seconds=10)
    moves = {
        "open": lambda c: c.open(NOW, pause),
        "claim": lambda c: c.claim_probe(NOW),
        "answer": lambda c: c.answer_probe(NOW),
        "fail": lambda c: c.fail_probe(NOW, pause),
        "reset": lambda c: c.reset(CHANGE),
        "force": lambda c: c.force_open(CHANGE),
    }
    for step in steps:
        after = moves[step](circuit)
        assert (after.epoch, after.buckets) == (circuit.epoch + 1, {})
        assert (after.state == "closed") <= (after.opened_at is None and not after.tries)
        assert after.forced is (step == "force")
        circuit = after


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, Answered()),
        (404, {"retry-after": "7"}, Answered()),
        (429, {}, Answered()),
        (429, {"retry-after": "7"}, Throttled(timedelta(seconds=7))),
        (429, {"retry-after": "0"}, Answered()),
        (429, {"retry-after": "-7"}, Answered()),
        (429, {"retry-after": "²"}, Answered()),
        (429, {"retry-after": format_datetime(NOW + timedelta(seconds=7))}, Throttled(timedelta(seconds=7))),
        (429, {"retry-after": format_datetime(NOW - timedelta(seconds=7))}, Answered()),
        (500, {}, Failed()),
        (503, {"retry-after": "7"}, Failed()),
    ],
)
def test_a_status_has_one_verdict(status, headers, expected):
    assert judge_result(SimpleNamespace(status=status, headers=headers), NOW) == expected


def test_any_other_result_is_an_answer():
    assert judge_result(None, NOW) == Answered()


def test_the_family_of_a_circuit_is_the_start_of_its_name():
    assert (CircuitId("webhook:w-1", "acme").family, CircuitId("slack").family) == ("webhook", "slack")


@given(
    st.text(max_size=60)
    | st.builds("Wed, {} Oct {} 07:28:00 {}{}".format, digits, digits, st.sampled_from("+-"), digits)
)
def test_any_retry_after_is_a_bounded_pause_or_none(text):
    pause = retry_after({"retry-after": text}, NOW)
    assert pause is None or timedelta(0) <= pause <= MAX_PAUSE
