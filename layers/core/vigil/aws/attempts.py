"""Rules for a second attempt of an AWS call: those of botocore's standard mode, with one exception.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ChecksumError, HTTPClientError, ReadTimeoutError, ResponseStreamingError
from botocore.exceptions import ConnectionError as NetworkError
from botocore.retries.quota import RetryQuota

from vigil.aws.http_answers import Answer

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
_MAX_DIGITS = 9
"""Number of digits that are read of the service's pause in milliseconds."""
_RETRY_COST = 14
_THROTTLED_COST = 5
_SUCCESS_REWARD = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one attempt: an answer with its members, and an error code for a refusal; or a network error."""

    answer: Answer | None = None
    members: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    error: BotoCoreError | None = None

    @property
    def is_refusal(self) -> bool:
        """True if the status of the answer is an error. Its code can be empty."""
        return self.answer is not None and not 200 <= self.answer.status < 300

    @property
    def is_throttled(self) -> bool:
        """True if the service refused the attempt because of too many requests."""
        return self.code in THROTTLING_CODES or (self.answer is not None and self.answer.status == _THROTTLING_STATUS)


class RetryRules:
    """Runs the attempts of one client's calls, and retries them while the quota lasts.

    `retry_seconds` is the longest pause before the first retry of an attempt that was not throttled. The service may
    add up to 5 s.
    """

    def __init__(self, retry_seconds: float) -> None:
        self._retry_seconds = retry_seconds
        self._quota = RetryQuota()

    def run(self, attempt: Callable[[], Outcome], *, is_repeatable: bool) -> Outcome:
        """Return the outcome of the last attempt. A refusal is an outcome.

        `is_repeatable` is True if a second request after a lost answer changes nothing more. Raises the network error
        of the last attempt.
        """
        number, cost = 1, 0
        outcome = attempt()
        while number < MAX_ATTEMPTS and self._is_retryable(outcome, is_repeatable=is_repeatable):
            next_cost = _THROTTLED_COST if outcome.is_throttled else _RETRY_COST
            if not self._quota.acquire(next_cost):
                break
            time.sleep(self._seconds(outcome, number))
            number, cost = number + 1, next_cost
            outcome = attempt()
        if outcome.error is not None:
            raise outcome.error
        outcome.members["ResponseMetadata"]["RetryAttempts"] = number - 1
        if not outcome.is_refusal:
            self._quota.release(cost or _SUCCESS_REWARD)
        return outcome

    def _is_retryable(self, outcome: Outcome, *, is_repeatable: bool) -> bool:
        if isinstance(outcome.error, ReadTimeoutError | ResponseStreamingError) and not is_repeatable:
            return False  # the service may have done the work, and a second attempt would do it again
        if outcome.answer is None:
            return isinstance(outcome.error, NetworkError | HTTPClientError | ChecksumError)
        return outcome.is_refusal and (
            outcome.is_throttled or outcome.code in TRANSIENT_CODES or outcome.answer.status in TRANSIENT_STATUSES
        )

    def _seconds(self, outcome: Outcome, number: int) -> float:
        longest = _THROTTLED_SECONDS if outcome.is_throttled else self._retry_seconds
        pause = random.random() * longest * 2.0 ** (number - 1)  # noqa: S311 - jitter
        requested = outcome.answer.headers.get("x-amz-retry-after", "") if outcome.answer else ""
        if not requested.isdecimal():
            return pause
        seconds = int(requested[:_MAX_DIGITS]) / 1000
        return max(pause, min(seconds, _MAX_ADDED_SECONDS + pause))
