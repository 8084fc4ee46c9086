"""The API over HTTP, as its clients call it: from here or from anywhere."""

import os
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from cli import deployment
from cli.embedded import Embedded
from vigil.errors import NotFound, VigilError

Key = Annotated[str | None, typer.Option("--key", envvar="VIGIL_API_KEY", help="Default: of the first demo tenant")]


Tenant = Annotated[str | None, typer.Option("--tenant", help="Of another tenant: for operators")]


class Refused(VigilError):
    """The API answered with a problem."""


def connect(key: str | None) -> httpx.Client:
    """Return a client of `VIGIL_API_URL`, or of the embedded stack where it is not set; raise NotFound for neither."""
    embedded = Embedded.load(deployment.home())
    url = os.environ.get("VIGIL_API_URL") or (embedded.api_url if embedded else None)
    if key is None and embedded and url == embedded.api_url and embedded.tenants:
        key = embedded.tenants[0].api_key
    if url is None or key is None:
        raise NotFound("no deployment: run `make up`, or set VIGIL_API_URL and VIGIL_API_KEY")
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False)


def neighbour(client: httpx.Client) -> httpx.Client | None:
    """Return a client of the second demo tenant where the first one's is of the embedded stack; None elsewhere."""
    embedded = Embedded.load(deployment.home())
    known = {f"Bearer {tenant.api_key}": tenant for tenant in embedded.tenants} if embedded else {}
    if known.pop(client.headers["Authorization"], None) is None:
        return None
    return next((connect(other.api_key) for other in known.values()), None)


def call(client: httpx.Client, method: str, path: str, **arguments: Any) -> Any:
    """Return the JSON of an answer, None of one without a body; raise Refused with the problem's own words."""
    answer = fetch(client, method, path, **arguments)
    return answer.json() if answer.content else None


def fetch(client: httpx.Client, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Return an answer that is a success; raise Refused with the problem's own words."""
    try:
        answer = client.request(method, path, **arguments)
    except httpx.HTTPError as error:
        raise Refused(f"{client.base_url} does not answer: {type(error).__name__}") from error
    if answer.is_success:
        return answer
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    rules = "; ".join(broken(**row) for row in problem.get("errors") or ())
    said = [problem.get("title", f"status {answer.status_code}"), rules or problem.get("detail")]
    raise Refused(": ".join(filter(None, said)))


def broken(field: str, message: str, bound: str | None) -> str:
    """Return a broken rule in words, with its bound where the message does not name it."""
    return f"{field}: {message}" + (f" ({bound})" if bound and bound not in message else "")


def given(**query: str | None) -> dict[str, str]:
    """Return the parameters of a query that were given."""
    return {name: value for name, value in query.items() if value is not None}


def of(tenant: str | None, path: str) -> str:
    """Return the address of what is one's own, or of what is a tenant's."""
    return f"/v1/tenants/{quote(tenant, safe='')}{path}" if tenant else f"/v1{path}"
