"""The functions of a stack are not those of a stack whose name begins in the same way."""

from types import SimpleNamespace

import pytest

from tests.support.fakes.functions import FakeLambda
from vigil.errors import NotFound
from vigil.operations.diagnosis.availability_service import AvailabilityChecks
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.functions_service import FunctionRollback
from vigil.operations.remedies.functions_store import LambdaFunctions

AT = "2026-03-01T12:00:00+00:00"


@pytest.fixture
def account():
    known = FakeLambda()
    for stack in ("vigil", "vigil-staging"):
        known.publish(f"{stack}-scoring-api", AT, POWERTOOLS_SERVICE_NAME="scoring-api")
    return known


@pytest.mark.parametrize("stack", ["vigil", "vigil-staging"])
def test_a_function_of_the_stack_has_its_versions(account, stack):
    (version,) = LambdaFunctions(account, stack).versions("scoring_api")
    assert version.number == 1


@pytest.mark.parametrize("name", ["staging_scoring_api", "staging-scoring-api"])
def test_a_function_of_another_stack_is_not_found(account, name):
    with pytest.raises(NotFound):
        LambdaFunctions(account, "vigil").versions(name)


@pytest.mark.parametrize("name", ["staging_scoring_api", "none"])
def test_checks_and_rollback_do_not_find_a_function_of_another_stack(account, name):
    functions, scope = LambdaFunctions(account, "vigil"), Scope("inc-1", function=name)
    checks = AvailabilityChecks(None, SimpleNamespace(firing=list), None, functions, functions.lambda_name, None)
    for check in (checks.errors_and_throttles, checks.last_deployment):
        assert check(scope).verdict == "unknown"
    assert FunctionRollback(functions, None).plan(scope).refusal == (
        "There is no function with this name in the deployment."
    )
