"""Requests for another tenant's names over HTTP: the answers equal those for absent names."""

import json
from dataclasses import replace

from tests.e2e.resources import create_tenant
from tests.support.isolation.swaps import in_headers, in_paths, operations

EACH = 3
"""Number of swaps per route. tests/functions/test_isolation.py makes all swaps in process."""


def send(client, request):
    headers = [*request.headers, ("Accept", "application/json")]
    body = None if request.body is None else json.dumps(request.body)
    return client.request(request.method, request.path, params=dict(request.query), headers=headers, content=body)


def observable(answer):
    problem = answer.json() if answer.status_code >= 400 else {}
    return answer.status_code, {name: value for name, value in problem.items() if name != "correlation_id"}


def test_another_tenants_names_get_the_answers_of_absent_names(stack, operator, aws):
    (attacker, own), (owner, victim) = (create_tenant(stack, operator, aws) for _ in range(2))
    absent = replace(victim.with_absent_names(), tenant_id="t-nobody-at-all")
    theirs = ("/v1/scores", f"/v1/tenants/{victim.tenant_id}/keys", f"/v1/tenants/{victim.tenant_id}")
    before = [owner.get(path).text for path in theirs]
    made = 0
    for operation in operations(attacker.get("/openapi.json").json()):
        named = [*in_paths(operation, own)][:EACH]
        for swap in [*named, *[*in_headers(operation, own)][:1]] if operation.guarded else ():
            answer, other = (send(attacker, swap.of(names)) for names in (victim, absent))
            assert answer.status_code < 500, (operation.name, swap.what)
            assert observable(answer) == observable(other), (operation.name, swap.what)
            made += 1
    assert made > 100
    assert [owner.get(path).text for path in theirs] == before
    assert owner.get(f"/v1/batches/{victim.batch_id}").json()["state"] != "cancelled"
    attacker.close()
    owner.close()
