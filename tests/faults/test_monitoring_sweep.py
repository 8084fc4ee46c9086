"""The nightly sweep while the process ends at each of its AWS calls, before or after the call has its effect."""

import json

import pytest

from tests.support.aws_calls import replace_calls
from tests.support.monitored_ledgers import Past, counts_of, past_day, plain_count, put_decisions
from tests.support.monitored_nights import (
    DAY,
    PLACE,
    days_before,
    monitored_deployment,
    report,
    run_sweep,
    settle,
)
from vigil.bootstrap import monitoring

pytestmark = pytest.mark.faults

DUE_DAY = "2026-01-20"
CHANGING = {"ROUNDS"}
"""Partitions whose items depend on the number of runs."""


class Killed(BaseException):
    """The end of the process. No code catches it."""


class Killer:
    """Ends the process at one call of the run, counted from 1; 0 ends none. Records ids of published events."""

    def __init__(self, patch):
        self.at = self.calls = 0
        self.after = False
        self.published = []
        replace_calls(patch, self._call)

    def arm(self, at, *, after):
        self.at, self.after, self.calls, self.published = at, after, 0, []

    def _call(self, make, service, operation, arguments):
        self.calls += 1
        is_last = self.calls == self.at
        if is_last and not self.after:
            raise Killed
        answer = make(operation, arguments)
        if operation == "PutEvents":
            self.published += [json.loads(entry["Detail"])["event_id"] for entry in arguments["Entries"]]
        if is_last:
            raise Killed
        return answer


def prepare(client):
    """Store a settled month, a day that has moved, and decisions whose labels are due."""
    settle()
    past = [Past(DUE_DAY, number, probability=0.6) for number in range(4)]
    put_decisions(client, [*past_day(DAY, 40, subject="", visits=39), *past])
    report(past[0])
    report(past[1], "not_occurred")
    monitoring.progress().put_counted("acme", days_before(DUE_DAY, 1))
    monitoring.progress().put_due_weeks(*PLACE, DUE_DAY, {"2026-W08": 4})
    monitoring.progress().put_counted("acme", days_before(DAY, 1))


def items(client):
    """Return the items of monitoring by key."""
    found = client.scan(TableName="monitoring")["Items"]
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in found if item["pk"]["S"] not in CHANGING}


def replace_items(client, wanted):
    for item in client.scan(TableName="monitoring")["Items"]:
        client.delete_item(TableName="monitoring", Key={"pk": item["pk"], "sk": item["sk"]})
    for item in wanted:
        client.put_item(TableName="monitoring", Item=item)


def test_a_kill_at_each_call_leaves_the_same_counts_and_one_finding(monkeypatch):
    with monitored_deployment(monkeypatch) as client:
        prepare(client)
        before = list(items(client).values())
        killer = Killer(monkeypatch)
        run_sweep(monkeypatch)
        calls, undisturbed = killer.calls, items(client)
        assert calls > 20
        assert len(killer.published) == len(list(monitoring.findings().findings("acme", "toy"))) == 1
        for at in range(1, calls + 1):
            for after in (False, True):
                killer.arm(0, after=False)
                replace_items(client, before)
                killer.arm(at, after=after)
                with pytest.raises(Killed):
                    run_sweep(monkeypatch)
                killer.at = 0
                runs = [run_sweep(monkeypatch, hours=hours) for hours in (1, 2, 3)]
                assert runs[-1] == {"tenants": 0, "failed": 0}
                assert items(client) == undisturbed, (at, after)
                assert len(set(killer.published)) == 1
        killer.arm(0, after=False)
        assert counts_of(next(monitoring.profiles().profiles(*PLACE, DAY, DAY))) == plain_count(client, DAY)


def test_reordered_and_repeated_decisions_give_the_same_profile(monkeypatch):
    with monitored_deployment(monkeypatch) as client:
        past = past_day(DAY, 30)
        put_decisions(client, past)
        run_sweep(monkeypatch)
        (first,) = monitoring.profiles().profiles(*PLACE, DAY, DAY)
        replace_items(client, ())
        put_decisions(client, reversed(past))
        put_decisions(client, past)
        run_sweep(monkeypatch, hours=1)
        assert list(monitoring.profiles().profiles(*PLACE, DAY, DAY)) == [first]
