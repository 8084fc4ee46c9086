"""Credentials of AWS calls, from botocore's providers; plain environment variables are read without loading them."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import InvalidConfigError, NoCredentialsError

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session


class Keys(NamedTuple):
    """Credentials of one call. `token` is empty for credentials that do not expire."""

    access_key: str
    secret_key: str
    token: str = ""


def current_keys() -> Keys:
    """Return the credentials of a call that is made now, refreshed if they expire soon.

    Raises NoCredentialsError if this process has no credentials.
    """
    return _source()()


def reset() -> None:
    """Discard the credentials and botocore's session."""
    _source.cache_clear()
    session.cache_clear()


def is_on_lambda() -> bool:
    """Return True inside a Lambda function, which has no configuration files."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


@cache
def session() -> "Session":
    """Return the session of all clients: botocore's, because boto3's also loads resources and transfers."""
    from botocore.session import get_session  # noqa: PLC0415 - most functions never need one

    return get_session()


@cache
def _source() -> Callable[[], Keys]:
    if (plain := _plain_variables(os.environ)) is not None:
        return lambda: plain
    loaded = _load_from_providers() if is_on_lambda() else session().get_credentials()
    if loaded is None:
        raise NoCredentialsError

    def refreshed() -> Keys:
        frozen = loaded.get_frozen_credentials()
        return _checked(Keys(frozen.access_key or "", frozen.secret_key or "", frozen.token or ""))

    return refreshed


def _plain_variables(environment: Mapping[str, str]) -> Keys | None:
    """Return credentials of variables without an expiry, as botocore's EnvProvider finds them; otherwise None."""
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key or environment.get("AWS_CREDENTIAL_EXPIRATION"):
        return None
    token = environment.get("AWS_SECURITY_TOKEN") or environment.get("AWS_SESSION_TOKEN") or ""
    return _checked(Keys(access_key, secret_key, token))


def _checked(keys: Keys) -> Keys:
    """Return the credentials. A line end in one of them would end a header field."""
    if not all(part.isascii() and part.isprintable() for part in keys):
        raise InvalidConfigError(error_msg="the AWS credentials contain a character that no header field may have")
    return keys


def _load_from_providers() -> "Credentials | None":
    """Return the credentials of a function: a function with SnapStart gets them from an address and renews them."""
    from botocore.credentials import ContainerProvider, EnvProvider  # noqa: PLC0415 - 9 MB that plain variables spare

    for provider in (EnvProvider(), ContainerProvider()):
        if (found := provider.load()) is not None:
            return found
    return None
