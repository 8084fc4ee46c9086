"""`vigil objectives` calls the API and prints its answer."""

import pytest
from typer.testing import CliRunner

from cli.main import app

RULE = {"name": "fast", "factor": 14.4, "firing": False}
MEASURED = {
    "name": "availability",
    "target": 0.999,
    "state": "burning",
    "budget": {"valid": 10_000, "bad": 4, "left": 0.6},
    "rules": [RULE | {"long": {"burn_rate": rate}, "short": {"burn_rate": 0}} for rate in (1.25, 6.5, 0.4)],
}
UNKNOWN = {"name": "batches", "target": 0.99, "state": "unknown", "budget": None, "rules": []}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API."""
    with api(lambda _: (200, {"items": [MEASURED, UNKNOWN]})) as requests:
        yield requests


def test_budgets_left_and_burn_rates_are_a_table(asked):
    printed = CliRunner().invoke(app, ["objectives"])
    assert printed.exit_code == 0, printed.output
    header, measured, unknown = printed.output.splitlines()
    assert " ".join(header.split()) == "objective target state budget left bad valid burn 1 h 6 h 3 d"
    assert measured.split() == ["availability", "99.9%", "burning", "60.0%", "4", "10000", "1.2", "6.5", "0.4"]
    assert unknown.split() == ["batches", "99.0%", "unknown"]
    assert [request.path for request in asked] == ["/v1/objectives"]
