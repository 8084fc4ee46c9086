"""Rounds of all tenants."""

from dataclasses import dataclass, field

import pytest

from vigil.costs.rounds.service import Round, Rounds
from vigil.errors import Conflict, Unavailable


@dataclass
class World:
    """Tenants, two looks that remember whom they saw, and the place of the round."""

    tenants: list[str] = field(default_factory=lambda: ["globex", "acme", "initech"])
    place: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)

    def last(self):
        return self.place

    def keep(self, tenant_id):
        self.place = tenant_id

    def run(self, most=99):
        left = iter([True] * most)
        return Rounds(lambda: self.tenants, [Looking("first", self), Looking("second", self)], self).run(
            lambda: next(left, False)
        )

    @property
    def order(self):
        return [tenant for name, tenant in self.seen if name == "first"]


@dataclass
class Looking:
    name: str
    world: World

    def look(self, tenant_id):
        if self.name == "first" and tenant_id in self.world.failing:
            raise self.world.failing[tenant_id]
        self.world.seen.append((self.name, tenant_id))
        return 2


@pytest.fixture
def world():
    return World()


def test_every_tenant_is_looked_at_by_all_who_look(world):
    assert world.run() == Round(tenants=3, told=12, failed=0)
    assert world.seen == [(name, tenant) for tenant in ("acme", "globex", "initech") for name in ("first", "second")]


def test_whoever_there_was_no_time_for_is_first_in_the_next_run(world):
    assert [world.run(most=2).tenants for _ in range(3)] == [2, 2, 2]
    assert world.order == ["acme", "globex", "initech", "acme", "globex", "initech"]


def test_a_run_without_time_leaves_the_round_where_it_was(world):
    world.place = "globex"
    assert world.run(most=0) == Round()
    assert world.place == "globex"


def test_who_comes_and_goes_disturbs_nobody(world):
    world.run(most=2)
    world.tenants = ["acme", "hooli", "initech"]
    world.run(most=2)
    assert world.order == ["acme", "globex", "hooli", "initech"]


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("leaving")])
def test_a_look_that_fails_stops_neither_the_others_nor_the_round(world, error):
    world.failing["acme"] = error
    assert world.run() == Round(tenants=3, told=10, failed=1)
    assert ("second", "acme") in world.seen
    assert world.order == ["globex", "initech"]
