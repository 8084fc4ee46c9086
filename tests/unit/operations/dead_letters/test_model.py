"""Backoff is exponential with full jitter and bounded; the history of a job is bounded."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.dead_letters import WORK, letter
from vigil.operations.dead_letters.model import DeadLetterJob, RetryRules

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = RetryRules(timedelta(seconds=60), 5, max_delay=timedelta(hours=1))


@given(st.integers(0, 10**9), st.integers(0, 2**32))
def test_a_delay_is_never_longer_than_its_limit(attempts, seed):
    pause = RULES.delay(attempts, Random(seed))
    assert timedelta() <= pause <= min(RULES.max_delay, RULES.base_delay * 2 ** min(attempts, 10))


def test_delays_fill_their_range_and_double_per_attempt():
    random = Random(1)
    means = []
    for attempts in range(4):
        pauses = sorted(RULES.delay(attempts, random).total_seconds() for _ in range(4000))
        bound = 60 * 2**attempts
        assert pauses[0] < 0.01 * bound
        assert pauses[-1] > 0.99 * bound
        means.append(sum(pauses) / len(pauses))
    assert all(1.9 < later / earlier < 2.1 for earlier, later in pairwise(means))


def test_the_same_work_has_the_same_key():
    ids = {
        DeadLetterJob.create(queue, letter(), RULES, NOW, Random(seed)).key for queue in ("a", "b") for seed in (1, 2)
    }
    assert len(ids) == 2


def test_a_job_has_its_last_100_steps():
    job = DeadLetterJob.create("work", letter(WORK), RULES, NOW, Random(1))
    for _ in range(150):
        job = job.request_retry("member:k", NOW)
    assert len(job.steps) == 100
    assert job.version == 151
