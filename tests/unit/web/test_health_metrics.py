"""The objective of availability subtracts only the health checks that API Gateway has counted."""

import json
from itertools import chain

import pytest

from cli.ministack_metrics import embedded_metrics
from tests.support.gateway import event
from tests.support.templates import DISTRICTS, resources
from vigil.errors import Unavailable
from vigil.operations.diagnosis.probes_store import FunctionProbe
from vigil.operations.metrics.series_model import Catalogue
from vigil.operations.objectives.model import OBJECTIVES, RULES, Sums

MINUTES = 6 * 60


def scheduled():
    """Return the event with which the schedule checks the readiness every minute."""
    (decisions,) = (path for path in DISTRICTS if path.stem == "decisions")
    schedule = resources(decisions, "AWS::Serverless::Function")["ScoringApi"]["Events"]["Readiness"]
    return json.loads(schedule["Properties"]["Input"])


def probing():
    """Return the event with which an incident checks the readiness."""
    sent = []
    FunctionProbe(lambda _, given: sent.append(given) or {"statusCode": 200}).probe()
    return sent[0]


def counted(api):
    """Return the sums of the metrics of all log lines by name."""
    data = list(chain.from_iterable(map(embedded_metrics, api.log.getvalue().splitlines())))
    return {each.name: sum(one.value for one in data if one.name == each.name) for each in data if not each.dimensions}


def availability(requests, errors, own):
    """Return the sums of six hours of which each minute has these metrics of API Gateway and of the function."""
    catalogue = Catalogue("api", "prod", ())
    values = {catalogue.requests: requests, catalogue.failed: errors}
    for metric in chain(*catalogue.valid_and_bad["availability"]):
        values.setdefault(metric, own.get(metric.name, 0.0))
    minutes = {metric: dict.fromkeys(range(MINUTES), float(value)) for metric, value in values.items()}
    return sum(catalogue.points(minutes)["availability"].values(), Sums())


@pytest.fixture
def down(api, monkeypatch):
    """The app without its ledger."""

    def fail(*_):
        raise Unavailable("The ledger did not answer.")

    monkeypatch.setattr(api.ledger, "get", fail)
    return api


@pytest.mark.parametrize("direct", [scheduled, probing])
def test_outage_burns_the_budget_while_direct_checks_fail_too(down, direct):
    assert down.send(direct())["statusCode"] == 503
    sums = availability(requests=2, errors=1, own=counted(down))
    objective = OBJECTIVES["availability"]
    assert sums == Sums(2 * MINUTES, MINUTES)
    assert objective.budget_left(sums) < 0
    (ticket,) = (rule for rule in RULES if rule.name == "ticket")  # both of its windows have these six hours
    assert ticket.is_burning(objective, sums, sums)


def test_failed_check_through_api_gateway_is_no_request(down):
    assert down.send(event("GET", "/health/readiness", tenant=None))["statusCode"] == 503
    assert counted(down) == {"HealthChecks": 1, "HealthFailures": 1}
    assert availability(requests=3, errors=1, own=counted(down)) == Sums(2 * MINUTES, 0)


def test_successful_check_through_api_gateway_is_no_failure(api):
    assert api.send(event("GET", "/health/liveness", tenant=None))["statusCode"] == 200
    assert counted(api) == {"HealthChecks": 1}
