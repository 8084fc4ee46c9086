"""Eight processes count a group over real transactions, each batch delivered twice: exact, and told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from random import Random

from tests.support.fakes.failures import FakeBus
from tests.support.log_lines import BEGIN, TIMED_OUT, batch
from vigil.errors import Unavailable
from vigil.operations.failures.intake import FailureIntake
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.store import DynamoFailures

PROCESSES, BATCHES, LINES = 8, 40, 5
STREAMS = 12
MAX_DELIVERIES = 20
"""Maximum deliveries of a batch until one succeeds."""


class ForgetfulFailures(DynamoFailures):
    """Store with a planted bug: it never recognizes a batch."""

    numbers = count()

    def count(self, batch_id, before, after):
        return super().count(f"{batch_id}-{next(self.numbers)}", before, after)


def deliver(intake, found):
    """Deliver a batch until it succeeds, as Lambda does."""
    for _ in range(MAX_DELIVERIES):
        try:
            return intake.process(found)
        except Unavailable:
            continue
    raise AssertionError("a batch was never processed")


def run(bed, store, seed):
    """Deliver all batches twice in any order; return the stored failure and the events."""
    table, bus, random = bed.table("Failures"), FakeBus(), Random(seed)
    intakes = [
        FailureIntake(store(bed.client("dynamodb"), table, lambda: BEGIN), bus, sleep=lambda _: None)
        for _ in range(PROCESSES)
    ]
    batches = [
        batch(*[TIMED_OUT] * LINES, name=f"s{n % STREAMS}", first=LINES * n, after=timedelta(seconds=n))
        for n in range(BATCHES)
    ] * 2
    random.shuffle(batches)
    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(deliver, (intakes[n % PROCESSES] for n in range(len(batches))), batches))
    failure_id = read_batch(batches[0])[0].signature.fingerprint
    return DynamoFailures(bed.client("dynamodb"), table, lambda: BEGIN).find(failure_id), bus.events


def test_concurrent_repeated_deliveries_count_exactly(bed, seeds):
    for seed in seeds(1):
        failure, events = run(bed, DynamoFailures, seed)
        assert failure.count == BATCHES * LINES, seed
        assert (len(failure.latest), failure.group.unpublished) == (10, ()), seed
        assert {event.event_id.partition(".")[2] for event in events} == {
            "1.failures.found",
            "1.frequent.failures.found",
        }, seed


def test_a_store_that_recognizes_no_batch_is_caught(bed, seeds):
    failure, _ = run(bed, ForgetfulFailures, next(iter(seeds(1))))
    assert failure.count > BATCHES * LINES
