"""Actions of runbooks on a deployment in process: previews write nothing, and each effect happens once under kills."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from random import Random
from typing import Any

import pytest

from tests.support.alert_worlds import Crashing
from tests.support.aws_calls import record_calls, replace_calls
from tests.support.deployments import KEY, model_keys, publish
from tests.support.fakes.access import Crash, Crasher
from tests.support.fakes.functions import FakeLambda
from tests.support.gateway import Context
from vigil.access.flags.model import Flag
from vigil.access.flags.service import Precondition
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, breakers, process, remedies
from vigil.errors import Conflict, Unavailable
from vigil.operations.diagnosis.probes_store import FunctionProbe
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.remedies.functions_store import LambdaFunctions
from vigil.operations.remedies.plans_store import DynamoPlans
from vigil.outbound.breakers.model import Circuit, CircuitId, Counts
from vigil.prediction.packages.publishing import Publisher

STACK, AT = "stack", "2026-03-01T12:00:00+00:00"
SCORING = f"{STACK}-scoring-api"
INTAKE = {"batches-split": "batch-splits", "batches-chunk": "batch-chunks", "batches-assembly": "batch-assemblies"}
READS = {"BatchGetItem", "GetItem", "GetObject", "GetSecretValue", "HeadObject", "Query", "TransactGetItems"}
SCOPE = Scope("inc-1", model="toy", tenant_id="acme", circuit="pagerduty", flag="beta")
CIRCUIT = CircuitId("pagerduty")
NEVER = 1_000_000
"""Number of a call that no work reaches."""
EFFECTS: Mapping[str, tuple[Callable[["World"], Any], int]] = {
    "function_back_one_version": (lambda world: world.functions.changes, 1),
    "champion_to_last_good": (lambda world: world.publisher.pointers("toy")["champion"].fence, 1),
    "circuit_open": (lambda _: breakers.circuits().get(CIRCUIT).epoch, 1),
    "flag_off": (lambda _: access.flags().current().version, 1),
    "intake_paused": (lambda world: world.functions.changes, 3),
    "keys_revoked": (lambda world: sum(world.is_revoked(key_id) for key_id in world.scope.key_ids), 2),
    "tenant_suspended": (lambda _: access.tenants().get("acme").version, 1),
    "signing_keys_rotated": (lambda _: len(access.published_keys().read().keys), 1),
}
"""Counter that each effect of an action raises, and the number of its effects."""
REFUSED = (
    ("champion_to_last_good", Scope("inc-1"), "names no known model"),
    ("circuit_open", Scope("inc-1"), "names no circuit"),
    ("circuit_open", Scope("inc-1", circuit="slack"), "no circuit with this name"),
    ("flag_off", Scope("inc-1", flag="none"), "names no known flag"),
    ("function_back_one_version", Scope("inc-1", function="none"), "no function with this name"),
    ("intake_paused", Scope("inc-1", queue="alerts"), "not a queue of batches"),
    ("intake_paused", Scope("inc-1", queue="s"), "not a queue of batches"),
    ("keys_revoked", Scope("inc-1", tenant_id="acme"), "names no tenant or no keys"),
    ("keys_revoked", Scope("inc-1", tenant_id="acme", key_ids=("0" * 16,)), "does not have every key"),
    ("tenant_suspended", Scope("inc-1", tenant_id="globex"), "names no known tenant"),
)
"""Action, scope without its subject, and part of the reason of the refusal."""


@dataclass
class World:
    """A deployment with something to do for each action."""

    functions: FakeLambda
    publisher: Publisher
    scope: Scope
    crasher: Crasher

    def is_revoked(self, key_id):
        return access.keys().get("acme", key_id).revoked_at is not None

    def count(self, name):
        return EFFECTS[name][0](self)

    def version(self):
        """Return the live version of the scoring API."""
        return self.functions.get_alias(FunctionName=SCORING, Name="live")["FunctionVersion"]


def rotate(event):
    from functions.tokens_rotation.handler import lambda_handler

    return lambda_handler(event, Context())


@pytest.fixture
def world(published, trained, monkeypatch):
    """A deployment in process whose functions are in memory. Its crasher ends the worker at a call of AWS."""
    functions, crasher = FakeLambda(), Crasher()
    for _ in range(2):
        functions.publish(SCORING, AT, VIGIL_MODEL_KEYS=model_keys())
    for function, queue in INTAKE.items():
        functions.add_source(f"{STACK}-{function}", f"{STACK}-{queue}")
    functions.handlers[f"{STACK}-tokens-rotation"] = rotate
    monkeypatch.setenv("VIGIL_STACK_NAME", STACK)
    process.forget()
    monkeypatch.setattr(remedies, "functions", lambda: LambdaFunctions(Crashing(functions, crasher), STACK))
    access.tenants().create("acme", "FREE")
    keys = tuple(access.keys().create("acme", by="operator").key.key_id for _ in range(2))
    access.flags().define(Flag("beta", "", stages=("local",), percentage=100.0), Precondition(absent=True), "test")
    breakers.circuits().record(Circuit(CIRCUIT), 1, Counts(failed=3))
    publish(published, trained, 2)
    published.publish(published.reissue("toy", 1, KEY, timedelta(days=1)))

    def crashing(make, service, operation, arguments):
        crasher.step()
        answer = make(operation, arguments)
        crasher.step()
        return answer

    replace_calls(monkeypatch, crashing)
    yield World(functions, published, replace(SCOPE, key_ids=keys), crasher)
    process.forget()


def kill(world, work, calls):
    """Run work again and again, each time ending at the next of these calls, until it ends by itself.

    Return its result and the number of kills.
    """
    for kills, at in enumerate(calls):
        world.crasher.left = at
        try:
            result = work()
        except (Crash, Unavailable):  # a function that dies gives its caller no answer
            process.forget()
            continue
        world.crasher.left = 0
        return result, kills
    raise AssertionError("the work never ends")


def die_after_the_plan(world, action, token):
    """End the worker after it has stored the plan of an action, before the first change."""
    plans, at = DynamoPlans(process.client("dynamodb"), "incidents", process.now), 0
    while plans.find(token) is None:
        at += 1
        world.crasher.left = at
        with pytest.raises(Crash):
            action.apply(world.scope, token)
        world.crasher.left = 0


def test_a_preview_makes_no_call_that_writes(world, monkeypatch):
    assert remedies.actions().keys() == EFFECTS.keys()
    before, calls = {name: world.count(name) for name in EFFECTS}, record_calls(monkeypatch)
    previews = {name: action.preview(world.scope) for name, action in remedies.actions().items()}
    assert set(calls) <= READS
    assert world.functions.changes == 0
    assert {name: world.count(name) for name in EFFECTS} == before
    assert all((each.is_needed, each.refusal) == (True, "") for each in previews.values())
    assert all(each.effects for each in previews.values())


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 20))])
def test_an_action_killed_at_each_call_has_its_effect_once(world, name, seed):
    """Seed 0 kills the worker one call later each time. The others kill it at calls that they draw."""
    before, token, random = world.count(name), f"inc-1.4.{seed}", Random(seed)
    drawn = (random.randint(1, 30) for _ in range(20))
    calls = chain([random.randint(1, 9)], drawn, [NEVER]) if seed else range(1, 400)
    expected = remedies.actions()[name].preview(world.scope).effects
    effects, kills = kill(world, lambda: remedies.actions()[name].apply(world.scope, token), calls)
    assert kills > (0 if seed else 5)
    assert effects == expected
    assert world.count(name) == before + EFFECTS[name][1]
    assert remedies.actions()[name].apply(world.scope, token) == effects
    assert world.count(name) == before + EFFECTS[name][1]


def test_an_action_is_not_needed_after_its_effect(world):
    ending = EFFECTS.keys() - {"signing_keys_rotated", "function_back_one_version", "champion_to_last_good"}
    for name in sorted(ending):
        remedies.actions()[name].apply(world.scope, f"first-{name}")
        count = world.count(name)
        assert not remedies.actions()[name].preview(world.scope).is_needed
        assert remedies.actions()[name].apply(world.scope, f"second-{name}") == ()
        assert world.count(name) == count


def test_a_function_returns_to_the_version_before(world):
    action = remedies.actions()["function_back_one_version"]
    action.apply(world.scope, "t")
    assert world.version() == "1"
    assert "no older version" in action.preview(world.scope).refusal


def test_a_function_never_returns_to_a_version_that_was_left(world):
    action = remedies.actions()["function_back_one_version"]
    action.apply(world.scope, "first")
    world.functions.publish(SCORING, AT, VIGIL_MODEL_KEYS=model_keys())
    assert action.preview(world.scope).effects == ("scoring_api returns from version 3 to version 1.",)


def test_a_rollback_that_loses_to_a_deployment_leaves_no_version(world):
    action = remedies.actions()["function_back_one_version"]
    confirmed = action.preview(world.scope).digest
    move = world.functions.update_alias

    def late(**arguments):
        world.functions.publish(SCORING, AT, VIGIL_MODEL_KEYS=model_keys())
        return move(**arguments)

    world.functions.update_alias = late
    with pytest.raises(Conflict, match="changed since the plan"):
        action.apply(world.scope, "first", confirmed)
    assert action.preview(world.scope).effects == ("scoring_api returns from version 3 to version 2.",)


def test_a_function_with_a_canary_loses_the_canary(world):
    world.functions.shift(SCORING, version=1, canary=2)
    assert remedies.actions()["function_back_one_version"].preview(world.scope).effects == (
        "scoring_api returns from version 2 to version 1.",
    )
    remedies.actions()["function_back_one_version"].apply(world.scope, "t")
    assert "RoutingConfig" not in world.functions.get_alias(FunctionName=SCORING, Name="live")


@pytest.mark.parametrize("variables", [{"VIGIL_MODEL_KEYS": "{}"}, {"VIGIL_MODEL_FLOORS": '{"toy": 2}'}])
def test_a_return_to_a_version_that_trusts_other_models_is_refused(world, variables):
    world.functions.publish(SCORING, AT, **{"VIGIL_MODEL_KEYS": model_keys(), **variables})
    action = remedies.actions()["function_back_one_version"]
    assert "Deploy a new version" in action.preview(world.scope).refusal
    with pytest.raises(Conflict, match="Deploy a new version"):
        action.apply(world.scope, "t")
    assert world.version() == "3"


def test_an_action_stops_if_a_deployment_came_between(world):
    """The worker dies after it stored the plan, and a deployment moves the alias before the repetition."""
    action = remedies.actions()["function_back_one_version"]
    die_after_the_plan(world, action, "t")
    assert world.functions.changes == 0
    world.functions.publish(SCORING, AT, VIGIL_MODEL_KEYS=model_keys())
    with pytest.raises(Conflict, match="changed since the plan"):
        action.apply(world.scope, "t")
    assert world.version() == "3"


def test_a_state_that_changed_since_the_dry_run_is_not_acted_upon(world):
    """The sentence of the effect is the same one, and the changed flag is not."""
    action, flag = remedies.actions()["flag_off"], access.flags().current().find("beta")
    before = action.preview(world.scope)
    access.flags().define(replace(flag, percentage=1.0), Precondition(tags=(flag.etag(),)), "test")
    after = action.preview(world.scope)
    assert after.effects == before.effects
    with pytest.raises(Conflict, match="changed since the dry run"):
        action.apply(world.scope, "t", before.digest)
    assert action.apply(world.scope, "u", after.digest) == after.effects


def test_a_tenant_that_was_changed_since_the_plan_is_not_suspended(world):
    action = remedies.actions()["tenant_suspended"]
    die_after_the_plan(world, action, "t")
    access.tenants().change("acme", TenantChange(tier="BASIC"))
    with pytest.raises(Conflict, match="changed since the plan"):
        action.apply(world.scope, "t")
    assert access.tenants().get("acme").status == "active"


def test_an_action_without_its_subject_is_refused(world):
    for name, scope, refusal in REFUSED:
        assert refusal in remedies.actions()[name].preview(scope).refusal
        with pytest.raises(Conflict, match=refusal):
            remedies.actions()[name].apply(scope, "t")


def test_a_champion_needs_a_version_that_was_signed_again(world):
    action = remedies.actions()["champion_to_last_good"]
    action.apply(world.scope, "t")
    assert world.publisher.pointers("toy")["champion"].version == 3
    assert "--publish-only" in action.preview(world.scope).refusal


def test_a_paused_intake_is_resumed(world):
    remedies.actions()["intake_paused"].apply(replace(world.scope, queue="batch-chunks"), "t")
    assert [each.queue for each in remedies.intake().resume()] == ["batch-chunks"]
    assert all(source.is_enabled for source in remedies.intake().find())


def test_a_failed_rotation_is_reported_and_can_be_repeated(world):
    action = remedies.actions()["signing_keys_rotated"]
    working = world.functions.handlers.pop(f"{STACK}-tokens-rotation")
    world.functions.handlers[f"{STACK}-tokens-rotation"] = lambda _: 1 / 0
    with pytest.raises(Unavailable):
        action.apply(world.scope, "t")
    world.functions.handlers[f"{STACK}-tokens-rotation"] = working
    action.apply(world.scope, "t")
    assert world.count("signing_keys_rotated") == 1


def test_the_probe_of_the_function_reaches_its_readiness(world):
    from functions.scoring_api.handler import lambda_handler

    world.functions.handlers[SCORING] = lambda event: lambda_handler(event, Context())
    assert FunctionProbe(remedies.functions().invoke).probe().status == 200
