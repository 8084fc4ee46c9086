"""States are small, and equal whether they are stored or built again."""

import sys
from dataclasses import replace

import pytest

from tests.support.drift_worlds import Planted, World, judge
from vigil.errors import DamagedData
from vigil.monitoring.drift.bets_model import plan_bets
from vigil.monitoring.drift.encoding_model import from_bytes, to_bytes
from vigil.monitoring.drift.rules_model import DriftRules

MAX_BYTES = 16_384
MAX_CALLS = 40_000
"""Maximum calls of functions for a day of 40 features whose bets are not cached; about 7 ms."""
QUICK = DriftRules(settling_days=20, settling_rows=1_000)
WORLD = World(100, 3, 45, Planted("shift", 1.0, 30))


@pytest.fixture(scope="module")
def profiles():
    return list(WORLD.profiles())


@pytest.mark.parametrize("days", [0, 1, 10, 20, 21, 34, 45])
def test_a_stored_state_is_the_one_in_memory(profiles, days):
    own = judge(QUICK)
    state, _ = own.rebuild(profiles[:days])
    assert from_bytes(to_bytes(state)) == state
    assert len(to_bytes(state)) <= MAX_BYTES


def test_a_rebuilt_state_has_the_bytes_of_the_stored_one(profiles):
    own = judge(QUICK)
    stored, kept = to_bytes(own.start()), []
    for profile in profiles:
        state, found = own.advance(from_bytes(stored), profile)
        stored, kept = to_bytes(state), [*kept, *found]
    state, findings = own.rebuild(profiles)
    assert to_bytes(state) == stored
    assert list(findings) == kept
    assert kept


def test_the_order_of_members_of_a_profile_has_no_effect(profiles):
    def turned(profile):
        names = ("bands", "decisions", "abstention_reasons", "degraded_engines", "missing_patterns")
        return replace(profile, **{name: dict(reversed(getattr(profile, name).items())) for name in names})

    own = judge(QUICK)
    plain, other = own.rebuild(profiles), own.rebuild([turned(profile) for profile in profiles])
    assert (to_bytes(plain[0]), plain[1]) == (to_bytes(other[0]), other[1])


def test_a_million_rows_a_day_fit_into_the_state(profiles):
    def grown(profile):
        features = tuple(
            replace(each, counts=tuple(10_000 * n for n in each.counts), missing=10_000 * each.missing)
            for each in profile.features
        )
        return replace(profile, features=features, counted=1_000_000, rows=1_000_000)

    state, findings = judge(QUICK).rebuild([grown(profile) for profile in profiles])
    assert from_bytes(to_bytes(state)) == state
    assert len(to_bytes(state)) <= MAX_BYTES
    assert findings


def test_judging_a_day_makes_few_calls(profiles):
    own, calls = judge(QUICK), 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    state, _ = own.rebuild(profiles[:28])
    plan_bets.cache_clear()
    sys.setprofile(count)
    try:
        own.advance(state, profiles[28])
    finally:
        sys.setprofile(None)
    assert 1_000 < calls <= MAX_CALLS, calls


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_an_incomplete_state_is_refused(profiles, cut):
    data = to_bytes(judge(QUICK).rebuild(profiles[:25])[0])
    with pytest.raises(DamagedData, match="build it again from the profiles"):
        from_bytes(data[:-cut])
    with pytest.raises(DamagedData, match="build it again from the profiles"):
        from_bytes(data + b"\0" * cut)


def test_a_state_with_any_changed_bit_is_refused(profiles):
    data = to_bytes(judge(QUICK).rebuild(profiles[:25])[0])
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises(DamagedData, match=r"state must"):
            from_bytes(bytes(changed))


def test_a_state_of_another_format_is_refused():
    with pytest.raises(DamagedData, match="must have format 1"):
        from_bytes(b"\x02" + to_bytes(judge().start())[1:])
