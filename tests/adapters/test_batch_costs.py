"""Write units of a settled chunk, which the cost model of batches uses."""

import json
from base64 import b64encode
from math import nan
from random import Random

from benchmarks.batch import CALLS
from benchmarks.cost import write_units
from tests.support.aws_calls import replace_calls
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.store import DynamoBatches
from vigil.kernel.rows import ModelRef
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter
from vigil.monitoring.profiles.documents_model import to_bytes

DAY, AT = "2026-03-01", "2026-03-01T13:00:00.000000Z"
BATCH = Batch("acme", "bat_0123456789", "toy", "csv", "awaiting_upload", AT, "corr", "print", 99)
ROWS, FEATURES = 2_500, 30
INDEX_ENTRY = 1
"""Write units of the chunk's entry in the index of settled chunks, which an update does not show."""


def profile():
    """Return the packed profile of a chunk: every 64th row, with 30 features of ten bins."""
    chance, counter = Random(1), ProfileCounter([FeatureCells(tuple(range(1, 10)), 10)] * FEATURES)
    for number in range(ROWS // 64):
        row = [nan if chance.random() < 0.05 else chance.uniform(0, 10) for _ in range(FEATURES)]
        counter.add(
            CountedDecision(f"{number}", f"{number}", AT, row, chance.random(), "low", "wait", is_flagged=False)
        )
    return to_bytes(counter.profile(DAY, "batch", ROWS))


def test_a_settled_chunk_takes_the_write_units_of_the_cost_model(dynamodb, monkeypatch):
    books, sent, span = DynamoBatches(dynamodb, "batches"), [], ChunkRange(0, 10, 20, 1, ROWS)
    books.create(BATCH, 10)
    values = {"state": "splitting", "run": "r", "pin": ModelRef("toy", 3, "sha256:0")}
    batch = books.change(BATCH, ("awaiting_upload",), values)
    books.add_chunks(batch, [span])

    def recording(make, service, operation, arguments):
        sent.append((operation, json.dumps(arguments, default=lambda content: b64encode(content).decode()).encode()))
        return make(operation, arguments)

    replace_calls(monkeypatch, recording, dynamodb)
    done = Chunk(
        span,
        "done",
        scored=ROWS,
        charged=ROWS,
        part_sha256="d" * 64,
        settled_at=AT,
        scored_at=AT,
        profile=profile(),
        due_weeks={f"2026-W{week}": 250 for week in range(14, 24)},
    )
    assert books.settle(batch, done, "waiting")
    ((operation, body),) = sent
    assert write_units(operation, body) + INDEX_ENTRY == CALLS["settle"]["dynamodb write"]
