"""Monitored versions come from signed packages, without engines."""

from dataclasses import replace

import pytest

from tests.support.fakes.packages import KEYS, OTHER_KEY, MemoryCatalogue, MemoryPackages, contract, package, trained
from tests.support.fakes.references import reference
from vigil.errors import ModelRefused, NotFound
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.report.packaged_models import PackagedModels
from vigil.prediction.packages.ports import Pointer
from vigil.prediction.packages.verification import ExpectedPackage, describe_package, read_package

CONTRACT = contract()
MODEL = replace(trained(), reference=reference(CONTRACT))


@pytest.fixture
def packages():
    stored = MemoryPackages()
    stored.put("toy", 3, package(3, MODEL))
    return stored


def models(packages, keys=KEYS, catalogue=None):
    def describe(name, version):
        return describe_package(read_package(packages, name, version), ExpectedPackage(name, version), keys)

    return PackagedModels(describe, catalogue or MemoryCatalogue())


def test_a_version_has_its_contract_reference_and_layout(packages):
    found = models(packages).version("toy", 3)
    assert (found.contract, found.reference) == (CONTRACT, reference(CONTRACT))
    assert found.layout == profile_layout(CONTRACT, found.reference)


def test_a_version_is_read_once_without_its_engines(packages):
    source = models(packages)
    assert source.version("toy", 3) is source.version("toy", 3)
    assert packages.reads == 3  # manifest, signature and reference


def test_a_version_of_format_2_has_no_reference(packages):
    packages.put("toy", 2, package(2))
    assert models(packages).version("toy", 2).reference is None


def test_an_unknown_version_is_not_found(packages):
    with pytest.raises(NotFound):
        models(packages).version("toy", 4)


@pytest.mark.parametrize("file", ["manifest.json", "reference.json"])
def test_a_changed_file_is_refused(packages, file):
    packages.objects["toy", 3, file] += b" "
    with pytest.raises(ModelRefused):
        models(packages).version("toy", 3)


def test_a_version_of_an_unknown_key_is_refused(packages):
    with pytest.raises(ModelRefused, match="unknown_key"):
        models(packages, {OTHER_KEY.key_id: OTHER_KEY.public}).version("toy", 3)


def test_the_champion_is_the_version_that_decides(packages):
    catalogue = MemoryCatalogue()
    with pytest.raises(NotFound):
        models(packages, catalogue=catalogue).champion("toy")
    catalogue.moved["toy", "champion"] = Pointer("toy", "champion", 3, "sha256:00", 1, 1)
    assert models(packages, catalogue=catalogue).champion("toy") == 3
