"""HTTP client of the Vigil API, for every command that works with an API key."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from cli import deployment
from cli.embedded import Embedded
from cli.terminal import visible
from vigil.errors import NotFound, VigilError

_REMEDIES = {
    401: "Set VIGIL_API_KEY or --key to a valid key of this deployment.",
    404: "Check VIGIL_API_URL: it must be the address of a Vigil API with its stage.",
    502: "Try again; if it persists, run `vigil doctor`.",
}
"""Remedies by status. 404 and 502 have one only without a problem document, because then Vigil did not answer."""
_FILE_SECONDS = 60
"""Timeout of one network operation on a file at a presigned URL, in seconds."""


def _checked_key(key: str | None) -> str | None:
    if key is not None and not re.fullmatch(r"[!-~]+", key):
        raise typer.BadParameter("must have visible ASCII characters only, without spaces; copy the whole key again")
    return key


Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="VIGIL_API_KEY",
        callback=_checked_key,
        help="API key. Default: the key of the first demo tenant",
        show_default=False,
    ),
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Show this tenant instead of your own. Needs an operator key")
]


class RequestFailed(VigilError):
    """Error for a request that the API refused or did not answer."""


def connect(key: str | None) -> httpx.Client:
    """Return a client of `VIGIL_API_URL`, or of the embedded stack if that is not set.

    Raises NotFound without a deployment or an API key.
    """
    embedded = Embedded.load(deployment.state_folder())
    url = os.environ.get("VIGIL_API_URL") or (embedded.api_url if embedded else None)
    if key is None and embedded and url == embedded.api_url and embedded.tenants:
        key = embedded.tenants[0].api_key
    if url is None or key is None:
        raise NotFound("no deployment found: run `make up`, or set VIGIL_API_URL and VIGIL_API_KEY")
    check_url(url)
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False)


def check_url(url: str) -> None:
    """Raise BadParameter unless `VIGIL_API_URL` is the URL of an HTTP server."""
    try:
        parsed = httpx.URL(url)
        if parsed.scheme in ("http", "https") and parsed.host:
            return
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise typer.BadParameter(
        "must be a URL with http or https and a host, such as https://api.example.com", param_hint="VIGIL_API_URL"
    )


def connect_second_tenant(client: httpx.Client) -> httpx.Client | None:
    """Return a client of the other demo tenant, or None if `client` is not a demo tenant of the embedded stack."""
    embedded = Embedded.load(deployment.state_folder())
    known = {f"Bearer {tenant.api_key}": tenant for tenant in embedded.tenants} if embedded else {}
    if known.pop(client.headers["Authorization"], None) is None:
        return None
    return next((connect(other.api_key) for other in known.values()), None)


def request_json(client: httpx.Client, method: str, path: str, **arguments: Any) -> Any:
    """Return the JSON of a successful response, or None for an empty body; raise RequestFailed for an error."""
    response = request(client, method, path, **arguments)
    return response.json() if response.content else None


def request_items(client: httpx.Client, path: str, limit: int, **query: str | None) -> list[dict[str, Any]]:
    """Return the first items of a list of pages, at most `limit`. A query parameter of None is not sent."""
    parameters: dict[str, Any] = without_none(**query) | {"limit": min(limit, 100)}
    items: list[dict[str, Any]] = []
    more = True
    while more and len(items) < limit:
        page = request_json(client, "GET", path, params=parameters)
        items += page["items"]
        parameters["cursor"] = page["next_cursor"]
        more = page["next_cursor"] is not None
    return items[:limit]


def request(client: httpx.Client, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Return a successful response; raise RequestFailed with the title and the details of a problem document."""
    response = send(client, method, path, **arguments)
    if response.is_success:
        return response
    problem = response.json() if "json" in response.headers.get("content-type", "") else {}
    title, fields = visible(problem.get("title", f"status {response.status_code}")), problem.get("errors") or ()
    detail = problem.get("detail")
    sentence = visible(detail if detail and response.status_code == 409 else ": ".join(filter(None, (title, detail))))
    if (remedy := _REMEDIES.get(response.status_code)) and (response.status_code == 401 or not problem):
        sentence = f"{sentence.rstrip('.')}. {remedy}"
    raise RequestFailed(format_field_errors(fields, title) or sentence)


def send(client: httpx.Client, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Return the response to a request, errors included; raise RequestFailed if the API does not answer."""
    try:
        return client.request(method, path, **arguments)
    except httpx.HTTPError as error:
        raise RequestFailed(
            f"no answer from {client.base_url} ({type(error).__name__}): "
            "start the stack with `make up`, or check VIGIL_API_URL"
        ) from error
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        raise typer.BadParameter("an argument has characters that a request cannot have; type it again") from error


@contextmanager
def open_download(url: str) -> Iterator[httpx.Response]:
    """Yield the open response of a presigned URL; raise RequestFailed unless its status is a success."""
    with httpx.stream("GET", url, trust_env=False, timeout=_FILE_SECONDS) as response:
        if not response.is_success:
            raise RequestFailed(f"the download failed with status {response.status_code}")
        yield response


def upload(url: str, content: Iterable[bytes], size: int) -> None:
    """Send a file of `size` bytes to a presigned URL; raise RequestFailed unless its status is a success."""
    headers = {"Content-Length": str(size)}
    response = httpx.put(url, content=content, headers=headers, timeout=_FILE_SECONDS, trust_env=False)
    if not response.is_success:
        raise RequestFailed(f"the upload failed with status {response.status_code}")


def format_field_error(field: str, message: str, bound: str | None) -> str:
    """Return a field error as text; the bound follows if the message does not contain it."""
    return visible(f"{field}: {message}" + (f" ({bound})" if bound and bound not in message else ""))


def format_field_errors(errors: Sequence[Mapping[str, Any]], title: str = "") -> str:
    """Return field errors as text behind a title: one error on the same line, several on a line each."""
    lines = [format_field_error(**error) for error in errors]
    if len(lines) == 1:
        return ": ".join(filter(None, (title, *lines)))
    indent = "  " if title else ""
    return "\n".join([f"{title}:"] * bool(title and lines) + [indent + line for line in lines])


def without_none(**query: str | None) -> dict[str, str]:
    """Return the query parameters that have a value."""
    return {name: value for name, value in query.items() if value is not None}


def tenant_path(tenant: str | None, path: str) -> str:
    """Return the path of a resource of the named tenant, or of the caller's own tenant for None."""
    return f"/v1/tenants/{quote(tenant, safe='')}{path}" if tenant else f"/v1{path}"
