"""Versions of resources in the headers `ETag` and `If-Match` (RFC 9110, 13.1.1)."""

from typing import Annotated

from fastapi import Depends, Header, Response

from vigil.web.schemas import responses, sends

LISTED = responses(401, 403, 503)
"""OpenAPI responses of the list of all resources of a kind, which has no version."""
CREATED = {201: sends("ETag", "Location"), **responses(401, 403, 413, 415)}
"""OpenAPI responses of a creation."""
FETCHED = {200: sends("ETag"), **responses(401, 403, 404, 503)}
"""OpenAPI responses of one resource with its version."""
CHANGED = {200: sends("ETag"), **responses(401, 403, 404, 412, 413, 415)}
"""OpenAPI responses of a change that `If-Match` can restrict to a version."""
DELETED = responses(401, 403, 404, 412)
"""OpenAPI responses of a deletion that `If-Match` can restrict to a version."""


async def _expected_version(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=14,
            pattern=r'^(\*|"[0-9]{1,12}")$',
            description="ETag of the version to change; another version returns 412.",
        ),
    ] = None,
) -> int | None:
    return int(if_match.strip('"')) if if_match and if_match != "*" else None


ExpectedVersion = Annotated[int | None, Depends(_expected_version)]
"""The version that `If-Match` names, or None if a change of any version is allowed."""


def set_etag(response: Response, version: int) -> None:
    """Set the `ETag` of a response to the version of its resource."""
    response.headers["ETag"] = f'"{version}"'
