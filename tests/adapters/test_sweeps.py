"""The contract of checkpoint stores, tested against the fake and DynamoDB."""

import pytest

from tests.support.fakes.sweeps import FakeCheckpointStore
from vigil.errors import Unavailable
from vigil.workers.sweeps.model import Checkpoint
from vigil.workers.sweeps.store import DynamoCheckpointStore

STARTED_AT = "2026-03-02T02:30:00.000000Z"
STARTED = Checkpoint("2026-03-01", STARTED_AT, "acme", ("globex", "initech"), 3, is_finished=False, revision=1)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeCheckpointStore()
    return DynamoCheckpointStore(request.getfixturevalue("aws")("dynamodb"), "costs", "closing")


def test_an_empty_store_loads_a_default_and_then_the_saved_checkpoint(store):
    assert store.load() == Checkpoint()
    assert store.save(STARTED)
    assert store.load() == STARTED


def test_only_the_successor_of_the_last_checkpoint_is_saved(store):
    store.save(STARTED)
    assert not store.save(STARTED)
    assert store.save(Checkpoint("second", revision=2))
    assert not store.save(Checkpoint("other", revision=2))
    assert store.load().name == "second"


def test_each_job_has_its_own_checkpoint(aws):
    DynamoCheckpointStore(aws("dynamodb"), "usage", "recount").save(STARTED)
    assert DynamoCheckpointStore(aws("dynamodb"), "usage", "gauges").load() == Checkpoint()


def test_a_missing_table_is_unavailable(aws):
    with pytest.raises(Unavailable):
        DynamoCheckpointStore(aws("dynamodb"), "none", "closing").load()
    with pytest.raises(Unavailable):
        DynamoCheckpointStore(aws("dynamodb"), "none", "closing").save(STARTED)
