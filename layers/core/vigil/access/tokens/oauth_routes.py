"""`/v1/oauth/token` and `/v1/oauth/revoke` (RFC 6749, RFC 7009); the API key is the client's credential."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from vigil.access.tokens import oauth_forms
from vigil.access.tokens.oauth_model import Grant, GrantError, GrantRefused
from vigil.access.tokens.oauth_service import Sessions
from vigil.runtime import telemetry
from vigil.web.app_state import from_app
from vigil.web.gateway import source_address
from vigil.web.principal import KEY_EXPIRY_HEADER
from vigil.web.schemas import responses, sends

router = APIRouter(prefix="/v1/oauth", tags=["tokens"])
Service = Annotated[Sessions, from_app("sessions")]


class TokenView(BaseModel):
    """An access token for the `Authorization` header, and a refresh token for the next one."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not a token
    expires_in: int
    refresh_token: str


class RefusalView(BaseModel):
    """Reason for a refusal (RFC 6749, section 5.2)."""

    error: GrantError
    error_description: str


def _form_schema(required: str, **fields: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI entries of a body that is a form.

    The same fields are accepted as JSON. With a second media type, openapi-python-client 0.29 generates a module that
    cannot be imported.
    """
    properties = {name: {"type": "string"} | more for name, more in fields.items()}
    schema = {"type": "object", "required": [required], "properties": properties}
    content = {oauth_forms.FORM_MEDIA_TYPE: {"schema": schema}}
    body = {"required": True, "content": content, "description": "A form, or the same fields as a JSON object."}
    return {"requestBody": body, "security": [{"client": []}, {}]}


_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": RefusalView, "description": "The request was refused"},
    401: {"model": RefusalView, "description": "The client's credentials are not valid"} | sends("WWW-Authenticate"),
    **responses(413, 415, 429, 503),
}
_CLIENT: dict[str, dict[str, Any]] = {
    "client_id": {"description": "Id of the API key, unless the client uses HTTP Basic."},
    "client_secret": {"description": "The API key.", "format": "password"},
}


@router.post(
    "/token",
    name="create",
    summary="Get an access token",
    response_model=TokenView,
    responses=_ERRORS | {200: sends("Vigil-Key-Expires-At")},
    openapi_extra=_form_schema(
        "grant_type",
        grant_type={"enum": ["client_credentials", "refresh_token"]},
        refresh_token={"format": "password"},
        **_CLIENT,
    ),
)
async def token(request: Request, sessions: Service) -> Response:
    """Return tokens for an API key or a refresh token. A second use of a refresh token ends its session."""
    try:
        return _granted(await _grant(request, sessions))
    except GrantRefused as error:
        return _refused(error)


@router.post(
    "/revoke",
    summary="End a session",
    response_class=Response,
    responses=_ERRORS | {200: {"description": "The session has ended; an unknown token is ignored"}},
    openapi_extra=_form_schema("token", token={"format": "password"}, token_type_hint={}, **_CLIENT),
)
async def revoke(request: Request, sessions: Service) -> Response:
    """End the session of a refresh token. Its access tokens expire within 15 minutes."""
    try:
        form, client = await _read(request)
        sessions.revoke(_field(form, "token"), client, _address(request))
    except GrantRefused as error:
        return _refused(error)
    return Response()


async def _grant(request: Request, sessions: Sessions) -> Grant:
    form, client = await _read(request)
    grant_type = _field(form, "grant_type")
    if "scope" in form:
        raise GrantRefused("invalid_scope", "Omit scope: a token has the permissions of its API key.")
    if grant_type == "client_credentials":
        return sessions.sign_in(client, _address(request))
    if grant_type == "refresh_token":
        return sessions.refresh(_field(form, "refresh_token"), client, _address(request))
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


def _address(request: Request) -> str | None:
    return source_address(request.scope.get("aws.event") or {})


def _granted(grant: Grant) -> Response:
    facts = telemetry.current.get()
    facts.tenant_id, facts.key_id = grant.claims.tenant_id, grant.claims.key_id
    lifetime = grant.claims.expires_at - grant.claims.issued_at
    body = TokenView(access_token=grant.access_token, expires_in=lifetime, refresh_token=grant.refresh_token)
    expiry = {KEY_EXPIRY_HEADER: grant.key_expires_at} if grant.key_expires_at else {}
    return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store", "Pragma": "no-cache", **expiry})


def _refused(error: GrantRefused) -> Response:
    """Return the error in the format of OAuth libraries, which do not parse problem documents."""
    telemetry.current.get().problem = error.problem
    invalid_client = error.error == "invalid_client"
    headers = {"WWW-Authenticate": 'Basic realm="vigil"'} if invalid_client else {}
    body = RefusalView(error=error.error, error_description=str(error))
    return JSONResponse(body.model_dump(), 401 if invalid_client else 400, headers)
