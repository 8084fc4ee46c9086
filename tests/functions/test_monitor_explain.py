"""`vigil monitor explain` over the stored decisions of a deployment."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.monitoring import periods
from tests.support.monitored_ledgers import past_day, put_decisions
from tests.support.monitored_nights import days_before, monitored_deployment
from vigil.decisions.scoring.store import row_item

LAST = "2026-03-10"
BEFORE, AFTER = (f"{days_before(LAST, first)}..{days_before(LAST, first - 4)}" for first in (9, 4))


@pytest.fixture
def explain(monkeypatch):
    """Function that stores decisions and explains the change after five days; it returns the shown text."""
    with monitored_deployment(monkeypatch) as client:

        def run(*decisions):
            put_decisions(client, decisions)
            options = ("--model", "toy", "--version", "1", "--tenant", "acme", "--before", BEFORE, "--after", AFTER)
            done = CliRunner().invoke(app, ["monitor", "explain", *options])
            assert done.exit_code == 0, done.output
            return done.output

        run.client = client
        yield run


def decisions(shift, first=0, **changes):
    """Return decisions of ten days about different persons, with numbers from `first` on; visits change by `shift`."""
    for number in range(10):
        for each in past_day(days_before(LAST, 9 - number), 60, **changes):
            is_shifted = number >= 5 and each.visits is not None
            visits = each.visits + shift if is_shifted else each.visits
            yield replace(each, number=first + each.number, subject=f"p-{number}-{first + each.number}", visits=visits)


def test_a_change_of_stored_decisions_is_ranked_first(explain):
    lines = explain(*decisions(10)).splitlines()
    assert lines[0].startswith("the periods differ: the area under the curve is 0.")
    assert "visits:" in lines[1]


def test_other_versions_tenants_and_erased_decisions_are_not_read(explain):
    client = explain.client
    put_decisions(client, [*decisions(10, first=100, version=2), *decisions(10, first=200, tenant="globex")])
    for each in decisions(10, first=300):
        item = row_item(each.row())
        kept = {name: item[name] for name in ("pk", "tenant_pk", "time_sk", "decision_id", "model", "model_version")}
        client.put_item(TableName="decisions", Item=kept | {"erased_at": {"S": "2026-03-11T00:00:00Z"}})
    assert explain(*decisions(0)).startswith("no visible difference: ")


def test_a_sample_of_stored_decisions_is_the_same_in_every_call(explain, monkeypatch):
    monkeypatch.setattr(periods, "MAX_SAMPLE", 150)
    first = explain(*decisions(10))
    assert explain() == first
