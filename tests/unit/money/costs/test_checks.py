"""The watch has everybody look at a tenant, whoever of them fails."""

import pytest

from tests.support.fakes.clock import Clock
from vigil.errors import Unavailable
from vigil.money.costs.checks import SpendChecks


class Looking:
    """Somebody who remembers whom they looked at."""

    def __init__(self, *failing):
        self.failing, self.seen = failing, []

    def run(self, tenant_id):
        self.seen.append(tenant_id)
        if tenant_id in self.failing:
            raise Unavailable("away")
        return 2


def test_all_checks_run_and_their_event_counts_are_added():
    looks = Looking(), Looking()
    assert SpendChecks(looks, Clock()).look("acme", "now") == {"told": 4}


def test_a_failed_check_does_not_stop_the_others():
    looks = Looking("acme"), Looking()
    with pytest.raises(Unavailable):
        SpendChecks(looks, Clock()).look("acme", "now")
    assert looks[1].seen == ["acme"]


def test_a_sweep_is_always_due():
    clock = Clock()
    watch = SpendChecks([], clock)
    last = watch.due("")
    clock.advance(seconds=1)
    assert last < watch.due(last)
