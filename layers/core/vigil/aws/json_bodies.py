"""JSON of requests and answers, with bytes as base64 and times as seconds.

pydantic writes the JSON. Its own base64 has the alphabet of URLs, which AWS does not accept, so bodies with bytes or
times are converted. A search for the names of such members finds them: most bodies have none.
"""

import calendar
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from vigil.aws.services import Service

_ATTRIBUTE_MARKS = [b'"B"']
"""Marks of a body whose only bytes are single attributes, as in most items."""
_ATTRIBUTE = b'"B":"'
_ALPHABET = bytes.maketrans(b"-_", b"+/")


def encode(service: Service, arguments: Mapping[str, Any]) -> bytes:
    """Return the JSON body of a request."""
    body = to_json(arguments, bytes_mode="base64")
    marks = [mark for mark in service.marks if mark in body]
    if marks == _ATTRIBUTE_MARKS:
        return _with_standard_alphabet(body)
    return to_json(_with_texts(arguments)) if marks else body


def decode(service: Service, body: bytes) -> dict[str, Any]:
    """Return the members of an answer. Raises ValueError if the body is not a JSON object."""
    parsed = from_json(body) if body else {}
    if not isinstance(parsed, dict):
        raise ValueError("the body of an answer is a JSON object")
    if b"null" in body or any(mark in body for mark in service.marks):
        return {name: _with_values(service, name, value) for name, value in parsed.items() if value is not None}
    return parsed


def _with_standard_alphabet(body: bytes) -> bytes:
    """Return a body whose attributes of type `B` have the standard alphabet.

    Quotes inside of texts are escaped, so that the member is found without parsing.
    """
    first, *rest = body.split(_ATTRIBUTE)
    ends = [(part, part.index(b'"')) for part in rest]
    return _ATTRIBUTE.join([first, *(part[:end].translate(_ALPHABET) + part[end:] for part, end in ends)])


def _with_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_texts(member) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_with_texts(member) for member in value]
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    if isinstance(value, datetime):
        seconds = calendar.timegm(value.astimezone(UTC).timetuple())
        return (seconds * 10**6 + value.microsecond) / 10**6 if value.microsecond else seconds
    return value


def _with_values(service: Service, name: str, value: Any) -> Any:
    """Return a member with bytes and times, and without members that are null, as botocore does.

    An attribute of an item may have the name of a blob, but its value is a mapping.
    """
    if isinstance(value, dict):
        return {inner: _with_values(service, inner, member) for inner, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_with_values(service, name, member) for member in value]
    if isinstance(value, str) and name in service.blobs:
        return b64decode(value)
    if isinstance(value, int | float) and name in service.timestamps:
        return datetime.fromtimestamp(value, UTC)
    return value
