"""Contract tests of the package and alias stores, run on the fakes and on S3 and DynamoDB."""

from dataclasses import replace

import botocore.exceptions
import pytest

from tests.support.aws_calls import fail_calls, replace_calls
from tests.support.fakes.packages import MemoryCatalogue, MemoryPackages
from vigil.errors import Conflict, ModelRefused, Unavailable
from vigil.prediction.engines.file_limits import FILE_LIMITS
from vigil.prediction.packages.ports import Pointer, PublishedVersion
from vigil.prediction.packages.store import DynamoCatalogue, S3PackageStore

FILES = {name: f"content of {name}".encode() for name in FILE_LIMITS}
FIRST = Pointer("toy", "champion", 1, "sha256:1", 1, 1)
SECOND = Pointer("toy", "champion", 2, "sha256:2", 2, 2)


def published(name="toy", version=1):
    return PublishedVersion(name, version, f"sha256:{version}", "2026-01-01T00:00:00+00:00", "2027", "k", {"auc": 0.7})


@pytest.fixture(params=["memory", "s3"])
def packages(request):
    if request.param == "memory":
        return MemoryPackages()
    return S3PackageStore(request.getfixturevalue("s3"), "packages")


@pytest.fixture(params=["memory", "dynamodb"])
def catalogue(request):
    if request.param == "memory":
        return MemoryCatalogue()
    return DynamoCatalogue(request.getfixturevalue("dynamodb"), "registry")


def test_a_stored_package_is_returned_unchanged(packages):
    packages.put("toy", 1, FILES)
    assert {name: packages.get("toy", 1, name) for name in FILES} == FILES


@pytest.mark.parametrize(("name", "version"), [("toy", 2), ("other", 1)])
def test_a_missing_file_is_refused(packages, name, version):
    packages.put("toy", 1, FILES)
    with pytest.raises(ModelRefused) as caught:
        packages.get(name, version, "model.txt")
    assert caught.value.reason == "missing_file"


def test_storing_the_same_package_again_succeeds(packages):
    packages.put("toy", 1, FILES)
    packages.put("toy", 1, FILES)


@pytest.mark.parametrize("name", FILES)
def test_storing_other_bytes_under_a_version_is_a_conflict(packages, name):
    packages.put("toy", 1, FILES)
    with pytest.raises(Conflict):
        packages.put("toy", 1, {**FILES, name: b"other"})
    assert {name: packages.get("toy", 1, name) for name in FILES} == FILES


def test_a_model_without_aliases_has_no_pointers(catalogue):
    assert catalogue.pointers("toy") == {}
    assert catalogue.model_names() == []


def test_a_moved_alias_is_returned_completely(catalogue):
    catalogue.move(None, FIRST)
    assert catalogue.pointers("toy") == {"champion": FIRST}
    catalogue.move(FIRST, SECOND)
    assert catalogue.pointers("toy") == {"champion": SECOND}


def test_a_withdrawn_champion_leaves_the_names_until_it_returns(catalogue):
    catalogue.record(published())
    states = (FIRST, replace(FIRST, share=None, fence=2), replace(FIRST, share=None, floor=2, fence=3), SECOND)
    names, before = [], None
    for fence, state in enumerate(states, 1):
        catalogue.move(before, before := replace(state, fence=fence))
        assert catalogue.pointers("toy") == {"champion": before}
        names.append(catalogue.model_names())
    assert names == [["toy"], [], [], ["toy"]]


@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_the_second_of_two_first_moves_is_a_conflict(catalogue, alias):
    first, second = replace(FIRST, alias=alias), replace(SECOND, alias=alias)
    catalogue.move(None, first)
    with pytest.raises(Conflict):
        catalogue.move(None, second)
    assert catalogue.pointers("toy") == {alias: first}


def test_the_second_move_from_the_same_fence_is_a_conflict(catalogue):
    catalogue.move(None, FIRST)
    catalogue.move(FIRST, SECOND)
    with pytest.raises(Conflict):
        catalogue.move(FIRST, replace(SECOND, version=3))
    assert catalogue.pointers("toy") == {"champion": SECOND}


