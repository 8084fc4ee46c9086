"""An attempt is repeated until it succeeds, fails otherwise, or the attempts are used up."""

import pytest

from vigil.errors import Conflict
from vigil.runtime.retries import TryAgain, retry


class Attempts:
    """An attempt that asks for a repetition `failures` times before it returns its number."""

    def __init__(self, failures, cause=None):
        self.failures, self.cause, self.calls = failures, cause, 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise TryAgain from self.cause
        return self.calls


def test_the_result_of_the_first_successful_attempt_is_returned():
    assert [retry(Attempts(failures), attempts=3, error=Conflict("busy")) for failures in (0, 1, 2)] == [1, 2, 3]


def test_after_the_last_attempt_the_error_has_the_cause():
    cause = KeyError("in the way")
    attempt = Attempts(9, cause)
    with pytest.raises(Conflict, match="busy") as caught:
        retry(attempt, attempts=4, error=Conflict("busy"))
    assert (attempt.calls, caught.value.__cause__) == (4, cause)


def test_any_other_error_ends_the_attempts():
    calls = []

    def attempt():
        calls.append(1)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the error has no message
        retry(attempt, attempts=4, error=Conflict("busy"))
    assert calls == [1]


def test_pauses_are_random_and_bounded():
    runs = []
    for _ in range(20):
        pauses = []
        with pytest.raises(Conflict):
            retry(Attempts(9), attempts=8, error=Conflict("busy"), sleep=pauses.append)
        assert len(pauses) == 7
        assert all(
            0 <= pause <= limit for pause, limit in zip(pauses, (0.02, 0.04, 0.08, 0.16, *[0.2] * 3), strict=True)
        )
        runs.append(tuple(pauses))
    assert len(set(runs)) == 20
