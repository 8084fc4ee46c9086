"""Attack requests: for each route of the OpenAPI document, another tenant's name in every possible place."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any
from urllib.parse import quote
from zlib import crc32

from tests.support.isolation.credentials import CREDENTIALS
from tests.support.isolation.door import Request
from tests.support.isolation.examples import EXAMPLES
from tests.support.isolation.world import Names

DOMAIN = "vigil.test"
OWNED = (
    *("tenant_id", "key_id", "decision_id", "batch_id", "job_id", "circuit", "subject_id", "subject", "alert_id"),
    *("channel_id", "member_id", "schedule_id", "policy_id", "silence_id", "webhook_id", "delivery_id"),
    "finding_id",
)
"""Path parameters that name a tenant's resources."""
SHARED = {
    "name": "toy",
    "period": "month",
    "category": "total",
    "endpoint": "acme.night",
    "token": "a-token",
    "failure_id": "f",
    "incident_id": "inc-0123456789abcdef",
    "number": "1",
    "objective": "availability",
}
"""Path parameters that name shared resources, with an example of each."""


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


_OPEN: tuple[Any, ...] = ([], [{"client": []}, {}])
"""Credentials of routes without an authorizer: none, or the client of OAuth."""


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every route of an OpenAPI document."""
    return [
        Operation(
            method.upper(),
            path,
            tuple((parameter["in"], parameter["name"]) for parameter in said.get("parameters", ())),
            "requestBody" in said,
            "401" in said["responses"] and said["security"] not in _OPEN,
        )
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]


_TENANTS = ("tenant_id", "tenant", "pk", "owner")
"""Parameters and fields that could name a tenant."""
_SHARE = 4
"""Each place gets one of this many kinds of names, so that attacks grow with the routes and not with their square."""


def _some(kinds: Sequence[str], operation: Operation, place: str) -> list[str]:
    """Return a share of the kinds for a place of a route, always the same ones. Different places get different ones."""
    first = crc32(f"{operation.name} {place}".encode())
    return [kind for number, kind in enumerate(kinds) if (first + number) % _SHARE == 0]


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
        for kind in _some((*OWNED, "token"), operation, name):
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
    known = [name for name in operation.named("query") if name in OWNED]
    for name in dict.fromkeys((*_TENANTS, *known, *_some(OWNED, operation, "query"))):
        kind = name if name in OWNED else "tenant_id"
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
    known = [name for name in mine.body if name in OWNED]
    for name in dict.fromkeys((*_TENANTS, *known, *_some(OWNED, operation, "body"))):
        kind = name if name in OWNED else "tenant_id"
        yield _swap(f"body {name}", lambda n, name, kind: _with_fields(mine, {name: getattr(n, kind)}), name, kind)
    for name, value in mine.body.items():
        if isinstance(value, str):
            for kind in _some(OWNED, operation, name):
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
    for what, forge in CREDENTIALS.items():
        yield _swap(
            f"credential: {what}",
            lambda n, forge: replace(mine, headers=(("Authorization", forge(own, n)), *mine.headers)),
            forge,
        )