def test_a_move_of_a_missing_alias_is_a_conflict(catalogue):
    with pytest.raises(Conflict):
        catalogue.move(FIRST, SECOND)


def test_model_names_are_sorted_and_have_a_champion(catalogue):
    for name in ("zebra", "ant"):
        catalogue.move(None, replace(FIRST, name=name))
    catalogue.move(None, replace(FIRST, name="bee", alias="challenger"))
    catalogue.record(published("cat"))
    assert catalogue.model_names() == ["ant", "zebra"]


def test_published_versions_are_listed_oldest_first_and_once(catalogue):
    for version in (2, 1, 10, 2):
        catalogue.record(published(version=version))
    catalogue.record(published("ant"))
    assert catalogue.versions("toy") == [published(version=version) for version in (1, 2, 10)]
    assert catalogue.published() == ["ant", "toy"]


def test_publishing_after_a_promotion_leaves_the_champion_in_the_index(catalogue):
    catalogue.record(published())
    assert catalogue.model_names() == []
    catalogue.move(None, FIRST)
    catalogue.record(published(version=2))
    assert catalogue.model_names() == ["toy"]


def test_only_the_same_package_completes_an_interrupted_publication(s3):
    s3.put_object(Bucket="packages", Key="toy/00000001/manifest.json", Body=FILES["manifest.json"])
    packages = S3PackageStore(s3, "packages")
    with pytest.raises(Conflict):
        packages.put("toy", 1, {**FILES, "manifest.json": b"another publisher's"})
    packages.put("toy", 1, FILES)
    assert packages.get("toy", 1, "card.md") == FILES["card.md"]


def test_an_object_above_the_limit_is_refused_unread(s3):
    s3.put_object(Bucket="packages", Key="toy/00000001/manifest.sig", Body=bytes(FILE_LIMITS["manifest.sig"] + 1))
    with pytest.raises(ModelRefused) as caught:
        S3PackageStore(s3, "packages").get("toy", 1, "manifest.sig")
    assert caught.value.reason == "oversized"


def test_a_catalogue_of_two_pages_is_read_completely(dynamodb):
    catalogue = DynamoCatalogue(dynamodb, "registry")
    for version in range(1, 31):  # about 50 KB each, so two pages of 1 MB
        metrics = {f"metric-{i}-{'x' * 2000}": 0.5 for i in range(25)}
        catalogue.record(replace(published(version=version), metrics=metrics))
    assert [entry.version for entry in catalogue.versions("toy")] == list(range(1, 31))


THROTTLED = botocore.exceptions.ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "any")
CANCELLED = botocore.exceptions.ClientError(
    {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}],
    },
    "any",
)
CONTENDED = botocore.exceptions.ClientError(
    {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    },
    "any",
)
AWAY = [THROTTLED, CANCELLED, botocore.exceptions.ConnectTimeoutError(endpoint_url="http://localhost")]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_an_aws_failure_is_unavailable_with_its_cause(s3, dynamodb, monkeypatch, error):
    fail_calls(monkeypatch, error)
    packages, catalogue = S3PackageStore(s3, "packages"), DynamoCatalogue(dynamodb, "registry")
    calls = (
        lambda: packages.get("toy", 1, "model.txt"),
        lambda: packages.put("toy", 1, FILES),
        lambda: catalogue.pointers("toy"),
        lambda: catalogue.move(None, FIRST),
        lambda: catalogue.move(FIRST, SECOND),
        lambda: catalogue.record(published()),
        catalogue.model_names,
        lambda: catalogue.versions("toy"),
    )
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            call()
        assert caught.value.__cause__ is error


def test_a_first_move_overtaken_by_another_is_a_conflict(dynamodb, monkeypatch):
    made = []

    def overtaken(make, service, operation, arguments):
        made.append(operation)
        if len(made) > 1:
            return make(operation, arguments)
        DynamoCatalogue(dynamodb, "registry").move(None, FIRST)
        raise CONTENDED

    replace_calls(monkeypatch, overtaken, dynamodb)
    with pytest.raises(Conflict):
        DynamoCatalogue(dynamodb, "registry").move(None, replace(FIRST, digest="sha256:other"))
    assert DynamoCatalogue(dynamodb, "registry").pointers("toy")["champion"] == FIRST
