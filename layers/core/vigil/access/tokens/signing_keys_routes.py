"""`/.well-known/jwks.json`: public keys for the verification of access tokens."""

from typing import TYPE_CHECKING, cast

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from vigil.access.tokens.signing_keys_model import CACHE_SECONDS
from vigil.web.schemas import responses

if TYPE_CHECKING:
    from collections.abc import Callable

    from vigil.access.tokens.signing_keys_service import Jwk

router = APIRouter(tags=["tokens"])


class JwkView(BaseModel):
    """A P-256 public key in the format of RFC 7517."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    y: str


class JwksView(BaseModel):
    """Public keys that verify access tokens.

    The list has the next key before its first use, and the previous key until its tokens have expired.
    """

    keys: list[JwkView]


@router.get(
    "/.well-known/jwks.json",
    name="list_keys",
    summary="List the public keys of access tokens",
    responses=responses(503),
)
async def jwks(request: Request, response: Response) -> JwksView:
    """Return the public keys.

    Refresh them after at most five minutes; a new key signs only 15 minutes after publication.
    """
    published = cast("Callable[[], list[Jwk]]", request.app.state.published_keys)
    response.headers["cache-control"] = f"public, max-age={CACHE_SECONDS}"
    return JwksView(keys=[JwkView(**key) for key in published()])
