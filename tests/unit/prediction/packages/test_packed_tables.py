"""Tests of packed tables in packages: signed and verified like every file, then passed to the engine."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.packages import KEYS, NOW, LinearEngines, package, trained
from vigil.errors import ModelRefused
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier

TABLE = b"packed"


@pytest.fixture(scope="module")
def packed():
    model = trained()
    return package(model=replace(model, files={**model.files, "model.walk": TABLE}))


def verify(files):
    engines = LinearEngines()
    return PackageVerifier(KEYS, engines).verify(files, ExpectedPackage(now=NOW)), engines


def test_the_engine_is_built_from_its_file_and_its_table(packed):
    _, engines = verify(packed)
    assert engines.received_files == [packed["model.txt"], TABLE]
    assert "model.walk" in json.loads(packed["manifest.json"])["files"]


def test_an_unsigned_table_is_not_passed_to_the_engine(packed):
    plain = package()
    _, engines = verify({**plain, "model.walk": TABLE})  # an unsigned file is never read
    assert engines.received_files == [plain["model.txt"]]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda files: {**files, "model.walk": TABLE[:-1] + b"!"}, "digest_mismatch"),
        (lambda files: {**files, "model.walk": b""}, "digest_mismatch"),
        (lambda files: {name: files[name] for name in files if name != "model.walk"}, "missing_file"),
    ],
    ids=["flipped", "empty", "gone"],
)
def test_a_table_that_is_not_the_signed_one_is_refused(packed, damage, reason):
    engines = LinearEngines()
    with pytest.raises(ModelRefused) as refused:
        PackageVerifier(KEYS, engines).verify(damage(packed), ExpectedPackage(now=NOW))
    assert (refused.value.reason, engines.received_files) == (reason, [])


@pytest.mark.parametrize("name", ["other.walk", "model.json", "model.walk.txt"])
def test_a_file_of_no_engine_is_refused_by_packaging(name):
    model = trained()
    with pytest.raises(ValueError, match="exactly the files of its engines"):
        package(model=replace(model, files={**model.files, name: TABLE}))
