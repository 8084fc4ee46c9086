"""Versions of resources in the headers `ETag` and `If-Match` (RFC 9110, 13.1.1)."""

from typing import Annotated

from fastapi import Depends, Header, Response


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
