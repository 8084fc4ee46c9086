"""Rows that take too long: one is lost and not its chunk, with an error, and without a charge."""

import re
import threading
import time
from contextlib import contextmanager

import pytest

from tests.support.batch_rows import answered_rows, no_fast_reader
from tests.support.fakes.scoring import CONTRACT
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.batches import results
from vigil.decisions.batches.chunk_rows import SPARE_SECONDS, ChunkRows
from vigil.decisions.batches.parsing import build_reader
from vigil.decisions.batches.row_columns_model import RowColumns
from vigil.decisions.batches.step_rows import ROWS_PER_STEP
from vigil.errors import Unavailable
from vigil.workers.cpu_limit import OutOfTime, limit_cpu


def digest_rows(rows):
    return [tenant_key("acme").digest(row) for row in rows]


class Delivery:
    """A delivery with virtual seconds. Each row takes `pace` seconds; a row of `slow` never ends."""

    def __init__(self, slow=(), pace=0.001, seconds=54.0):
        self.left, self.slow, self.pace, self.steps, self.allowed = seconds, {f"p-{n}" for n in slow}, pace, 0, 0.0

    @contextmanager
    def limit(self, seconds):
        self.steps, self.allowed = self.steps + 1, seconds
        yield

    def answer_rows(self, subjects):
        names = [subject["subject_id"] for subject in subjects]
        needed = float("inf") if self.slow & set(names) else self.pace * len(names)
        self.left -= min(needed, self.allowed)
        if needed > self.allowed:
            raise OutOfTime
        return answered_rows([f'"subject_id":"{name}"}}' for name in names], len(CONTRACT.features))

    def score(self, count, *, form="ndjson", is_last=False):
        read = build_reader(form, (), CONTRACT, no_fast_reader)
        content = b"".join(b'{"subject_id":"p-%d"}\r\n\r\n' % number for number in range(1, count + 1))
        rows = ChunkRows(self, read, form, digest_rows, lambda: self.left, is_last, self.limit)
        return rows.score(content, RowColumns(1, CONTRACT))


@pytest.mark.parametrize("slow", [[1], [500], [501], [777], [10_000], [3, 4], [1, 9_000], [2, 600, 4_444, 9_999]])
def test_a_row_that_never_ends_is_lost_alone(slow):
    delivery = Delivery(slow)
    scored = delivery.score(10_000)
    lost = [number for first, last in scored.lost for number in range(first, last + 1)]
    assert lost == slow
    assert len(scored.lines) == 10_000
    assert [number for number, line in enumerate(scored.lines, 1) if "takes too long" in line] == slow
    assert scored.errors == [scored.lines[number - 1] for number in slow]
    assert delivery.steps <= 10_000 / ROWS_PER_STEP + 20 * len(slow) + 1


def test_rows_after_too_many_endless_ones_are_lost_in_the_same_delivery():
    delivery = Delivery(range(1, 10_001))
    scored = delivery.score(10_000)
    assert (len(scored.lines), len(scored.errors), scored.lost) == (10_000, 10_000, [(1, 10_000)])
    assert 0 < sum("takes too long" in line for line in scored.lines) < 10_000
    assert "used up the time" in scored.lines[-1]
    assert SPARE_SECONDS / 2 < delivery.left <= SPARE_SECONDS


def test_a_slow_chunk_without_an_endless_row_loses_no_row():
    """Steps that exceed their share are halved until they fit."""
    delivery = Delivery(pace=0.012)
    assert delivery.score(2_500).lost == []
    assert delivery.left > SPARE_SECONDS


def test_smaller_steps_leave_the_same_facts_of_rows():
    """A repeated delivery may be slower and take other steps."""
    deliveries = [Delivery(), Delivery(pace=0.012)]
    files = [delivery.score(2_500).columns.to_join_file(1, "2026-03-01T12:00:00Z") for delivery in deliveries]
    assert deliveries[0].steps < deliveries[1].steps
    assert files[0].to_bytes() == files[1].to_bytes()


def test_a_lost_row_has_no_facts():
    columns = Delivery([7]).score(70).columns
    assert [number for number, code in enumerate(columns.band_codes, 1) if not code] == [7]
    assert (len(columns.subject_ids), len(columns.probabilities), len(columns.sampled_facts)) == (70, 70, 2)


def test_a_chunk_that_does_not_fit_is_delivered_once_more():
    with pytest.raises(Unavailable, match="did not fit"):
        Delivery(pace=0.05).score(2_500)
    scored = Delivery(pace=0.05).score(2_500, is_last=True)
    ((first, last),) = scored.lost
    assert (last, len(scored.lines)) == (2_500, 2_500)
    assert first > 300


def test_python_code_is_interrupted_after_its_processor_time():
    started = time.process_time()
    with pytest.raises(OutOfTime), limit_cpu(0.2):
        re.fullmatch("(a*)*b", "a" * 40)
    assert time.process_time() - started < 5
    with limit_cpu(0.2):
        time.sleep(0.3)  # waiting does not count
    deadline = time.process_time() + 0.5
    while time.process_time() < deadline:  # the limit ended with its block
        pass


def test_a_thread_without_signals_has_no_limit():
    found = []

    def work():
        with limit_cpu(0.001):
            found.append(sum(range(1_000_000)))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert found


def test_lost_rows_have_an_error_with_a_remedy():
    for reason in (results.TOO_SLOW, results.NO_TIME):
        (error,) = reason.errors
        assert error.bound.startswith("send it")
