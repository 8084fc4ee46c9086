"""Attack requests: for each route of the OpenAPI document, another tenant's name in every possible place."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any
from urllib.parse import quote

from tests.support.isolation.door import Request
from tests.support.isolation.world import GOOD, Names, client, now
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK

DOMAIN = "vigil.test"
OWNED = ("tenant_id", "key_id", "decision_id", "batch_id", "job_id", "subject_id", "subject")
"""Path parameters that name a tenant's resources."""
SHARED = {"name": "toy", "period": "month", "category": "total"}
"""Path parameters that name shared resources, with an example of each."""
FLAG = {"description": "d", "stages": ["local"], "percentage": 1.0}
PRICES = {price.meter: {"micros": price.micros, "per": price.per} for price in FIRST_PRICE_BOOK.prices}
USED = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "data": {"emails": 1}}
EXAMPLES: Mapping[str, Callable[[Names], dict[str, Any]]] = {
    "POST /v1/scores": lambda n: {"body": {"model": "toy", "subject_id": n.subject_id, "features": GOOD}},
    "POST /v1/outcomes": lambda n: {"body": {"decision_id": n.decision_id, "status": "occurred", "recorded_at": now()}},
    "POST /v1/batches": lambda n: {"body": {"model": "toy", "rows": [{"subject_id": n.subject_id, "features": GOOD}]}},
    "GET /v1/batches/{batch_id}/results": lambda n: {"path": {"batch_id": n.ended_batch_id}},
    "GET /v1/batches/{batch_id}/errors": lambda n: {"path": {"batch_id": n.ended_batch_id}},
    "POST /v1/subjects/lookup": lambda n: {"body": {"subject_id": n.subject_id}},
    "POST /v1/flags/evaluate": lambda n: {"body": {"subject_id": n.subject_id}},
    "PUT /v1/subjects/{subject}/consent": lambda _: {"body": {"purposes": {"scoring": "given"}, "text_version": "1"}},
    "GET /v1/subjects/{subject}/erasure": lambda n: {"path": {"subject": n.erased_subject}},
    "POST /v1/usage-events": lambda n: {"body": [USED | {"id": n.subject_id, "time": now()}]},
    "PUT /v1/budgets/{category}/{period}": lambda _: {"body": {"limit_micros": 10**15, "hard_stop": True}},
    "GET /v1/costs/statements/{period}": lambda _: {"path": {"period": "2020-01"}},
    "GET /v1/tenants/{tenant_id}/costs/statements/{period}": lambda _: {"path": {"period": "2020-01"}},
    "POST /v1/prices": lambda _: {"body": {"valid_from": "2099-01-01T00:00:00Z", "prices": PRICES}},
    "POST /v1/models/{name}/promote": lambda _: {"body": {"version": 1}},
    "POST /v1/models/{name}/withdraw": lambda _: {"body": {"alias": "challenger"}},
    "PUT /v1/flags/{name}": lambda _: {"body": FLAG, "headers": (("If-None-Match", "*"),)},
    "GET /v1/flags/{name}": lambda _: {"path": {"name": "explain-high-risk"}},
    "POST /v1/tenants": lambda n: {"body": {"tenant_id": n.tenant_id[:20] + "-2"}},
    "PATCH /v1/tenants/{tenant_id}": lambda n: {"body": {"settings": {"name": n.subject_id}}},
    "POST /v1/tenants/{tenant_id}/keys": lambda _: {"body": {"role": "viewer"}},
    "POST /v1/tenants/{tenant_id}/keys/{key_id}/rotate": lambda n: {"path": {"key_id": n.other_key_id}, "body": {}},
    "POST /v1/dlq/jobs/{job_id}/resolve": lambda n: {"path": {"job_id": n.other_job_id}},
    "DELETE /v1/dlq/cleanup": lambda _: {"query": {"older_than": "0m"}},
    "POST /v1/oauth/token": lambda n: {"body": {"grant_type": "client_credentials", **client(n.token)}},
    "POST /v1/oauth/revoke": lambda n: {"body": {"token": n.refresh_token}},
}
"""Other parts of a well-formed request, by route. A route that requires a body must have an entry."""


