"""Flags are read once in a while, never in the way, and changed by one operator at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.flags import FakeFlagStore, plainly
from vigil.access.flags.model import (
    BUCKET_COUNT,
    EXPLAIN_HIGH_RISK,
    KNOWN_FLAGS,
    SKIP_MISSING_FACT,
    Flag,
    FlagSet,
    Switches,
)
from vigil.access.flags.service import MAX_FLAGS, RETRY_DELAY, Flags, Precondition
from vigil.access.flags.store import powertools_evaluator
from vigil.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, PreconditionRequired, Unavailable

ON = Flag(EXPLAIN_HIGH_RISK, "d", stages=("local",), percentage=100.0)
HALF = Flag(SKIP_MISSING_FACT, "d", stages=("local",), percentage=50.0, sticky="subject")
ABSENT = Precondition(absent=True)


class Room:
    def __init__(self, *flags, engine=plainly):
        self.store, self.clock, self.seen, self.asked = FakeFlagStore(*flags), Clock(), [], 0
        self.flags = Flags(
            self.store, self._counting(engine), "local", self.clock, timedelta(minutes=1), self.seen.append
        )

    def _counting(self, engine):
        def make(flag_set):
            evaluate = engine(flag_set)

            def counted(name, context):
                self.asked += 1
                return evaluate(name, context)

            return counted

        return make

    def define(self, flag, expected):
        return self.flags.define(flag, expected, "key")


def test_a_decision_names_the_set_and_the_flags_that_were_on():
    room = Room(ON, HALF)
    digest = room.store.current().digest()
    inside = next(s for s in map(str, range(99)) if HALF.bucket("acme", s) < 5000)
    outside = next(s for s in map(str, range(99)) if HALF.bucket("acme", s) >= 5000)
    assert room.flags.switches("acme", outside) == Switches(digest, (EXPLAIN_HIGH_RISK,))
    assert room.flags.switches("acme", inside) == Switches(digest, (EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT))


def test_the_set_is_read_once_a_minute():
    room = Room(ON)
    for _ in range(50):
        room.flags.switches("acme", "p")
    assert room.store.reads == 1
    room.clock.advance(seconds=61)
    room.flags.switches("acme", "p")
    assert room.store.reads == 2


def test_the_engine_is_asked_once_for_a_tenant_and_a_set():
    room = Room(replace(ON, percentage=0.0, allow=("acme",)), HALF)
    room.flags.switches("acme", "p")
    asked = room.asked
    assert {room.flags.switches("acme", subject).on for subject in map(str, range(50))} == {
        (EXPLAIN_HIGH_RISK,),
        (EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT),
    }
    assert room.asked == asked


@given(percentages=st.lists(st.integers(0, BUCKET_COUNT), min_size=2, max_size=2), subject=st.text(max_size=5))
def test_what_is_settled_is_what_the_engine_says_of_each_bucket(percentages, subject):
    flags = [
        replace(HALF, name=name, percentage=percentage / 100)
        for name, percentage in zip((EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT), percentages, strict=True)
    ]
    room = Room(*flags, engine=powertools_evaluator)
    evaluate = plainly(room.store.current())
    expected = tuple(
        flag.name
        for flag in flags
        if evaluate(flag.name, {"stage": "local", "tenant_id": "acme", "bucket": flag.bucket("acme", subject)})
    )
    assert room.flags.switches("acme", subject).on == expected


def test_an_unknown_flag_is_no_part_of_a_decision():
    assert Room(replace(ON, name="page-colour")).flags.switches("acme", "p").on == ()


def test_without_a_store_everything_is_off_and_it_is_said_and_not_asked_again_at_once():
    room = Room(ON)
    room.store.away = True
    for _ in range(20):
        assert room.flags.switches("acme", "p") == Switches(None, ())
    assert (room.store.reads, room.seen) == (1, ["flags_unavailable"])
    room.store.away = False
    room.clock.advance(seconds=RETRY_DELAY.total_seconds())
    assert room.flags.switches("acme", "p").on == (EXPLAIN_HIGH_RISK,)


def test_the_last_set_stands_while_the_store_is_away():
    room = Room(ON)
    before = room.flags.switches("acme", "p")
    room.store.away = True
    room.clock.advance(hours=5)
    assert room.flags.switches("acme", "p") == before
    assert room.seen == ["flags_unavailable"]


def test_a_set_that_cannot_be_evaluated_is_like_none():
    def broken(_):
        raise Unavailable("not a schema")

    room = Room(ON, engine=broken)
    assert room.flags.switches("acme", "p") == Switches()
    assert [e.on for e in room.flags.evaluations("acme")[1]] == [False] * len(KNOWN_FLAGS)


def test_an_evaluation_says_where_it_depends_on_the_subject():
    room = Room(ON, HALF, replace(ON, name="denied", deny=("acme",)), replace(ON, name="elsewhere", stages=("prod",)))
    digest, found = room.flags.evaluations("acme")
    assert digest == room.store.current().digest()
    assert {e.flag.name: e.on for e in found} == {
        EXPLAIN_HIGH_RISK: True, SKIP_MISSING_FACT: None, "denied": False, "elsewhere": False,
    }  # fmt: skip
    assert room.flags.evaluation(SKIP_MISSING_FACT, "acme", "p-1").on is (HALF.bucket("acme", "p-1") < 5000)
    with pytest.raises(NotFound):
        room.flags.evaluation("nothing", "acme")


def test_a_change_is_seen_at_once_where_it_was_made_and_kept_with_what_was_before():
    room = Room()
    assert room.flags.switches("acme", "p").on == ()
    before = room.store.current()
    room.define(ON, Precondition(before.find(ON.name).etag() and (before.find(ON.name).etag(),)))
    assert room.flags.switches("acme", "p").on == (EXPLAIN_HIGH_RISK,)
    digest = room.flags.switches("acme", "p").digest
    room.define(replace(ON, percentage=0.0), Precondition((ON.etag(),)))
    assert room.flags.find_set(digest).find(ON.name) == ON
    with pytest.raises(NotFound):
        room.flags.find_set("sha256:0")


def test_two_operators_cannot_undo_each_other():
    room = Room(ON)
    read = room.flags.current().find(ON.name).etag()
    room.define(replace(ON, percentage=10.0), Precondition((read,)))
    with pytest.raises(PreconditionFailed):
        room.define(replace(ON, percentage=20.0), Precondition((read,)))
    assert room.flags.current().find(ON.name).percentage == 10


@pytest.mark.parametrize(
    ("name", "expected", "error"),
    [
        ("fresh", None, PreconditionRequired),
        ("fresh", Precondition(("*",)), PreconditionFailed),
        (ON.name, ABSENT, PreconditionFailed),
        (SKIP_MISSING_FACT, ABSENT, PreconditionFailed),
        (ON.name, Precondition(('"other"',)), PreconditionFailed),
    ],
)
def test_a_change_says_what_it_changes(name, expected, error):
    room = Room(ON)
    with pytest.raises(error):
        room.define(replace(ON, name=name), expected)
    assert room.store.current().flags == (ON,)


def test_a_flag_is_new_once():
    room = Room()
    assert room.define(replace(ON, name="fresh"), ABSENT) is True
    assert room.define(replace(ON, name="fresh", percentage=1.0), Precondition(("*",))) is False


def test_a_change_of_another_flag_in_between_is_not_lost_and_does_not_refuse_this_one():
    room = Room(ON)
    room.store.overtaken = 3
    assert room.define(replace(ON, name="fresh"), ABSENT)
    room.store.overtaken = 99
    with pytest.raises(Conflict):
        room.define(replace(ON, name="fresher"), ABSENT)


def test_there_are_no_more_flags_than_one_item_holds():
    room = Room(*(replace(ON, name=f"flag-{number}") for number in range(MAX_FLAGS)))
    with pytest.raises(InvalidInput):
        room.define(replace(ON, name="one-more"), ABSENT)
    assert not room.define(replace(ON, name="flag-0", percentage=5.0), Precondition(("*",)))


def test_the_largest_set_fits_into_an_item():
    tenants = tuple(f"{'t' * 29}{number:03d}" for number in range(50))
    largest = FlagSet()
    for number in range(MAX_FLAGS):
        flag = Flag(
            f"{'f' * 61}{number:03d}",
            "é" * 300,
            ("local", "dev", "staging", "prod"),
            99.99,
            "subject",
            tenants,
            tenants,
        )
        largest = largest.with_flag(flag)
    assert len(largest.to_json()) < 400_000
