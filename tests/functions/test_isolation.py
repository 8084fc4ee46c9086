"""Thousands of requests for another tenant's resources: they return, change and reveal nothing.

Each request is sent twice: with names of the victim, and with names that do not exist. Both answers must be equal
except for the correlation id. Both must make the same AWS calls, so that the response time reveals nothing either.
Routes come from the OpenAPI document.
"""

import json
from dataclasses import dataclass

import pytest

from tests.support.api_document import api_document
from tests.support.dead_letter_queues import create_queues
from tests.support.deployments import deployment
from tests.support.fakes.clock import Clock
from tests.support.isolation import swaps
from tests.support.isolation.door import FrontDoor, Request
from tests.support.isolation.examples import EXAMPLES
from tests.support.isolation.swaps import DOMAIN, OWNED, SHARED, Operation, Swap
from tests.support.isolation.world import (
    ATTACKER,
    OPERATORS,
    ROLES,
    VICTIM,
    Names,
    begin_signing,
    client,
    create_resources,
    signed,
    stored_texts,
    tokens_of,
)
from tests.support.timestamps import other_formats
from vigil.bootstrap import process
from vigil.decisions.batches import model as batch
from vigil.decisions.batches import store as books
from vigil.decisions.scoring import store as scores
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

LEAST, LEAST_PER_KIND = 6_000, 20
"""Minimum numbers of attacks, and of attacks with one kind of name in place of another."""
FOR_ALL = (
    *("/v1/tenants", "/v1/usage", "/v1/dlq", "/v1/models", "/v1/flags", "/v1/prices"),
    *("/v1/failures", "/v1/incidents", "/v1/objectives", "/metrics"),
)
"""Paths on which operators act for all tenants or the deployment. Elsewhere they have only their own tenant's data."""
OF_THE_CALLER = "/v1/models/{name}/health"
"""Paths below those for all tenants on which operators have only their own tenant's data."""
MAXIMA = (
    *("vigil.alerting.oncall.plan_model.MAX_MEMBERS", "vigil.alerting.oncall.plan_model.MAX_SCHEDULES"),
    "vigil.alerting.policies.configuration_model.MAX_POLICIES",
    *(f"vigil.alerting.policies.{module}.MAX_SILENCES" for module in ("configuration_model", "service")),
)
"""Maximum numbers per tenant that attacks would reach. The first refusal would look like a revealed name."""
OTHERS = (ATTACKER, OPERATORS, "_operators")
"""Tenants that change their own data, and the owner of the deployment's alerts. Their texts can contain sent names."""
DEPLOYMENT = ("/v1/alerts", "/v1/alerting", "/v1/webhooks", "/v1/circuit-breakers")
"""Paths on which operators act for the deployment instead of their own tenant."""


ALL = {operation.name: operation for operation in swaps.operations(api_document())}


@dataclass(frozen=True)
class World:
    """Deployment, resources of its tenants, and the attacking keys: the attacker's by role, and an operator's."""

    door: FrontDoor
    victim: Names
    absent: Names
    attacker: Names
    operators: Names
    tokens: dict[str, str]
    known: set[str]
    """Names of the victim that attackers have sent, so the attackers' own data can contain them."""


