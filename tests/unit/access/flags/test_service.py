"""Flags service: caching, unavailable stores, and concurrent changes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from tests.support.fakes.flags import FakeFlagStore, reference_evaluator
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


class World:
    def __init__(self, *flags, build_evaluator=reference_evaluator):
        self.store, self.clock, self.reports, self.evaluations = FakeFlagStore(*flags), Clock(), CacheReports(), 0
        self.flags = Flags(
            self.store, self._counting(build_evaluator), "local", self.clock, timedelta(minutes=1), self.reports
        )

    def _counting(self, build_evaluator):
        def make(flag_set):
            evaluate = build_evaluator(flag_set)

            def counted(name, context):
                self.evaluations += 1
                return evaluate(name, context)

            return counted

        return make

    def define(self, flag, expected):
        return self.flags.define(flag, expected, "key")


def test_switches_contain_the_digest_and_the_flags_that_are_on():
    world = World(ON, HALF)
    digest = world.store.current().digest()
    inside = next(s for s in map(str, range(99)) if HALF.bucket("acme", s) < 5000)
    outside = next(s for s in map(str, range(99)) if HALF.bucket("acme", s) >= 5000)
    assert world.flags.switches("acme", outside) == Switches(digest, (EXPLAIN_HIGH_RISK,))
    assert world.flags.switches("acme", inside) == Switches(digest, (EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT))


def test_the_set_is_read_once_per_minute():
    world = World(ON)
    for _ in range(50):
        world.flags.switches("acme", "p")
    assert world.store.reads == 1
    world.clock.advance(seconds=61)
    world.flags.switches("acme", "p")
    assert world.store.reads == 2


def test_the_evaluator_runs_once_per_tenant_and_set():
    world = World(replace(ON, percentage=0.0, allow=("acme",)), HALF)
    world.flags.switches("acme", "p")
    evaluations = world.evaluations
    assert {world.flags.switches("acme", subject).on for subject in map(str, range(50))} == {
        (EXPLAIN_HIGH_RISK,),
        (EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT),
    }
    assert world.evaluations == evaluations


@given(percentages=st.lists(st.integers(0, BUCKET_COUNT), min_size=2, max_size=2), subject=st.text(max_size=5))
def test_cached_states_match_the_evaluator_for_each_bucket(percentages, subject):
    flags = [
        replace(HALF, name=name, percentage=percentage / 100)
        for name, percentage in zip((EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT), percentages, strict=True)
    ]
    world = World(*flags, build_evaluator=powertools_evaluator)
    evaluate = reference_evaluator(world.store.current())
    expected = tuple(
        flag.name
        for flag in flags
        if evaluate(flag.name, {"stage": "local", "tenant_id": "acme", "bucket": flag.bucket("acme", subject)})
    )
    assert world.flags.switches("acme", subject).on == expected


def test_an_unknown_flag_is_not_in_the_switches():
    assert World(replace(ON, name="page-colour")).flags.switches("acme", "p").on == ()


def test_an_unavailable_store_turns_flags_off_until_the_retry_delay():
    world = World(ON)
    world.store.away = True
    for _ in range(20):
        assert world.flags.switches("acme", "p") == Switches(None, ())
    assert (world.store.reads, world.reports.failed) == (1, [("flags", False)])
    world.store.away = False
    world.clock.advance(seconds=RETRY_DELAY.total_seconds())
    assert world.flags.switches("acme", "p").on == (EXPLAIN_HIGH_RISK,)


def test_the_cached_set_is_used_while_the_store_is_unavailable():
    world = World(ON)
    before = world.flags.switches("acme", "p")
    world.store.away = True
    world.clock.advance(hours=5)
    assert world.flags.switches("acme", "p") == before
    assert world.reports.failed == [("flags", True)]


def test_all_flags_are_off_a_day_after_the_last_read():
    world = World(ON)
    world.flags.switches("acme", "p")
    world.store.away = True
    world.clock.advance(hours=24)
    assert world.flags.switches("acme", "p").on == (EXPLAIN_HIGH_RISK,)
    world.clock.advance(minutes=1)
    assert world.flags.switches("acme", "p") == Switches(None, ())


def test_a_set_that_cannot_be_evaluated_turns_flags_off():
    def broken(_):
        raise Unavailable("not a schema")

    world = World(ON, build_evaluator=broken)
    assert world.flags.switches("acme", "p") == Switches()
    assert [e.on for e in world.flags.evaluations("acme")[1]] == [False] * len(KNOWN_FLAGS)


def test_an_evaluation_is_none_if_it_depends_on_the_subject():
    world = World(ON, HALF, replace(ON, name="denied", deny=("acme",)), replace(ON, name="elsewhere", stages=("prod",)))
    digest, found = world.flags.evaluations("acme")
    assert digest == world.store.current().digest()
    assert {e.flag.name: e.on for e in found} == {
        EXPLAIN_HIGH_RISK: True, SKIP_MISSING_FACT: None, "denied": False, "elsewhere": False,
    }  # fmt: skip
    assert world.flags.evaluation(SKIP_MISSING_FACT, "acme", "p-1").on is (HALF.bucket("acme", "p-1") < 5000)
    with pytest.raises(NotFound):
        world.flags.evaluation("nothing", "acme")


def test_a_change_is_visible_at_once_and_old_sets_remain():
    world = World()
    assert world.flags.switches("acme", "p").on == ()
    before = world.store.current()
    world.define(ON, Precondition(before.find(ON.name).etag() and (before.find(ON.name).etag(),)))
    assert world.flags.switches("acme", "p").on == (EXPLAIN_HIGH_RISK,)
    digest = world.flags.switches("acme", "p").digest
    world.define(replace(ON, percentage=0.0), Precondition((ON.etag(),)))
    assert world.flags.find_set(digest).find(ON.name) == ON
    with pytest.raises(NotFound):
        world.flags.find_set("sha256:0")


def test_a_stale_etag_is_rejected():
    world = World(ON)
    read = world.flags.current().find(ON.name).etag()
    world.define(replace(ON, percentage=10.0), Precondition((read,)))
    with pytest.raises(PreconditionFailed):
        world.define(replace(ON, percentage=20.0), Precondition((read,)))
    assert world.flags.current().find(ON.name).percentage == 10


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
def test_a_change_without_a_matching_precondition_is_rejected(name, expected, error):
    world = World(ON)
    with pytest.raises(error):
        world.define(replace(ON, name=name), expected)
    assert world.store.current().flags == (ON,)


def test_define_returns_true_only_for_a_new_flag():
    world = World()
    assert world.define(replace(ON, name="fresh"), ABSENT) is True
    assert world.define(replace(ON, name="fresh", percentage=1.0), Precondition(("*",))) is False


def test_a_concurrent_change_of_another_flag_is_retried():
    world = World(ON)
    world.store.overtaken = 3
    assert world.define(replace(ON, name="fresh"), ABSENT)
    world.store.overtaken = 99
    with pytest.raises(Conflict):
        world.define(replace(ON, name="fresher"), ABSENT)


def test_one_flag_above_the_maximum_is_rejected():
    world = World(*(replace(ON, name=f"flag-{number}") for number in range(MAX_FLAGS)))
    with pytest.raises(InvalidInput):
        world.define(replace(ON, name="one-more"), ABSENT)
    assert not world.define(replace(ON, name="flag-0", percentage=5.0), Precondition(("*",)))


def test_the_largest_set_fits_into_one_item():
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
