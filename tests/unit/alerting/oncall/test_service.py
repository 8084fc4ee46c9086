"""Members and schedules: references hold, versions are checked, lost races are repeated."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from tests.support.alerting_examples import ANN, BEN, DAILY, NOW, OFFICE, OVERRIDE, PAGER, POLICY, ROTA, WEEKLY
from tests.support.fakes.alerting_configurations import FakeConfigurations
from vigil.alerting.oncall.model import MAX_MEMBERS, MAX_SCHEDULES, Member, Override
from vigil.alerting.oncall.service import OnCall
from vigil.errors import Conflict, InvalidInput, NotFound, PreconditionFailed


@pytest.fixture
def store():
    """Configuration of `acme` with two members, a schedule and a policy that names them."""
    fake = FakeConfigurations()
    fake.add_channel("acme", PAGER)
    for generation, value in enumerate((ANN, BEN, ROTA, POLICY)):
        assert fake.put("acme", generation, value)
    return fake


@pytest.fixture
def on_call(store):
    ids = count(1)
    return OnCall(store, lambda: f"{next(ids):016x}", lambda: NOW)


def race(store, rival):
    """Let a rival write before the next write of the service."""
    waiting = [rival]
    store.before_write = lambda: waiting.pop()() if waiting else None


def broken(error):
    return [(each.field, each.message) for each in error.value.errors]


def test_a_new_member_gets_an_id_and_the_first_version(on_call):
    created = on_call.create_member("acme", Member("ignored", "Cem", "cem@example.com", version=7))
    assert created == Member("mem-0000000000000001", "Cem", "cem@example.com")
    assert on_call.member("acme", created.member_id) == created


def test_a_replaced_member_has_the_next_version(on_call):
    changed = on_call.replace_member("acme", replace(ANN, name="Anna"), 1)
    assert changed == replace(ANN, name="Anna", version=2)
    with pytest.raises(PreconditionFailed):
        on_call.replace_member("acme", ANN, 1)
    assert on_call.replace_member("acme", ANN, None).version == 3


def test_an_unknown_member_or_schedule_is_not_found(on_call):
    for call in (
        lambda: on_call.member("globex", "mem-ann"),
        lambda: on_call.replace_member("globex", ANN, None),
        lambda: on_call.delete_member("globex", "mem-ann", None),
        lambda: on_call.schedule("globex", "sch-rota"),
        lambda: on_call.replace_schedule("globex", ROTA, None),
        lambda: on_call.delete_schedule("globex", "sch-rota", None),
        lambda: on_call.on_call("globex", "sch-rota", None),
        lambda: on_call.shifts("globex", "sch-rota", None, None),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_key_belongs_to_one_member(on_call):
    with pytest.raises(InvalidInput) as error:
        on_call.replace_member("acme", replace(BEN, key_id=ANN.key_id), None)
    assert broken(error)[0][0] == "key_id"
    assert on_call.replace_member("acme", ANN, None).key_id == ANN.key_id


def test_a_member_in_use_is_not_deleted_and_its_users_are_named(on_call):
    with pytest.raises(Conflict, match=r"pol-ops, sch-rota"):
        on_call.delete_member("acme", "mem-ann", None)
    assert on_call.member("acme", "mem-ann") == ANN


def test_a_schedule_in_use_is_not_deleted_and_its_users_are_named(on_call):
    with pytest.raises(Conflict, match="pol-ops"):
        on_call.delete_schedule("acme", "sch-rota", None)


def test_unused_members_and_schedules_are_deleted(on_call, store):
    store.delete("acme", 4, POLICY)
    with pytest.raises(PreconditionFailed):
        on_call.delete_schedule("acme", "sch-rota", 2)
    on_call.delete_schedule("acme", "sch-rota", 1)
    on_call.delete_member("acme", "mem-ann", 1)
    assert (on_call.plan("acme").members, on_call.plan("acme").schedules) == ({"mem-ben": BEN}, {})


def test_a_schedule_names_each_broken_rule(on_call):
    windows = (replace(OFFICE, weekdays=(0, 0)),)
    layers = (replace(WEEKLY, people=("mem-ann", "mem-cem")), replace(DAILY, name="weekly", windows=windows))
    overrides = (replace(OVERRIDE, ends_at=OVERRIDE.starts_at), Override("mem-dee", NOW, NOW + timedelta(1)))
    wrong = replace(ROTA, zone="Europe/Atlantis", layers=layers, overrides=overrides)
    with pytest.raises(InvalidInput) as error:
        on_call.create_schedule("acme", wrong)
    assert [field for field, _ in broken(error)] == [
        "zone",
        "layers.0.people.1",
        "layers.1.name",
        "layers.1.windows.0.weekdays",
        "overrides.0.ends_at",
        "overrides.1.member_id",
    ]


@pytest.mark.parametrize("zone", ["Europe", "America/Argentina", "../etc/passwd", "", "Europe/Berlin "])
def test_a_text_that_is_no_zone_is_refused(on_call, zone):
    with pytest.raises(InvalidInput, match="zone: is not a time zone"):
        on_call.create_schedule("acme", replace(ROTA, zone=zone))


def test_members_and_schedules_have_a_maximum_number(on_call, store):
    plan = on_call.plan("acme")
    many = {f"mem-{number}": replace(BEN, member_id=f"mem-{number}") for number in range(MAX_MEMBERS)}
    rotas = {f"sch-{number}": replace(ROTA, schedule_id=f"sch-{number}") for number in range(MAX_SCHEDULES)}
    full = replace(plan, members={**plan.members, **many}, schedules=rotas)
    store.stored["acme"] = replace(store.read("acme"), plan=full)
    with pytest.raises(InvalidInput, match="cannot be more than 100 per tenant"):
        on_call.create_member("acme", BEN)
    with pytest.raises(InvalidInput, match="cannot be more than 20 per tenant"):
        on_call.create_schedule("acme", ROTA)
    assert on_call.replace_schedule("acme", rotas["sch-0"], None).version == 2


def test_a_change_is_repeated_after_a_lost_race(on_call, store):
    race(store, lambda: store.put("acme", 4, replace(BEN, name="Benno")))
    on_call.create_member("acme", Member("", "Cem", "cem@example.com"))
    assert sorted(member.name for member in on_call.plan("acme").members.values()) == ["Ann", "Benno", "Cem"]


def test_a_member_that_a_rival_uses_meanwhile_is_not_deleted(on_call, store):
    store.delete("acme", 4, POLICY)
    store.delete("acme", 5, ROTA)
    race(store, lambda: store.put("acme", 6, POLICY))
    with pytest.raises(Conflict, match="pol-ops"):
        on_call.delete_member("acme", "mem-ann", None)


def test_endless_races_end_with_a_conflict(on_call, store, monkeypatch):
    monkeypatch.setattr(store, "put", lambda *_: False)
    with pytest.raises(Conflict, match="try again"):
        on_call.create_member("acme", BEN)


def test_the_member_on_call_is_named_with_the_end_of_the_shift(on_call):
    found = on_call.on_call("acme", "sch-rota", None)
    assert (found.at, found.member) == (NOW, ANN)
    assert found.until.isoformat() == "2026-11-23T08:00:00+00:00"


def test_a_shift_that_lasts_longer_than_a_list_has_no_known_end(on_call):
    alone = on_call.create_schedule("acme", replace(ROTA, layers=(replace(WEEKLY, people=("mem-ben",)),), overrides=()))
    found = on_call.on_call("acme", alone.schedule_id, NOW)
    assert (found.member, found.until) == (BEN, None)


def test_before_the_first_turn_no_member_is_named(on_call):
    found = on_call.on_call("acme", "sch-rota", NOW - timedelta(days=30))
    assert (found.member, found.until) == (None, None)


def test_shifts_cover_seven_days_by_default(on_call):
    found = on_call.shifts("acme", "sch-rota", None, None)
    assert (found[0].starts_at, found[-1].ends_at) == (NOW, NOW + timedelta(days=7))
    assert {shift.member_id for shift in found} == {"mem-ann", "mem-ben"}


@pytest.mark.parametrize("days", [0, -1, 32])
def test_shifts_of_a_wrong_span_are_refused(on_call, days):
    with pytest.raises(InvalidInput, match="to: must be after from, by at most 31 days"):
        on_call.shifts("acme", "sch-rota", NOW, NOW + timedelta(days=days))
