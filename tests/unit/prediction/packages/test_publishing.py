"""Tests of publishing: verified packages, rising versions, and concurrent promotions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.card import CARD
from tests.support.fakes.clock import Clock
from tests.support.fakes.packages import (
    KEY,
    KEYS,
    OTHER_KEY,
    LinearEngines,
    MemoryCatalogue,
    MemoryPackages,
    contract,
    package,
    trained,
)
from vigil.errors import Conflict, InvalidInput, ModelRefused, NotFound
from vigil.prediction.packages.gates import check_promotable
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.model import Manifest
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.verification import PackageVerifier

MANIFEST = Manifest(2, 1, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "k", contract(), {})


class Shop:
    def __init__(self):
        self.packages, self.catalogue, self.clock = MemoryPackages(), MemoryCatalogue(), Clock()
        self.publisher = Publisher(self.packages, self.catalogue, PackageVerifier(KEYS, LinearEngines()), self.clock)

    def publish(self, *versions):
        for version in versions:
            self.publisher.publish(package(version))


@pytest.fixture
def shop():
    return Shop()


def test_a_published_package_is_stored_completely_and_listed(shop):
    published = shop.publisher.publish(package())
    assert {file: shop.packages.get("toy", 1, file) for file in package()} == package()
    assert [(entry.published, entry.aliases) for entry in shop.publisher.all_versions()] == [(published, ())]
    assert published.metrics == {"auc": 0.7, "calibration_error": 0.05}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (package(key=OTHER_KEY), "unknown_key"),
        ({**package(), "model.txt": b"{}"}, "digest_mismatch"),
        (package(days=0), "expired"),
    ],
    ids=["unknown_key", "digest_mismatch", "expired"],
)
def test_a_package_that_fails_verification_is_not_stored(shop, files, reason):
    with pytest.raises(ModelRefused) as caught:
        shop.publisher.publish(files)
    assert caught.value.reason == reason
    assert shop.packages.objects == {}
    assert shop.publisher.all_versions() == []


def test_publishing_twice_has_no_effect(shop):
    assert shop.publisher.publish(package()) == shop.publisher.publish(package())
    assert len(shop.publisher.all_versions()) == 1


def test_a_version_cannot_be_published_with_other_bytes(shop):
    shop.publish(1)
    with pytest.raises(Conflict):
        shop.publisher.publish(package(1, trained(base=1.0)))


def test_promotion_moves_the_champion_and_raises_the_floor(shop):
    shop.publish(1, 2)
    first, second = shop.publisher.promote("toy", 1), shop.publisher.promote("toy", 2)
    assert [(p.version, p.fence, p.floor) for p in (first, second)] == [(1, 1, 1), (2, 2, 2)]
    assert [entry.aliases for entry in shop.publisher.all_versions()] == [(), ("champion",)]


def test_an_older_version_is_never_promoted(shop):
    shop.publish(1, 2)
    shop.publisher.promote("toy", 2)
    with pytest.raises(ModelRefused) as caught:
        shop.publisher.promote("toy", 1)
    assert caught.value.reason == "rolled_back"
    assert shop.catalogue.pointers("toy")["champion"].version == 2


def test_promoting_the_champion_again_has_no_effect(shop):
    shop.publish(1)
    assert shop.publisher.promote("toy", 1) is shop.publisher.promote("toy", 1)


def test_promotion_of_a_challenger_leaves_the_champion_unchanged(shop):
    shop.publish(1, 2)
    shop.publisher.promote("toy", 1)
    assert shop.publisher.promote("toy", 2, "challenger").fence == 1
    assert shop.catalogue.pointers("toy")["champion"].version == 1


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda shop: shop.packages.objects.pop(("toy", 1, "card.md")), "missing_file"),
        (lambda shop: shop.packages.objects.update({("toy", 1, "card.md"): b"# Other"}), "digest_mismatch"),
        (lambda shop: shop.clock.advance(days=365), "expired"),
    ],
    ids=["missing_file", "digest_mismatch", "expired"],
)
def test_a_stored_package_that_fails_verification_is_not_promoted(shop, spoil, reason):
    shop.publish(1)
    spoil(shop)
    with pytest.raises(ModelRefused) as caught:
        shop.publisher.promote("toy", 1)
    assert caught.value.reason == reason
    assert shop.catalogue.moved == {}


def test_one_of_two_concurrent_promotions_gets_a_conflict(shop):
    shop.publish(1, 2, 3)
    shop.publisher.promote("toy", 1)

    class Overtaken(MemoryPackages):
        """A second promotion comes between the read and the move of the first one's pointer."""

        def get(self, name, version, file):
            if version == 2 and file == "card.md":
                shop.publisher.promote("toy", 3)
            return super().get(name, version, file)

    slow = Publisher(
        Overtaken(shop.packages.objects), shop.catalogue, PackageVerifier(KEYS, LinearEngines()), shop.clock
    )
    with pytest.raises(Conflict):
        slow.promote("toy", 2)
    assert shop.catalogue.pointers("toy")["champion"].version == 3


