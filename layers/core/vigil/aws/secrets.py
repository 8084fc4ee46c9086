"""Reads a JSON secret from Secrets Manager and caches its fields."""

import json
import time
from collections.abc import Callable
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable

_TTL_SECONDS = 300.0


class Secret:
    """The string fields of one JSON secret. The secret is read on first use.

    Its age is measured by the wall clock, because a monotonic clock may stand still in a snapshot of a function.
    """

    def __init__(self, client: Any, arn: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._values: dict[str, str] = {}
        self._read_at = 0.0

    def values(self) -> dict[str, str]:
        """Return the fields, at most five minutes old. While the service is unavailable, return the last known fields.

        A secret without fields has no value yet and is read again on every call. Raises Unavailable if no field was
        ever read.
        """
        now = self._clock()
        # If the clock was set back, read at once; otherwise an old secret would stay for that time.
        if not self._values or not 0 <= now - self._read_at < _TTL_SECONDS:
            try:
                with translate_errors("The secret store"):
                    answer = self._client.get_secret_value(SecretId=self._arn, VersionStage="AWSCURRENT")
            except Unavailable:
                if not self._values:
                    raise
            else:
                self._values = json.loads(answer["SecretString"])
                self._read_at = now
        return self._values

    def field(self, name: str) -> bytes:
        """Return one field as bytes."""
        return self.values()[name].encode()
