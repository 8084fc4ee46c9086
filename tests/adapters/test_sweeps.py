"""The contract of places of rounds, held by the fake and by DynamoDB alike."""

import pytest

from tests.support.fakes.sweeps import FakePlaces
from vigil.errors import Unavailable
from vigil.workers.sweeps.model import Place
from vigil.workers.sweeps.store import DynamoPlaces

BEGUN = Place("2026-03-01", "2026-03-02T02:30:00+00:00", "acme", ("globex", "initech"), 3, over=False, revision=1)


@pytest.fixture(params=["fake", "dynamodb"])
def places(request):
    if request.param == "fake":
        return FakePlaces()
    return DynamoPlaces(request.getfixturevalue("aws")("dynamodb"), "costs", "closing")


def test_the_first_round_has_nothing_before_it_and_a_place_is_read_back_whole(places):
    assert places.last() == Place()
    assert places.keep(BEGUN)
    assert places.last() == BEGUN


def test_a_place_is_kept_only_behind_the_one_before_it(places):
    places.keep(BEGUN)
    assert not places.keep(BEGUN)
    assert places.keep(Place("second", revision=2))
    assert not places.keep(Place("other", revision=2))
    assert places.last().name == "second"


def test_each_job_has_places_of_its_own(aws):
    DynamoPlaces(aws("dynamodb"), "usage", "recount").keep(BEGUN)
    assert DynamoPlaces(aws("dynamodb"), "usage", "gauges").last() == Place()


def test_without_the_table_there_is_no_place(aws):
    with pytest.raises(Unavailable):
        DynamoPlaces(aws("dynamodb"), "none", "closing").last()
    with pytest.raises(Unavailable):
        DynamoPlaces(aws("dynamodb"), "none", "closing").keep(BEGUN)
