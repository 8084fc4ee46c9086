"""`/v1/oauth/token` and `/revoke`: RFC 6749 and RFC 7009, with an API key as the client's credential."""

from typing import Any, Literal, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from vigil.access.tokens import oauth_forms
from vigil.access.tokens.oauth_model import Grant, GrantError, GrantRefused
from vigil.access.tokens.oauth_service import Sessions
from vigil.runtime import telemetry
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/oauth", tags=["tokens"])


class TokenView(BaseModel):
    """An access token for the `Authorization` header, and a refresh token for one more of these."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not a token
    expires_in: int
    refresh_token: str


class RefusalView(BaseModel):
    """Why there is no token (RFC 6749, section 5.2)."""

    error: GrantError
    error_description: str


def _form_schema(**fields: dict[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI says of a body that is a form, or the same fields as JSON."""
    schema = {"type": "object", "properties": {name: {"type": "string"} | more for name, more in fields.items()}}
    content = {media_type: {"schema": schema} for media_type in (oauth_forms.FORM_MEDIA_TYPE, "application/json")}
    return {"requestBody": {"required": True, "content": content}, "security": [{"client": []}, {}]}


_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": RefusalView, "description": "Refused"},
    401: {"model": RefusalView, "description": "The client is not known"},
    **responses(413, 415, 429, 503),
}
_CLIENT: dict[str, dict[str, Any]] = {
    "client_id": {"description": "The id of the API key, unless the client uses HTTP Basic."},
    "client_secret": {"description": "The API key.", "format": "password"},
}


@router.post(
    "/token",
    summary="Get an access token",
    response_model=TokenView,
    responses=_ERRORS,
    openapi_extra=_form_schema(
        grant_type={"enum": ["client_credentials", "refresh_token"]}, refresh_token={"format": "password"}, **_CLIENT
    ),
)
async def token(request: Request) -> Response:
    """Give tokens for an API key, or for a refresh token, which is good once: coming again, it ends the session."""
    try:
        return _granted(await _grant(request))
    except GrantRefused as error:
        return _refused(error)


@router.post(
    "/revoke",
    summary="End a session",
    response_class=Response,
    responses=_ERRORS | {200: {"description": "The refresh token, if it was one, is good no more"}},
    openapi_extra=_form_schema(token={"format": "password"}, token_type_hint={}, **_CLIENT),
)
async def revoke(request: Request) -> Response:
    """End the session of a refresh token. Access tokens of it run out within 15 minutes."""
    try:
        form, client = await _read(request)
        _sessions(request).revoke(_field(form, "token"), client)
    except GrantRefused as error:
        return _refused(error)
    return Response()


async def _grant(request: Request) -> Grant:
    form, client = await _read(request)
    grant_type = _field(form, "grant_type")
    if "scope" in form:
        raise GrantRefused("invalid_scope", "There are no scopes: a token carries the role of its key.")
    if grant_type == "client_credentials":
        return _sessions(request).sign_in(client)
    if grant_type == "refresh_token":
        return _sessions(request).refresh(_field(form, "refresh_token"), client)
    raise GrantRefused("unsupported_grant_type", "grant_type must be client_credentials or refresh_token.")


async def _read(request: Request) -> tuple[dict[str, str], tuple[str, str] | None]:
    form = oauth_forms.parse_fields(
        request.headers.get("content-type", oauth_forms.FORM_MEDIA_TYPE), await request.body()
    )
    return form, oauth_forms.parse_client(request.headers.get("authorization"), form)


def _field(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise GrantRefused("invalid_request", f"{name} is required.")
    return form[name]


def _sessions(request: Request) -> Sessions:
    return cast("Sessions", request.app.state.sessions)


def _granted(grant: Grant) -> Response:
    facts = telemetry.current.get()
    facts.tenant_id, facts.key_id = grant.claims.tenant_id, grant.claims.key_id
    life = grant.claims.expires_at - grant.claims.issued_at
    body = TokenView(access_token=grant.access_token, expires_in=life, refresh_token=grant.refresh_token)
    return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def _refused(error: GrantRefused) -> Response:
    """Answer as OAuth libraries read it, which know no problem documents."""
    telemetry.current.get().problem = error.problem
    unknown = error.error == "invalid_client"
    headers = {"WWW-Authenticate": 'Basic realm="vigil"'} if unknown else {}
    body = RefusalView(error=error.error, error_description=str(error))
    return JSONResponse(body.model_dump(), 401 if unknown else 400, headers)
