"""A deployment with monitored decisions, and the sweep of a night."""

import pytest

from tests.support.monitored_nights import clear_tables, monitored_deployment, run_sweep


@pytest.fixture(scope="module")
def dynamodb():
    """DynamoDB of one deployment for all tests."""
    with pytest.MonkeyPatch.context() as environment, monitored_deployment(environment) as client:
        yield client


@pytest.fixture
def client(dynamodb):
    """DynamoDB of a deployment with the tenant `acme`, without decisions, at two in the morning."""
    yield dynamodb
    clear_tables(dynamodb)


@pytest.fixture
def sweep(client, monkeypatch):
    """Function that runs the sweep a number of nights after the first one, and returns its counts."""

    def run(nights=0, hours=0):
        done = run_sweep(monkeypatch, nights, hours)
        assert done["failed"] == 0
        return {name: number for name, number in done.items() if number and name not in {"tenants", "failed"}}

    return run