@dataclass(frozen=True)
class Operation:
    """One route of the OpenAPI document."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    takes_a_body: bool
    guarded: bool

    @property
    def name(self) -> str:
        """Return the method and the path."""
        return f"{self.method} {self.path}"

    def named(self, place: str) -> list[str]:
        """Return the names of the parameters in `place`: path, query or header."""
        return [name for where, name in self.parameters if where == place]

    def request(self, names: Names) -> Request:
        """Return a well-formed request for the resources of a tenant."""
        example = _example(self, names)
        headers = (("Content-Type", "application/json"), *example.get("headers", ()))
        path = self.at(self.values(names))
        return Request(self.method, path, example.get("query", {}), headers, example.get("body"))

    def values(self, names: Names) -> dict[str, str]:
        """Return the values of path parameters in a well-formed request for the resources of a tenant."""
        owned = {name: str(getattr(names, name)) for name in OWNED}
        return {**owned, **SHARED, **_example(self, names).get("path", {})}

    def at(self, values: Mapping[str, str]) -> str:
        """Return the path with these values, percent-encoded."""
        path = self.path
        for name in self.named("path"):
            path = path.replace(f"{{{name}}}", quote(values[name], safe=""))
        return path


def _example(operation: Operation, names: Names) -> dict[str, Any]:
    return EXAMPLES[operation.name](names) if operation.name in EXAMPLES else {}


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every route of an OpenAPI document."""
    return [
        Operation(
            method.upper(),
            path,
            tuple((parameter["in"], parameter["name"]) for parameter in said.get("parameters", ())),
            "requestBody" in said,
            "401" in said["responses"] and "oauth" not in path,
        )
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]


@dataclass(frozen=True)
class Swap:
    """Attack request. `of` builds it from the names of another tenant."""

    what: str
    of: Callable[[Names], Request]


def _swap(what: str, of: Callable[..., Request], *bound: Any) -> Swap:
    """Return a swap that calls `of` with another tenant's names and the bound values."""
    return Swap(what, lambda n: of(n, *bound))


def in_paths(operation: Operation, own: Names) -> Iterator[Swap]:
    """Yield requests with another tenant's names in the path: some or all, of a wrong kind, or spelled differently."""
    owned = [name for name in operation.named("path") if name in OWNED]
    mine = operation.request(own)

    def at(changed: Mapping[str, str]) -> Request:
        return replace(mine, path=operation.at({**operation.values(own), **changed}))

    def theirs(n: Names, names: tuple[str, ...]) -> dict[str, str]:
        values = {name: getattr(n, name) for name in OWNED} | _example(operation, n).get("path", {})
        return {name: values[name] for name in names}

    for size in range(1, len(owned) + 1):
        for names in combinations(owned, size):
            yield _swap(f"path {names}", lambda n, names: at(theirs(n, names)), names)
    for name in owned:
        for kind in (*OWNED, "token"):
            if kind != name:
                yield _swap(f"path {name} is a {kind}", lambda n, name, kind: at({name: getattr(n, kind)}), name, kind)
        for spelling, spell in _SPELLINGS.items():
            yield _swap(
                f"path {name} spelled {spelling}",
                lambda n, name, spell: at({name: spell(own, n, theirs(n, (name,))[name])}),
                name,
                spell,
            )


