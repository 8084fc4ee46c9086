"""Eight processes count a group over real transactions, each batch delivered twice: exact, and told once.

A failure of a later version during a resolution is known to it, or a regression.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from random import Random

from tests.support.fakes.failures import FakeBus
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import Seeded, inject
from tests.support.log_lines import BEGIN, TIMED_OUT, batch
from vigil.errors import Unavailable
from vigil.operations.failures.groups_model import FailureGroup
from vigil.operations.failures.intake import FailureIntake
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.service import Failures
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


RACES = 24


def raced(bed, seed):
    """Resolve a group while a later version fails. Return its state, its fixed version and its count."""
    table, turns, bus = bed.table("Failures"), Interleaving(seed), FakeBus()
    client = inject(bed.client("dynamodb"), Seeded(seed, {}), pause=turns.pause)
    store = DynamoFailures(client, table, lambda: BEGIN)
    intake, service = FailureIntake(store, bus, sleep=lambda _: None), Failures(store, lambda: BEGIN)
    earlier, later = batch(TIMED_OUT, version=4), batch(TIMED_OUT, version=5, first=1)
    intake.process(earlier)
    failure_id = read_batch(earlier)[0].signature.fingerprint
    turns.run([lambda: service.resolve(failure_id, "operator:k"), lambda: intake.process(later)])
    stored = store.find(failure_id)
    return stored.group.state, stored.group.fixed_in.get("vigil-scoring-api"), stored.count


def test_a_failure_during_a_resolution_is_known_or_a_regression(bed, seeds):
    assert {raced(bed, seed) for seed in seeds(RACES)} == {("resolved", 6, 2), ("open", None, 1)}


def test_a_group_that_notes_no_version_before_its_count_is_caught(bed, seeds, monkeypatch):
    see = FailureGroup.see
    note = FailureGroup.note_versions
    monkeypatch.setattr(FailureGroup, "note_versions", lambda group, _: group)
    monkeypatch.setattr(FailureGroup, "see", lambda group, found, *counts: see(note(group, found), found, *counts))
    assert ("resolved", 5, 2) in {raced(bed, seed) for seed in seeds(RACES)}
