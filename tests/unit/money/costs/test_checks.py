"""The sweep of spend checks runs every check, even if one fails."""

import pytest

from tests.support.fakes.clock import Clock
from vigil.errors import Unavailable
from vigil.money.costs.checks import SpendChecks


class RecordingCheck:
    """Spend check that records its tenants and fails for some of them."""

    def __init__(self, *failing):
        self.failing, self.seen = failing, []

    def run(self, tenant_id):
        self.seen.append(tenant_id)
        if tenant_id in self.failing:
            raise Unavailable("away")
        return 2


def test_all_checks_run_and_their_event_counts_are_added():
    checks = RecordingCheck(), RecordingCheck()
    assert SpendChecks(checks, Clock()).process_tenant("acme", "now") == {"told": 4}


def test_a_failed_check_does_not_stop_the_others():
    checks = RecordingCheck("acme"), RecordingCheck()
    with pytest.raises(Unavailable):
        SpendChecks(checks, Clock()).process_tenant("acme", "now")
    assert checks[1].seen == ["acme"]


def test_a_sweep_is_always_due():
    clock = Clock()
    sweep = SpendChecks([], clock)
    last = sweep.next_sweep("")
    clock.advance(seconds=1)
    assert last < sweep.next_sweep(last)
