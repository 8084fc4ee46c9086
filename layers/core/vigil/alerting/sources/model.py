"""Alert events as JSON, and the texts in them. Only named fields of a source enter an alert event."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, get_args

from vigil.alerting.alerts.model import SEVERITIES, AlertEvent, AlertType
from vigil.alerting.channels.masking_model import MAX_FACTS
from vigil.errors import MalformedRequest, UnreadableMessage
from vigil.kernel.json_documents import loads
from vigil.kernel.time import format_timestamp

MAX_TEXT = 200
"""Maximum length of a title or of a fact, in characters."""
MAX_ID = 200
"""Maximum length of an event id, in characters."""
_TYPES = get_args(AlertType)
_NAMES = frozenset(field.name for field in fields(AlertEvent)) - {"is_requested"}
_PAIRS = ("labels", "facts")
_INVISIBLE = re.compile(r"[^\x21-\x7e]")


def parse_document(body: str) -> Mapping[str, Any]:
    """Return the JSON object of a message. Raises UnreadableMessage for any other text."""
    try:
        document = loads(body)
    except (ValueError, MalformedRequest) as error:
        raise UnreadableMessage("The message is not a JSON document.") from error
    if not isinstance(document, dict):
        raise UnreadableMessage("The message is not a JSON object.")
    return document


def text_of(document: Mapping[str, Any], name: str) -> str:
    """Return the text of a document with a name, at most 2,000 characters of it.

    Raises UnreadableMessage if it is missing, empty or no text.
    """
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableMessage(f"{name} must be a text with at least one character.")
    return value[: 10 * MAX_TEXT]


def object_of(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the JSON object of a document with a name. Raises UnreadableMessage if it is missing or no object."""
    value = document.get(name)
    if not isinstance(value, dict):
        raise UnreadableMessage(f"{name} must be an object.")
    return value


def time_of(document: Mapping[str, Any], name: str) -> str:
    """Return the time of a document with a name, in the format of `format_timestamp`.

    Raises UnreadableMessage if it is not an ISO 8601 time with an offset.
    """
    try:
        moment = datetime.fromisoformat(text_of(document, name))
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return format_timestamp(moment)
    except (ValueError, OverflowError) as error:
        raise UnreadableMessage(f"{name} must be an ISO 8601 time with an offset.") from error


def as_id(text: str) -> str:
    """Return a text as an event id: at most MAX_ID characters, with a hyphen for each one that is not visible ASCII."""
    return _INVISIBLE.sub("-", text)[:MAX_ID]


def to_json(event: AlertEvent) -> str:
    """Return an alert event as a JSON text, without `is_requested`."""
    document = {name: value for name, value in asdict(event).items() if name in _NAMES}
    return json.dumps(document, separators=(",", ":"))


def from_json(body: str) -> AlertEvent:
    """Return the alert event of a text that `to_json` made. Raises UnreadableMessage for any other text."""
    document = dict(parse_document(body))
    if document.keys() != _NAMES or not isinstance(document["is_cleared"], bool):
        raise UnreadableMessage("The message does not have the fields of an alert event.")
    if document["type"] not in _TYPES or document["severity"] not in SEVERITIES:
        raise UnreadableMessage("The message does not have a known type and severity.")
    texts = _NAMES - {"is_cleared", *_PAIRS}
    if not all(isinstance(document[name], str) for name in texts):
        raise UnreadableMessage("A field of the message is not a text.")
    pairs = {name: _pairs(document[name]) for name in _PAIRS}
    return AlertEvent(**document | pairs)


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or len(value) > MAX_FACTS:
        raise UnreadableMessage(f"Labels and facts must be lists of at most {MAX_FACTS} pairs.")
    if not all(isinstance(pair, list) and [type(part) for part in pair] == [str, str] for pair in value):
        raise UnreadableMessage("A label or a fact is not a pair of texts.")
    return tuple((name, text) for name, text in value)