_SPELLINGS: Mapping[str, Callable[[Names, Names, str], str]] = {
    "with the tenant": lambda _, n, text: f"{n.tenant_id}#{text}",
    "with the tenant and a dot": lambda _, n, text: f"{n.tenant_id}.{text.partition('.')[2] or text}",
    "as one's own": lambda own, _, text: f"{own.tenant_id}.{text.partition('.')[2] or text}",
    "behind one's own": lambda own, n, text: f"{own.tenant_id}#{n.tenant_id}#{text}",
    "up a folder": lambda _, n, text: f"../{n.tenant_id}/{text}",
    "behind a slash": lambda _, n, text: f"{n.tenant_id}/{text}",
    "in capitals": lambda _own, _n, text: text.upper(),
    "with a blank": lambda _own, _n, text: f"{text} ",
    "with a null": lambda _own, _n, text: f"{text}\0",
    "with a comma": lambda own, _, text: f"{own.tenant_id},{text}",
    "as a wild card": lambda _own, _n, text: f"{text[:-2]}*",
}


def in_queries(operation: Operation, own: Names) -> Iterator[Swap]:
    """Yield requests with another tenant's names in the query, in known and unknown parameters."""
    mine = operation.request(own)
    for name in (*OWNED, "tenant", "pk"):
        kind = {"tenant": "tenant_id", "pk": "tenant_id"}.get(name, name)
        yield _swap(f"query {name}", lambda n, name, kind: _with_query(mine, {name: getattr(n, kind)}), name, kind)
    if "cursor" in operation.named("query"):
        for path in own.cursors:
            yield _swap(f"cursor of {path}", lambda n, path: _with_query(mine, {"cursor": n.cursors[path]}), path)
            for what, forge in _FORGERIES.items():
                yield _swap(
                    f"cursor {what} of {path}",
                    lambda n, path, forge: _with_query(mine, {"cursor": forge(own.cursors[path], n)}),
                    path,
                    forge,
                )


def _with_query(request: Request, query: Mapping[str, str]) -> Request:
    return replace(request, query={**request.query, **query})


def _forged(own: str, n: Names, keep: int) -> str:
    """Return the attacker's cursor with another tenant's names under the original seal."""
    raw = base64.urlsafe_b64decode(own + "=" * (-len(own) % 4))
    said = dict.fromkeys(json.loads(raw[16:]), n.tenant_id)
    return base64.urlsafe_b64encode(raw[:keep] + json.dumps(said).encode()).rstrip(b"=").decode()


_FORGERIES: Mapping[str, Callable[[str, Names], str]] = {
    "rewritten": lambda own, n: _forged(own, n, 16),
    "unsealed": lambda own, n: _forged(own, n, 0),
    "joined": lambda own, n: own + next(iter(n.cursors.values()), n.tenant_id),
}


def in_headers(operation: Operation, own: Names) -> Iterator[Swap]:
    """Yield requests with another tenant's names in the headers."""
    mine = operation.request(own)
    for what, headers in HEADERS.items():
        yield _swap(
            f"header {what}",
            lambda n, headers: replace(mine, headers=mine.headers + headers(own, n)),
            headers,
        )


HEADERS: Mapping[str, Callable[[Names, Names], tuple[tuple[str, str], ...]]] = {
    "X-Tenant-ID": lambda _, n: (("X-Tenant-ID", n.tenant_id),),
    "X-Tenant-ID in capitals": lambda _, n: (("X-TENANT-ID", n.tenant_id.upper()),),
    "X-Tenant-ID twice": lambda own, n: (("X-Tenant-ID", own.tenant_id), ("X-Tenant-ID", n.tenant_id)),
    "X-Tenant-ID as a list": lambda own, n: (("X-Tenant-ID", f"{own.tenant_id}, {n.tenant_id}"),),
    "X-Tenant-ID as JSON": lambda _, n: (("X-Tenant-ID", json.dumps([n.tenant_id])),),
    "Host": lambda _, n: (("Host", f"{n.tenant_id}.{DOMAIN}"),),
    "Host below one's own": lambda own, n: (("Host", f"{n.tenant_id}.{own.tenant_id}.{DOMAIN}"),),
    "X-Forwarded-Host": lambda _, n: (("X-Forwarded-Host", f"{n.tenant_id}.{DOMAIN}"),),
    "Forwarded": lambda _, n: (("Forwarded", f"host={n.tenant_id}.{DOMAIN}"),),
    "X-Correlation-Id": lambda _, n: (("X-Correlation-Id", n.job_id),),
    "Idempotency-Key": lambda _, n: (("Idempotency-Key", n.idempotency_key),),
    "Idempotency-Key with a tenant": lambda _, n: (("Idempotency-Key", f"{n.tenant_id}#{n.idempotency_key}"),),
    "If-None-Match": lambda _, n: (("If-None-Match", n.etag),),
    "If-Match": lambda _, n: (("If-Match", n.etag),),
    "X-Original-URL": lambda _, n: (("X-Original-URL", f"/v1/tenants/{n.tenant_id}"),),
    "Cookie": lambda _, n: (("Cookie", f"tenant_id={n.tenant_id}; token={n.tenant_id}"),),
}


