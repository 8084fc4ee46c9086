"""Reads a JSON secret from Secrets Manager and caches its fields."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache

CACHE_RULES = CacheRules(timedelta(minutes=5), stale_for=timedelta(hours=24), retry=timedelta(seconds=10))


class Secret:
    """The string fields of one JSON secret. The secret is read on first use.

    Its age is measured by the wall clock, because a monotonic clock may stand still in a snapshot of a function.
    `check` raises Unavailable for a value that must not be used; the last known fields then stay in use. It receives
    the fields, or None for a malformed value: no text, or no JSON object of texts.
    """

    def __init__(
        self,
        client: Any,
        arn: str,
        clock: Callable[[], datetime],
        observer: CacheObserver,
        check: Callable[[Mapping[str, str] | None], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._arn = arn
        self._check = check
        self._cache: LastKnownCache[str, dict[str, str]] = LastKnownCache(
            "secrets", CACHE_RULES, clock, observer, is_kept=bool
        )

    def values(self) -> dict[str, str]:
        """Return the fields, at most five minutes old. For a day without the service, return the last known fields.

        A secret without fields has no value yet and is read again on every call. Raises Unavailable if no field is
        known.
        """
        return self._cache.get(self._arn, self._read)

    def field(self, name: str) -> bytes:
        """Return one field as bytes."""
        return self.values()[name].encode()

    def _read(self) -> dict[str, str]:
        with translate_errors("The secret store"):
            answer = self._client.get_secret_value(SecretId=self._arn, VersionStage="AWSCURRENT")
        found = _fields(answer.get("SecretString", ""))
        self._check(found)
        if found is None:
            raise Unavailable("A secret is no JSON object of texts.")
        return found


def _fields(text: str) -> dict[str, str] | None:
    """Return the fields of a JSON object of texts; None for any other text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and all(isinstance(field, str) for field in found.values()) else None
