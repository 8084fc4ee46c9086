"""Thousands of requests for what is another tenant's: nothing is given, nothing is changed, and nothing can be told.

Each is made twice, with names of the victim and with names of nobody: both answers are alike but for the correlation
id, and so are the calls of AWS that they take, which is what a clock could tell. Routes come from the OpenAPI document.
"""

import json
from dataclasses import dataclass

import pytest

from tests.functions.conftest import deployment
from tests.support.fakes.clock import Clock
from tests.support.isolation import swaps
from tests.support.isolation.door import FrontDoor, Request
from tests.support.isolation.swaps import DOMAIN, EXAMPLES, OWNED, SHARED, Operation, Swap
from tests.support.isolation.world import (
    ATTACKER,
    OPERATORS,
    ROLES,
    VICTIM,
    Names,
    begin_signing,
    client,
    furnish,
    holdings,
    signed,
    tokens_of,
)
from tests.support.timestamps import other_formats
from vigil.bootstrap import process, routers
from vigil.decisions.batches import model as batch
from vigil.decisions.batches import store as books
from vigil.decisions.scoring import store as scores
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

LEAST = 2_000
FOR_ALL = ("/v1/tenants", "/v1/usage", "/v1/dlq", "/v1/models", "/v1/flags", "/v1/prices")
"""Where operators work for all tenants, or for the deployment; everywhere else they are a tenant like any other."""


ALL = {operation.name: operation for operation in swaps.operations(routers.document())}


@dataclass(frozen=True)
class World:
    """A deployment, what its tenants own, and the keys that attack it: of the attacker by role, and an operator's."""

    door: FrontDoor
    victim: Names
    absent: Names
    attacker: Names
    operators: Names
    tokens: dict[str, str]
    known: set[str]
    """Names of the victim's that attackers have said, which their own data may hold by now."""


@pytest.fixture(scope="module")
def world(trained):
    """A deployment in which nobody has been attacked yet; time stands still, and so does what time alone changes."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr(process, "now", Clock())
        with deployment(trained, environment):
            environment.setenv("VIGIL_TENANT_DOMAIN", DOMAIN)
            process.forget()
            begin_signing()
            door = FrontDoor(environment)
            lists = [o.path for o in ALL.values() if o.method == "GET" and "cursor" in o.named("query")]
            victim, attacker, operators = (furnish(door, tenant, lists) for tenant in (VICTIM, ATTACKER, OPERATORS))
            tokens = tokens_of(ATTACKER, ROLES) | tokens_of(OPERATORS, ("operator",))
            yield World(door, victim, victim.unlike(), attacker, operators, tokens, set())


def attacks(operation: Operation, attacker: Names, operators: Names):
    """Yield role and swap."""
    in_place = [*swaps.in_paths(operation, attacker), *swaps.in_bodies(operation, attacker)]
    elsewhere = [*swaps.in_queries(operation, attacker), *swaps.in_headers(operation, attacker)]
    if not operation.guarded:
        yield from ((None, swap) for swap in (*in_place, *elsewhere))
        return
    yield from (("admin", swap) for swap in (*in_place, *elsewhere))
    yield from ((role, swap) for role in ("viewer", "member") for swap in in_place if "spelled" not in swap.what)
    yield from ((None, swap) for swap in swaps.in_tokens(operation, attacker))
    if not operation.path.startswith(FOR_ALL):
        for make in (swaps.in_paths, swaps.in_queries, swaps.in_bodies):
            yield from (("operator", swap) for swap in make(operation, operators))


def findings(world: World, operation: Operation, role: str | None, swap: Swap):
    """Yield what an attack shows of the victim."""
    requests = [swap.of(names) for names in (world.victim, world.absent)]
    if role is not None:
        requests = [signed(world.tokens[role], request) for request in requests]
    answer, other = map(world.door.ask, requests)
    about = f"{operation.name} as {role}, {swap.what}: {answer.status}"
    if answer.status >= 500:
        yield f"{about}, it fails"
    told = f"{answer.headers} {answer.body}"
    world.known.update(name for name in world.victim.all() if name in requests[0].said())
    if shown := [name for name in (world.victim.all() - world.known) | world.victim.hidden if name in told]:
        yield f"{about}, it shows {shown}"
    changing = operation.method != "GET" and not swap.what.startswith("path")
    done = [each.status < 400 or each.status == 409 for each in (answer, other)]
    if changing and (all(done) or (done[0] and operation.method == "DELETE")):
        return  # the second of two that succeed finds what the first one did, and nothing to delete
    if answer.mark_notified() != other.mark_notified():
        yield f"{about}, it differs from that of nobody's: {answer.mark_notified()} {other.mark_notified()}"


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL)
def test_nothing_of_another_tenant_is_given_changed_or_told(world, operation):
    before = holdings(VICTIM, ATTACKER, OPERATORS)
    made = list(attacks(operation, world.attacker, world.operators))
    assert [finding for role, swap in made for finding in findings(world, operation, role, swap)] == []
    assert holdings(VICTIM, ATTACKER, OPERATORS) == before


def test_there_are_thousands_of_attacks_on_every_route_of_the_api(world):
    served = json.loads(world.door.ask(Request("GET", "/openapi.json")).body)
    assert {operation.name for operation in swaps.operations(served)} == ALL.keys()
    numbers = {name: len(list(attacks(o, world.attacker, world.operators))) for name, o in ALL.items()}
    assert sum(numbers.values()) >= LEAST
    assert min(numbers.values()) >= len(swaps._HEADERS)


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL)
def test_a_new_route_says_what_its_names_stand_for(operation):
    assert set(operation.named("path")) <= {*OWNED, *SHARED}, "say in tests/support/isolation/swaps.py whose these are"
    needs_a_body = operation.takes_a_body and operation.name not in EXAMPLES
    assert not needs_a_body, "add an example of a well-formed request to tests/support/isolation/swaps.py"


@pytest.fixture(scope="module")
def owners_answers(world):
    """The answers to a well-formed request of every route, sent by the owner of the names."""
    owner = furnish(world.door, "owner-clinic", [])
    token, answers = tokens_of(owner.tenant_id, ("operator",))["operator"], {}
    for operation in sorted(ALL.values(), key=lambda o: ("GET", "PUT", "PATCH", "POST", "DELETE").index(o.method)):
        request = operation.request(owner)
        answers[operation.name] = world.door.ask(signed(token, request) if operation.guarded else request)
    return answers


def test_the_same_requests_are_answered_to_the_owner(owners_answers):
    """Otherwise the attacks would prove nothing: they might be refused for being malformed."""
    refused = {name: answer.status for name, answer in owners_answers.items() if answer.status >= 300}
    # The tenant is not closed, no challenger is on trial, and nothing was used that long ago.
    none = (
        "GET /v1/tenants/{tenant_id}/certificate",
        "GET /v1/models/{name}/comparison",
        "GET /v1/costs/statements/{period}",
        "GET /v1/tenants/{tenant_id}/costs/statements/{period}",
    )
    assert refused == dict.fromkeys(none, 404)


def test_every_route_answers_with_the_one_timestamp_format(owners_answers):
    found = {name: list(other_formats(answer.document())) for name, answer in owners_answers.items()}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_refresh_token_is_worth_nothing_to_another_client(world):
    before, mine = holdings(VICTIM, ATTACKER, OPERATORS), client(world.attacker.token)
    swap = {"grant_type": "refresh_token", "refresh_token": world.victim.refresh_token, **mine}
    refused = world.door.ask(Request("POST", "/v1/oauth/token", body=swap))
    assert (refused.status, json.loads(refused.body)["error"]) == (400, "invalid_grant")
    ended = world.door.ask(Request("POST", "/v1/oauth/revoke", body={"token": world.victim.refresh_token, **mine}))
    assert (ended.status, ended.body) == (200, "")
    assert holdings(VICTIM, ATTACKER, OPERATORS) == before


def test_a_kept_answer_is_given_to_no_lesser_role(world):
    """An operator makes a key of a tenant; an administrator of the operators' tenant sends the same request."""
    admin = tokens_of(OPERATORS, ("admin",))["admin"]
    request = Request("POST", f"/v1/tenants/{VICTIM}/keys", headers=(("Idempotency-Key", "first-key"),), body={})
    made = world.door.ask(signed(world.tokens["operator"], request))
    again = world.door.ask(signed(world.tokens["operator"], request))
    assert (made.status, again.status, again.body) == (201, 201, made.body)
    stolen = world.door.ask(signed(admin, request))
    assert json.loads(made.body)["api_key"] not in stolen.body
    assert stolen.status == 422


