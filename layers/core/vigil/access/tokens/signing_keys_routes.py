"""`/.well-known/jwks.json`: public keys for the verification of access tokens."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel

from vigil.access.tokens.signing_keys_model import CACHE_SECONDS
from vigil.access.tokens.signing_keys_service import Jwk
from vigil.web.app_state import from_app
from vigil.web.schemas import responses

router = APIRouter(tags=["tokens"])
PublishedKeys = Annotated[Callable[[], list[Jwk]], from_app("published_keys")]


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
async def jwks(published: PublishedKeys, response: Response) -> JwksView:
    """Return the public keys.

    Refresh them after at most five minutes; a new key signs only 15 minutes after publication.
    """
    response.headers["cache-control"] = f"public, max-age={CACHE_SECONDS}"
    return JwksView(keys=[JwkView(**key) for key in published()])
