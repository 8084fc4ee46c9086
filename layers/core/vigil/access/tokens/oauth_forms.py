"""Parsing of OAuth request bodies (RFC 6749): a form, or the same fields as JSON."""

import base64
import binascii
from urllib.parse import parse_qsl, unquote_plus

from vigil.access.tokens.oauth_model import GrantRefused
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 16


def parse_fields(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a body; raise GrantRefused if it is malformed or repeats a field."""
    try:
        pairs = _form(body) if content_type.partition(";")[0].strip().lower() == FORM_MEDIA_TYPE else _json(body)
    except (ValueError, MalformedRequest) as error:
        raise GrantRefused(
            "invalid_request", "The body must contain form fields, or a JSON object with string values, each once."
        ) from error
    found = {name: value for name, value in pairs if value}  # RFC 6749: an empty field counts as omitted
    if len(found) != sum(bool(value) for _, value in pairs):
        raise GrantRefused("invalid_request", "Each field may appear only once.")
    return found


def parse_client(authorization: str | None, form: dict[str, str]) -> tuple[str, str] | None:
    """Return the client's id and secret from HTTP Basic or from the fields, or None if the request has neither."""
    in_body = "client_id" in form or "client_secret" in form
    if authorization is None:
        pair = (form.get("client_id", ""), form.get("client_secret", ""))
        return pair if in_body else None
    if in_body:
        raise GrantRefused("invalid_request", "Send the client's credentials in the header or the body, not in both.")
    scheme, _, encoded = authorization.partition(" ")
    try:
        identity, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise GrantRefused("invalid_client", "The Authorization header must use HTTP Basic.")
    return unquote_plus(identity), unquote_plus(secret)


def _form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")


def _json(body: bytes) -> list[tuple[str, str]]:
    fields = loads(body)
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("the body is not a JSON object with string values")
    return list(fields.items())