def without(section):
    return CARD.replace(f"## {section}", "## Something else")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"card": without("Limits")}, "Limits"),
        ({"card": CARD.replace("## Not for\nAnything else.", "## Not for\n")}, "Not for"),
        ({"card": CARD.replace(", simulated", "")}, "simulated"),
        ({"metrics": {"auc": 0.7}}, "calibration_error"),
        ({"metrics": {"calibration_error": 0.11}}, "0.1"),
    ],
    ids=[
        "a section is missing",
        "a section is empty",
        "simulated but not stated",
        "no metric",
        "metric above the bound",
    ],
)
@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_a_version_that_fails_a_gate_is_not_promoted(shop, alias, changes, broken):
    shop.publish(1)
    shop.publisher.promote("toy", 1)
    changes = dict(changes)
    card = changes.pop("card", CARD)
    shop.publisher.publish(package(2, replace(trained(**changes), card=card)))
    with pytest.raises(InvalidInput) as caught:
        shop.publisher.promote("toy", 2, alias)
    assert broken in caught.value.errors[0].bound
    assert [pointer.version for pointer in shop.catalogue.pointers("toy").values()] == [1]


def test_the_share_of_a_challenger_can_change_and_its_trial_can_end(shop):
    shop.publish(1, 2)
    shop.publisher.promote("toy", 1)
    fences = [shop.publisher.promote("toy", 2, "challenger", share).fence for share in (0, 50, 50)]
    ended = shop.publisher.withdraw("toy")
    assert (fences, ended.share, ended.fence) == ([1, 2, 2], None, 3)
    assert [entry.aliases for entry in shop.publisher.all_versions()] == [("champion",), ()]
    assert shop.publisher.withdraw("toy") == ended


def test_a_withdrawn_champion_is_no_alias_and_its_floor_stays(shop):
    shop.publish(1, 2)
    shop.publisher.promote("toy", 2)
    ended = shop.publisher.withdraw("toy", "champion")
    assert (ended.share, ended.fence, shop.publisher.withdraw("toy", "champion")) == (None, 2, ended)
    assert [entry.aliases for entry in shop.publisher.all_versions()] == [(), ()]
    assert shop.catalogue.model_names() == []
    with pytest.raises(ModelRefused):
        shop.publisher.promote("toy", 1)
    with pytest.raises(InvalidInput, match="newer than the champion"):
        shop.publisher.promote("toy", 2, "challenger")
    assert shop.publisher.promote("toy", 2).fence == 3
    assert shop.catalogue.model_names() == ["toy"]


@pytest.mark.parametrize(
    ("metrics", "passes"),
    [
        ({"calibration_error": 0.1}, True),
        ({"calibration_error": 0.11, "calibration_p": 0.05}, True),
        ({"calibration_error": 0.11, "calibration_p": 0.049}, False),
        ({"calibration_error": 0.11, "calibration_p": float("nan")}, False),
        ({"calibration_error": float("nan"), "calibration_p": 0.5}, False),
    ],
    ids=str,
)
def test_the_calibration_gate_follows_the_one_sided_test(metrics, passes):
    model = LoadedModel(replace(MANIFEST, contract=contract(metrics=metrics)), "sha256:0", CARD, None)
    if passes:
        check_promotable(model)
        return
    with pytest.raises(InvalidInput, match="calibration error for chance"):
        check_promotable(model)


def test_only_a_newer_version_can_become_challenger(shop):
    shop.publish(1, 2)
    with pytest.raises(InvalidInput, match="must be newer than the champion"):
        shop.publisher.promote("toy", 2, "challenger")
    shop.publisher.promote("toy", 2)
    for version in (1, 2):
        with pytest.raises(InvalidInput, match="must be newer than the champion"):
            shop.publisher.promote("toy", version, "challenger")


def test_an_unpublished_version_is_not_found(shop):
    for call in (
        lambda: shop.publisher.promote("toy", 1),
        lambda: shop.publisher.withdraw("toy"),
        lambda: shop.publisher.versions("toy"),
        lambda: shop.publisher.reissue("toy", 1, KEY, timedelta(days=1)),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_rollback_signs_the_old_model_as_a_new_version(shop):
    shop.publisher.publish(package(1, trained(base=0.1)))
    shop.publisher.publish(package(2, trained(base=0.2)))
    for version in (1, 2):
        shop.publisher.promote("toy", version)
    shop.clock.advance(days=400)  # the old package has expired meanwhile, and the floor still applies
    files = shop.publisher.reissue("toy", 1, OTHER_KEY, timedelta(days=30))
    both = Publisher(
        shop.packages,
        shop.catalogue,
        PackageVerifier({**KEYS, OTHER_KEY.key_id: OTHER_KEY.public}, LinearEngines()),
        shop.clock,
    )
    assert both.publish(files).version == 3
    assert both.promote("toy", 3).version == 3
    old = package(1, trained(base=0.1))
    changed = {name for name in files if files[name] != old[name]}
    assert changed == {"manifest.json", "manifest.sig"}


def test_a_manipulated_version_is_not_signed_again(shop):
    shop.publish(1)
    shop.packages.objects["toy", 1, "card.md"] = b"# Other"
    with pytest.raises(ModelRefused) as caught:
        shop.publisher.reissue("toy", 1, KEY, timedelta(days=1))
    assert caught.value.reason == "digest_mismatch"


def test_only_an_older_version_signed_again_can_be_restored(shop):
    assert shop.publisher.restorable("toy") is None
    for version, base in ((1, 0.1), (2, 0.2), (3, 0.3)):
        shop.publisher.publish(package(version, trained(base=base)))
    shop.publisher.promote("toy", 2)
    assert shop.publisher.restorable("toy") is None
    again = shop.publisher.reissue("toy", 1, KEY, timedelta(days=1))
    shop.publisher.publish(again)
    assert shop.publisher.restorable("toy") == (4, 1)
    shop.packages.objects["toy", 4, "card.md"] = b"# Other"
    assert shop.publisher.restorable("toy") is None
