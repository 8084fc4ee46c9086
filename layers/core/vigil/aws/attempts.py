"""Rules for a second attempt of an AWS call: those of botocore's standard mode, with one exception.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from botocore.exceptions import ConnectionError as NetworkError
from botocore.exceptions import HTTPClientError, ReadTimeoutError
from botocore.retries.quota import RetryQuota

from vigil.aws.connections import Answer
from vigil.aws.services import Operation, Service

MAX_ATTEMPTS = 2
"""Maximum attempts of one call."""
TRANSIENT_CODES = frozenset(
    {
        *("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"),
        "ReplicatedWriteConflictException",  # the only error that the models of these services mark as retryable
    }
)
TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
THROTTLING_CODES = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled"),
        *("TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException"),
        *("RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown"),
        *("PriorRequestNotComplete", "EC2ThrottledException"),
    }
)
_THROTTLING_STATUS = 429
_THROTTLED_SECONDS = 1.0
"""Longest pause before the first retry of an attempt that was throttled."""
_MAX_ADDED_SECONDS = 5.0
"""Longest time that the service may add to a pause."""
_RETRY_COST = 14
_THROTTLED_COST = 5
_SUCCESS_REWARD = 1


@dataclass(frozen=True)
class Outcome:
    """Result of one attempt: an answer with its error code (empty for a success), or an error of the network."""

    answer: Answer | None = None
    code: str = ""
    error: Exception | None = None

    @property
    def is_throttled(self) -> bool:
        """True if the service refused the attempt because of too many requests."""
        return self.code in THROTTLING_CODES or (self.answer is not None and self.answer.status == _THROTTLING_STATUS)


class RetryRules:
    """Decides on the retries of one client. Its quota ends retries while most attempts fail."""

    def __init__(self, service: Service, sleep: Callable[[float], None] = time.sleep) -> None:
        self._service = service
        self._quota = RetryQuota()
        self._sleep = sleep

    def pause_before_retry(self, operation: Operation, outcome: Outcome, attempt: int) -> int:
        """Pause and return the quota that a retry uses, or 0 without a retry. `attempt` counts from 1."""
        if attempt >= MAX_ATTEMPTS or not self._is_retryable(operation, outcome):
            return 0
        cost = _THROTTLED_COST if outcome.is_throttled else _RETRY_COST
        if not self._quota.acquire(cost):
            return 0
        self._sleep(self._seconds(outcome, attempt))
        return cost

    def release(self, cost: int) -> None:
        """Return quota after a success: the cost of its last retry, or a small reward without one."""
        self._quota.release(cost or _SUCCESS_REWARD)

    def _is_retryable(self, operation: Operation, outcome: Outcome) -> bool:
        if isinstance(outcome.error, ReadTimeoutError) and not operation.is_repeatable:
            return False  # the service may have done the work, and a second attempt would do it again
        if outcome.error is not None:
            return isinstance(outcome.error, NetworkError | HTTPClientError)
        return (
            outcome.is_throttled
            or outcome.code in TRANSIENT_CODES
            or (outcome.answer is not None and outcome.answer.status in TRANSIENT_STATUSES)
            or not self._is_intact(outcome.answer)
        )

    def _is_intact(self, answer: Answer | None) -> bool:
        """Return False if the checksum of an answer shows that its body was changed on the way."""
        if answer is None or not self._service.has_checksum:
            return True
        expected = answer.headers.get("x-amz-crc32")
        return expected is None or crc32(answer.body) == int(expected)

    def _seconds(self, outcome: Outcome, attempt: int) -> float:
        longest = _THROTTLED_SECONDS if outcome.is_throttled else self._service.retry_seconds
        pause = random.random() * longest * 2.0 ** (attempt - 1)  # noqa: S311 - jitter
        requested = _requested_milliseconds(outcome.answer)
        return pause if requested is None else max(pause, min(requested / 1000, _MAX_ADDED_SECONDS + pause))


def _requested_milliseconds(answer: Answer | None) -> int | None:
    text: Any = answer.headers.get("x-amz-retry-after", "") if answer else ""
    return int(text) if text.isdecimal() else None
