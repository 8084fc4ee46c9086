"""Tests of packages with missing engines: they are served only if no complete model is loaded."""

from dataclasses import replace

import pytest

from tests.support.fakes.packages import package, trained
from tests.unit.prediction.packages.world import World
from vigil.errors import Unavailable
from vigil.prediction.engines.votes import EngineSpec
from vigil.prediction.packages.manifests import manifest_digest


def two_engines(name="toy"):
    """Return a model with two engines; the second has the file `second.txt`."""
    one = trained(name)
    second = EngineSpec("second", "lightgbm", "second.txt")
    contract = replace(one.contract, engines=(*one.contract.engines, second))
    return replace(one, contract=contract, files={**one.files, "second.txt": one.files["model.txt"]})


@pytest.fixture
def parted():
    world = World()
    files = package(1, two_engines())
    world.packages.put("toy", 1, files)
    world.point(1, manifest_digest(files["manifest.json"]))
    return world


def test_an_incomplete_package_is_served_without_parsing_unsigned_files(parted):
    parted.break_bytes(1, "second.txt")
    model = parted.registry.champion("toy")
    assert len(parted.engines.received_files) == 1
    row = model.contract.encode({"age": 50, "visits": 3})
    verdict = model.assess(row)
    assert [(lack.engine, lack.reason) for lack in verdict.degraded] == [("second", "unsigned")]
    assert verdict.reasons == ("unsigned_model", "missing")


def test_an_incomplete_package_does_not_replace_a_complete_model(parted):
    whole = parted.registry.champion("toy")
    files = package(2, two_engines())
    parted.packages.put("toy", 2, files)
    parted.point(2, manifest_digest(files["manifest.json"]))
    parted.break_bytes(2, "second.txt")
    parted.clock.advance(minutes=1)
    assert parted.registry.champion("toy") is whole
    assert parted.registry.warnings("toy") == ("model_update_failed:digest_mismatch",)


def test_a_package_without_a_valid_engine_is_not_served(parted):
    parted.break_bytes(1)
    parted.break_bytes(1, "second.txt")
    with pytest.raises(Unavailable):
        parted.registry.champion("toy")


def test_an_incomplete_model_is_completed_when_the_file_is_restored(parted):
    good = parted.packages.objects["toy", 1, "second.txt"]
    parted.break_bytes(1, "second.txt")
    assert not parted.registry.champion("toy").runner.is_complete
    parted.packages.objects["toy", 1, "second.txt"] = good
    parted.clock.advance(minutes=1)
    assert parted.registry.champion("toy").runner.is_complete
    assert [event.kind for event in parted.events] == ["model_degraded", "model_loaded"]
