"""Health runs every probe and reports a failure by its class only."""

import pytest

from vigil.errors import Unavailable
from vigil.operations.health.service import Health


def fail():
    raise Unavailable("host db-7 at 10.0.0.3")


def test_every_probe_gets_a_result_in_its_order():
    results = Health({"models": lambda: None, "ledger": fail, "limits": lambda: None}).run_checks()
    assert [(result.name, result.up, result.cause) for result in results] == [
        ("models", True, None),
        ("ledger", False, "Unavailable"),
        ("limits", True, None),
    ]
    assert all(result.latency_ms >= 0 for result in results)


def test_a_result_contains_no_text_of_the_error():
    (result,) = Health({"ledger": fail}).run_checks()
    assert "db-7" not in repr(result)


def test_an_unexpected_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        Health({"ledger": lambda: 1 / 0}).run_checks()