@pytest.fixture
def planted(world, monkeypatch):
    """A bug in a store, gone after the test, as is everything that was built."""

    def plant(place, name, bug):
        process.forget()
        monkeypatch.setattr(place, name, bug)

    yield plant
    process.forget()


def ask(world, path, role="admin"):
    return world.door.ask(signed(world.tokens[role], Request("GET", path)))


def test_a_store_that_trusts_its_caller_is_stopped_at_the_boundary(world, planted):
    planted(scores, "_pk", lambda tenant_id, decision_id: f"{VICTIM}#{decision_id}")
    assert ask(world, f"/v1/scores/{world.victim.decision_id}").status == 500
    assert ask(world, f"/v1/scores/{world.victim.decision_id}", "operator").status == 200  # confined by stores alone


def test_a_list_of_another_tenant_is_stopped_at_the_boundary(world, planted):
    real = books.DynamoBatches.page
    planted(books.DynamoBatches, "page", lambda store, tenant_id, after, limit: real(store, VICTIM, after, limit))
    assert ask(world, "/v1/batches").status == 500


def test_an_address_of_another_tenants_file_is_not_signed(world, planted):
    planted(batch.Batch, "output", lambda self, kind: f"results/{VICTIM}/{self.batch_id}/{kind}.ndjson")
    assert ask(world, f"/v1/batches/{world.attacker.ended_batch_id}/results").status == 500


def test_the_attacks_find_a_store_that_tells_what_is_not_from_what_is_anothers(world, planted):
    """The boundary aside: what a store gives away without a foreign key of DynamoDB is found by the twins."""
    real = DynamoDeadLetterJobs.get

    def telling(store, tenant_id, key):
        real(store, tenant_id, key)
        return real(store, tenant_id, key) if key == world.victim.job_id.partition(".")[2] else None

    planted(DynamoDeadLetterJobs, "get", telling)
    operation = ALL["GET /v1/dlq/jobs/{job_id}"]
    (swap,) = (swap for swap in swaps.in_paths(operation, world.attacker) if swap.what == "path ('job_id',)")
    assert list(findings(world, operation, "admin", swap))
