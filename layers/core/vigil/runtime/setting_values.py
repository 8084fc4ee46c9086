"""Readers of a deployment's variables. Each returns the value of a text, or raises ValueError with the broken rule."""

import json
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from vigil.kernel.addresses import MAIL_ADDRESS, canonical_host

_STAGE = re.compile(r"[a-z][a-z0-9]{0,15}")
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}")
_HOST = re.compile(r"\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253}")
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_MAX_PORT = 65_535
_WEB_ADDRESS = re.compile(
    r"(?:https://[a-z0-9.-]{1,253}|http://(?:localhost|127\.0\.0\.1))(?::[0-9]{1,5})?(?:/[A-Za-z0-9_-]{1,64}){0,8}"
)
_SENTRY_DSN = re.compile(
    r"(?P<scheme>https?)://(?P<key>[0-9a-f]{32})@(?P<host>[a-z0-9.-]{1,253}(?::[0-9]{1,5})?)"
    r"(?P<path>(?:/[A-Za-z0-9_-]{1,64}){0,4})/(?P<project>[0-9]{1,20})"
)
_MODEL_KEY_SLOTS = 2
"""Maximum pinned public keys: the current key, and a second one while keys are rotated."""
_KEY_BYTES = 32
"""Length of an Ed25519 public key, in bytes (RFC 8032)."""


def name(text: str) -> str:
    """Return a setting that names an AWS resource.

    Raise ValueError if it has a line end or another control character, or a space at either end.
    """
    if text != text.strip() or not text.isprintable():
        raise ValueError("must not have control characters, and must not begin or end with a space")
    return text


def stage(text: str) -> str:
    """Return a setting that names the stage. Raises ValueError if an API key cannot contain it."""
    if not _STAGE.fullmatch(text):
        raise ValueError("must be 1 to 16 lower-case letters and digits that begin with a letter")
    return text


def boolean(text: str) -> bool:
    """Return True for `true` and False for `false`, in upper or lower case. Raises ValueError for other text."""
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a reader of some words. The reader raises ValueError for other text."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return text

    return read


def model_name(text: str) -> str:
    """Return the name of a vendor's model. Raises ValueError for other text."""
    if not _MODEL_NAME.fullmatch(text):
        raise ValueError("must be 1 to 64 lower-case letters, digits, hyphens and dots, such as gpt-4o-mini")
    return text


def embedding_dimension(text: str) -> int:
    """Return the dimension of embeddings. Raises ValueError for other text."""
    return int(one_of("384", "512")(text))


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` to `most`. The reader raises ValueError for other text."""

    def read(text: str) -> int:
        if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def seconds(least: int, most: int) -> Callable[[str], timedelta]:
    """Return a reader of durations from `least` to `most` seconds. The reader raises ValueError for other text."""
    count = whole_number(least, most)
    return lambda text: timedelta(seconds=count(text))


def hosts_with_ports(text: str) -> frozenset[tuple[str, int]]:
    """Return the pairs of a comma list of `host:port`. Raises ValueError for other text.

    Hosts are spelled as by `canonical_host`. An IPv6 address has brackets in the text, and none in the result.
    """
    pairs = [each.strip().rpartition(":") for each in text.lower().split(",")]
    if not all(_HOST.fullmatch(host) and _PORT.fullmatch(port) and int(port) <= _MAX_PORT for host, _, port in pairs):
        raise ValueError("must be a comma list of host:port, such as vectors.internal:8443, without schemes and paths")
    return frozenset((canonical_host(host), int(port)) for host, _, port in pairs)


def domain(text: str) -> str:
    """Return a domain as `canonical_host` spells it; raise ValueError if it is no domain in ASCII."""
    if not _DOMAIN.fullmatch(host := canonical_host(text)):
        raise ValueError("must be a domain of letters, digits, hyphens and dots, such as api.example.org")
    return host


def mail_address(text: str) -> str:
    """Return a mail address; raise ValueError if it has a name, a space, a line end or no domain."""
    if not MAIL_ADDRESS.fullmatch(text):
        raise ValueError("must be one mail address without a name and spaces, such as alerts@example.org")
    return text


def web_address(text: str) -> str:
    """Return an https address without a slash at its end. Raises ValueError for other text.

    The scheme http is allowed for this machine only.
    """
    if not _WEB_ADDRESS.fullmatch(text):
        raise ValueError("must be an https address without a slash at its end, such as https://api.example.org")
    return text


def sentry_dsn(text: str) -> tuple[str, str]:
    """Return the address of the envelope endpoint and the public key of a DSN. Raises ValueError for other text.

    Source: https://develop.sentry.dev/sdk/foundations/transport/authentication/
    """
    if (found := _SENTRY_DSN.fullmatch(text)) is None:
        raise ValueError("must be a DSN such as https://<public key>@o1.ingest.sentry.io/<project id>")
    return f"{found['scheme']}://{found['host']}{found['path']}/api/{found['project']}/envelope/", found["key"]


def milliseconds(least: int, most: int) -> Callable[[str], timedelta]:
    """Return a reader of durations from `least` to `most` milliseconds. The reader raises ValueError for other text."""
    count = whole_number(least, most)
    return lambda text: timedelta(milliseconds=count(text))


def versions(text: str) -> dict[str, int]:
    """Return the versions of a JSON object by model name. Raises ValueError for other text.

    A version is a whole number of at least 0.
    """
    found = _json_object(text)
    if not all(type(version) is int and version >= 0 for version in found.values()):
        raise ValueError("must map model names to whole numbers of at least 0")
    return found


def public_keys(text: str) -> dict[str, bytes]:
    """Return the pinned Ed25519 public keys of a JSON object, 32 bytes each, by their id.

    Raises ValueError for other text, and for no key or more than two.
    """
    keys = _json_object(text)
    if not 1 <= len(keys) <= _MODEL_KEY_SLOTS:
        raise ValueError(f"must pin 1 to {_MODEL_KEY_SLOTS} keys")
    try:
        found = {key_id: b64decode(key, validate=True) for key_id, key in keys.items()}
    except (TypeError, ValueError):
        found = {}
    if {len(key) for key in found.values()} != {_KEY_BYTES}:
        raise ValueError(f"must map key ids to Ed25519 public keys: {_KEY_BYTES} bytes in base64")
    return found


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return value