def in_bodies(operation: Operation, own: Names) -> Iterator[Swap]:
    """Yield requests with another tenant's names in the body, in known and unknown fields."""
    mine = operation.request(own)
    if not isinstance(mine.body, dict):
        return
    if operation.guarded:  # the holder of a refresh token counts as its owner
        yield Swap("body of another", lambda n: replace(mine, body=operation.request(n).body))
    for name in (*OWNED, "tenant", "pk", "owner"):
        kind = name if name in OWNED else "tenant_id"
        yield _swap(f"body {name}", lambda n, name, kind: _with_fields(mine, {name: getattr(n, kind)}), name, kind)
    for name, value in mine.body.items():
        if isinstance(value, str):
            for kind in OWNED:
                yield _swap(
                    f"body {name} is a {kind}",
                    lambda n, name, kind: _with_fields(mine, {name: getattr(n, kind)}),
                    name,
                    kind,
                )


def _with_fields(request: Request, more: Mapping[str, str]) -> Request:
    return replace(request, body={**request.body, **more})


def in_tokens(operation: Operation, own: Names) -> Iterator[Swap]:
    """Yield requests with a credential made of the attacker's own and known parts of another tenant's."""
    mine = operation.request(own)
    for what, forge in _CREDENTIALS.items():
        yield _swap(
            f"credential: {what}",
            lambda n, forge: replace(mine, headers=(("Authorization", forge(own, n)), *mine.headers)),
            forge,
        )


def _keyed(own: Names, n: Names) -> str:
    """Return a key with another tenant's key id and the attacker's secret."""
    prefix, stage, _, secret = own.token.split("_", 3)
    return "_".join((prefix, stage, n.token.split("_", 3)[2], secret))


def _claiming(own: Names, n: Names, **other: str) -> str:
    """Return the attacker's access token with another tenant's claims under the original signature."""
    header, payload, signature = own.access_token.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = said | {claim: getattr(n, name) for claim, name in other.items()}
    encoded = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    return f"{header}.{encoded}.{signature}"


_CREDENTIALS: Mapping[str, Callable[[Names, Names], str]] = {
    "their key id, my secret": lambda own, n: f"Bearer {_keyed(own, n)}",
    "their key cut short": lambda _, n: f"Bearer {n.token[:-9]}",
    "their key on another stage": lambda _, n: f"Bearer {n.token.replace('_local_', '_prod_')}",
    "their key id": lambda _, n: f"Bearer {n.key_id}",
    "their refresh token": lambda _, n: f"Bearer {n.refresh_token}",
    "my claims, their tenant": lambda own, n: f"Bearer {_claiming(own, n, tenant_id='tenant_id')}",
    "my claims, their key": lambda own, n: f"Bearer {_claiming(own, n, sub='key_id', client_id='key_id')}",
    "their claims, my signature": lambda own, n: (
        f"Bearer {n.access_token.rpartition('.')[0]}.{own.access_token.rpartition('.')[2]}"
    ),
    "my token and their name": lambda own, n: f"Bearer {own.token} {n.tenant_id}",
    "two in one": lambda own, n: f"Bearer {own.token},{n.token[:-9]}",
    "another scheme": lambda _, n: f"Basic {n.token[:-9]}",
}
