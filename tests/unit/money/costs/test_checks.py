"""The watch has everybody look at a tenant, whoever of them fails."""

import pytest

from tests.support.fakes.clock import Clock
from vigil.errors import Unavailable
from vigil.money.costs.checks import Watch


class Looking:
    """Somebody who remembers whom they looked at."""

    def __init__(self, *failing):
        self.failing, self.seen = failing, []

    def look(self, tenant_id):
        self.seen.append(tenant_id)
        if tenant_id in self.failing:
            raise Unavailable("away")
        return 2


def test_everybody_looks_and_what_they_told_adds_up():
    looks = Looking(), Looking()
    assert Watch(looks, Clock()).process_tenant("acme", "now") == {"told": 4}


def test_who_fails_keeps_nobody_from_looking():
    looks = Looking("acme"), Looking()
    with pytest.raises(Unavailable):
        Watch(looks, Clock()).process_tenant("acme", "now")
    assert looks[1].seen == ["acme"]


def test_a_round_is_always_due():
    clock = Clock()
    watch = Watch([], clock)
    last = watch.next_sweep("")
    clock.advance(seconds=1)
    assert last < watch.next_sweep(last)
