"""`/.well-known/jwks.json`: the public keys, for whoever wants to verify an access token."""

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
    """A P-256 public key, as RFC 7517 writes it."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    y: str


class JwksView(BaseModel):
    """The keys whose signatures are accepted: those of tokens that live, and the next one ahead of its use."""

    keys: list[JwkView]


@router.get("/.well-known/jwks.json", summary="The keys that verify access tokens", responses=responses(503))
async def jwks(request: Request, response: Response) -> JwksView:
    """Return the public keys. Fetch them again after at most five minutes; a new key waits three times as long."""
    published = cast("Callable[[], list[Jwk]]", request.app.state.published_keys)
    response.headers["cache-control"] = f"public, max-age={CACHE_SECONDS}"
    return JwksView(keys=[JwkView(**key) for key in published()])