@pytest.fixture(scope="module")
def world(trained):
    """Deployment before any attack, with a fixed clock."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr(process, "now", Clock())
        with deployment(trained, environment):
            environment.setenv("VIGIL_TENANT_DOMAIN", DOMAIN)
            for maximum in MAXIMA:
                environment.setattr(maximum, 10_000)
            create_queues(environment)
            process.forget()
            begin_signing()
            door = FrontDoor(environment)
            door.send(Request("GET", "/health/readiness"))  # later requests get the same verdict without a call
            lists = [o.path for o in ALL.values() if o.method == "GET" and "cursor" in o.named("query")]
            victim, attacker, operators = (
                create_resources(door, tenant, lists) for tenant in (VICTIM, ATTACKER, OPERATORS)
            )
            tokens = tokens_of(ATTACKER, ROLES) | tokens_of(OPERATORS, ("operator",))
            absent = victim.with_absent_names()
            yield World(door, victim, absent, attacker, operators, tokens, set())


def attacks(operation: Operation, attacker: Names, operators: Names):
    """Yield the role and the swap of each attack on a route."""
    in_place = [*swaps.in_paths(operation, attacker), *swaps.in_bodies(operation, attacker)]
    elsewhere = [*swaps.in_queries(operation, attacker), *swaps.in_headers(operation, attacker)]
    if not operation.guarded:
        yield from ((None, swap) for swap in (*in_place, *elsewhere))
        return
    yield from (("admin", swap) for swap in (*in_place, *elsewhere))
    plain = [swap for swap in in_place if swap.what.startswith(("path (", "body of", "body tenant_id"))]
    yield from ((role, swap) for role in ("viewer", "member") for swap in plain)
    yield from ((None, swap) for swap in swaps.in_tokens(operation, attacker))
    if not operation.path.startswith(FOR_ALL) or operation.path.startswith(OF_THE_CALLER):
        for make in (swaps.in_paths, swaps.in_queries, swaps.in_bodies):
            yield from (("operator", swap) for swap in make(operation, operators))


def findings(world: World, operation: Operation, role: str | None, swap: Swap):
    """Yield a message for each fact about the victim that an attack reveals."""
    requests = [swap.of(names) for names in (world.victim, world.absent)]
    if role is not None:
        requests = [signed(world.tokens[role], request) for request in requests]
    answer, other = map(world.door.send, requests)
    if operation.method == "GET" and answer.observable() != other.observable():
        answer, other = map(world.door.send, requests)  # the first request of a process can fill a cache
    about = f"{operation.name} as {role}, {swap.what}: {answer.status}"
    if answer.status >= 500:
        yield f"{about}, server error"
    told = f"{answer.headers} {answer.body}"
    world.known.update(name for name in world.victim.all() if name in requests[0].as_text())
    if shown := [name for name in (world.victim.all() - world.known) | world.victim.hidden if name in told]:
        yield f"{about}, reveals {shown}"
    changing = operation.method != "GET" and not swap.what.startswith("path")
    done = [each.status < 400 or each.status == 409 for each in (answer, other)]
    if changing and (all(done) or (done[0] and operation.method == "DELETE")):
        return  # the first of two successful changes alters the answer of the second
    parts = zip(answer.observable(), other.observable(), strict=True)
    if different := [f"{part} instead of {absent}" for part, absent in parts if part != absent]:
        yield f"{about}, differs from the answer for an absent name: {', '.join(different)}"


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL)
def test_attacks_return_change_and_reveal_nothing(world, operation):
    before = stored_texts(VICTIM, *OTHERS)
    made = list(attacks(operation, world.attacker, world.operators))
    assert [finding for role, swap in made for finding in findings(world, operation, role, swap)] == []
    assert stored_texts(VICTIM, *OTHERS) == before


def test_every_route_of_the_api_is_attacked(world):
    served = json.loads(world.door.send(Request("GET", "/openapi.json")).body)
    assert {operation.name for operation in swaps.operations(served)} == ALL.keys()
    made = {name: [swap.what for _, swap in attacks(o, world.attacker, world.operators)] for name, o in ALL.items()}
    assert sum(map(len, made.values())) >= LEAST
    assert min(map(len, made.values())) >= len(swaps.HEADERS)
    sent = "\n".join(what for attacks_of_route in made.values() for what in attacks_of_route) + "\n"
    assert [kind for kind in OWNED if sent.count(f" is a {kind}\n") < LEAST_PER_KIND] == []


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL)
def test_every_route_declares_its_names_and_its_example(operation):
    classified = {*OWNED, *SHARED}
    assert set(operation.named("path")) <= classified, "add them to OWNED or SHARED of isolation/swaps.py"
    needs_a_body = operation.takes_a_body and operation.name not in EXAMPLES
    assert not needs_a_body, "add an example of a well-formed request to tests/support/isolation/examples.py"


SIGNED = {name for name in ALL if "/alerting/inbound/" in name or "/alerting/links/" in name}
"""Routes whose signature names the tenant. `test_inbound_api.py` sends them with their signatures."""


@pytest.fixture(scope="module")
def owners_answers(world):
    """The answers to a well-formed request of every route, sent by the owner of the names."""
    owner = create_resources(world.door, "owner-clinic", [])
    tokens, answers = tokens_of(owner.tenant_id, ("admin", "operator")), {}
    for operation in sorted(ALL.values(), key=lambda o: ("GET", "PUT", "PATCH", "POST", "DELETE").index(o.method)):
        request = operation.request(owner)
        token = tokens["admin" if operation.path.startswith(DEPLOYMENT) else "operator"]
        answers[operation.name] = world.door.send(signed(token, request) if operation.guarded else request)
    return answers


def test_the_same_requests_are_answered_to_the_owner(owners_answers):
    """Otherwise the attacks would prove nothing: they might be refused for being malformed."""
    refused = {name: answer.status for name, answer in owners_answers.items() if answer.status >= 300}
    # The tenant is open, no challenger is on trial, and the period is before the first usage.
    none = (
        "GET /v1/tenants/{tenant_id}/certificate",
        "GET /v1/models/{name}/comparison",
        "POST /v1/models/{name}/withdraw",
        "GET /v1/costs/statements/{period}",
        "GET /v1/tenants/{tenant_id}/costs/statements/{period}",
    )
    # Failures and incidents are those of the deployment, which has none yet.
    unknown = [name for name in ALL if "{failure_id}" in name or "{incident_id}" in name]
    assert refused == dict.fromkeys((*none, *unknown), 404) | dict.fromkeys(SIGNED, 401)


def test_every_route_answers_with_the_one_timestamp_format(owners_answers):
    found = {name: list(other_formats(answer.document())) for name, answer in owners_answers.items()}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_refresh_token_of_another_client_is_refused(world):
    before, mine = stored_texts(VICTIM, *OTHERS), client(world.attacker.token)
    swap = {"grant_type": "refresh_token", "refresh_token": world.victim.refresh_token, **mine}
    refused = world.door.send(Request("POST", "/v1/oauth/token", body=swap))
    assert (refused.status, json.loads(refused.body)["error"]) == (400, "invalid_grant")
    ended = world.door.send(Request("POST", "/v1/oauth/revoke", body={"token": world.victim.refresh_token, **mine}))
    assert (ended.status, ended.body) == (200, "")
    assert stored_texts(VICTIM, *OTHERS) == before


def test_a_stored_answer_is_refused_to_a_lower_role(world):
    """An operator creates a tenant's key; an administrator of the operators' tenant repeats the request."""
    admin = tokens_of(OPERATORS, ("admin",))["admin"]
    request = Request("POST", f"/v1/tenants/{VICTIM}/keys", headers=(("Idempotency-Key", "first-key"),), body={})
    made = world.door.send(signed(world.tokens["operator"], request))
    again = world.door.send(signed(world.tokens["operator"], request))
    assert (made.status, again.status, again.body) == (201, 201, made.body)
    stolen = world.door.send(signed(admin, request))
    assert json.loads(made.body)["api_key"] not in stolen.body
    assert stolen.status == 422


@pytest.fixture
def planted(world, monkeypatch):
    """Function that plants a bug in a class. The bug and all cached services are removed after the test."""

    def plant(place, name, bug):
        process.forget()
        monkeypatch.setattr(place, name, bug)

    yield plant
    process.forget()


def ask(world, path, role="admin"):
    return world.door.send(signed(world.tokens[role], Request("GET", path)))


def test_the_boundary_stops_a_store_that_reads_another_tenant(world, planted):
    real = scores.DynamoLedger.get
    planted(scores.DynamoLedger, "get", lambda store, _, decision_id: real(store, VICTIM, decision_id))
    assert ask(world, f"/v1/scores/{world.victim.decision_id}").status == 500
    # The boundary does not confine operators; only stores do.
    assert ask(world, f"/v1/scores/{world.victim.decision_id}", "operator").status == 200


def test_the_boundary_stops_a_list_of_another_tenant(world, planted):
    real = books.DynamoBatches.page
    planted(books.DynamoBatches, "page", lambda store, tenant_id, after, limit: real(store, VICTIM, after, limit))
    assert ask(world, "/v1/batches").status == 500


def test_a_url_of_another_tenants_file_is_not_signed(world, planted):
    planted(batch.Batch, "output_key", lambda self, kind: f"results/{VICTIM}/{self.batch_id}/{kind}.ndjson")
    assert ask(world, f"/v1/batches/{world.attacker.ended_batch_id}/results").status == 500


def test_attacks_detect_a_store_that_reveals_existing_names(world, planted):
    """The boundary does not see this bug, because no foreign key is read. The comparison of both answers does."""
    real = DynamoDeadLetterJobs.get

    def telling(store, tenant_id, key):
        real(store, tenant_id, key)
        return real(store, tenant_id, key) if key == world.victim.job_id.partition(".")[2] else None

    planted(DynamoDeadLetterJobs, "get", telling)
    operation = ALL["GET /v1/dlq/jobs/{job_id}"]
    (swap,) = (swap for swap in swaps.in_paths(operation, world.attacker) if swap.what == "path ('job_id',)")
    assert list(findings(world, operation, "admin", swap))
