"""Tests of package format 3: the reference is signed, fits its contract, and shows no cell of few rows."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.fakes.packages import KEY, KEYS, NOW, LinearEngines, contract, package, resigned, trained
from tests.support.fakes.references import reference
from vigil.errors import ModelRefused
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.manifests import canonical_json, manifest_bytes, parse_manifest, sha256
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, re_sign_package

GROUPS = (
    GroupAttribute("region", ("east", "west", "north")),
    GroupAttribute("age_band", ("young", "old"), source="age", cuts=(50.0,)),
)
GROUPED = contract(groups=GROUPS, intersections=(("region", "age_band"),))
MODEL = replace(trained(), contract=GROUPED, reference=reference(GROUPED))
PACKAGE = package(model=MODEL)
STORED = Path(__file__).parents[3] / "functions"


def verify(files, engines=None):
    return PackageVerifier(KEYS, engines or LinearEngines()).verify(files, ExpectedPackage(now=NOW))


def refused(files):
    """Return the refusal, after checking that no engine was built."""
    engines = LinearEngines()
    with pytest.raises(ModelRefused) as caught:
        verify(files, engines)
    assert engines.received_files == []
    return caught.value


def with_reference(content):
    """Return the package with another signed reference."""
    manifest = json.loads(PACKAGE["manifest.json"])
    manifest["files"]["reference.json"] = {"sha256": sha256(content), "size": len(content)}
    return resigned({**PACKAGE, "reference.json": content}, canonical_json(manifest))


def with_contract(**changes):
    """Return the package with other signed members of its contract."""
    manifest = json.loads(PACKAGE["manifest.json"])
    manifest["contract"] |= changes
    return resigned(PACKAGE, canonical_json(manifest))


def edited(path, value):
    """Return the reference with another value at a path such as `features.0.edges`."""
    document = json.loads(PACKAGE["reference.json"])
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = document
    for part in above:
        place = place[part]
    place[last] = value
    return canonical_json(document)


def test_a_package_with_a_reference_gives_it_and_its_groups():
    model = verify(PACKAGE)
    assert json.loads(PACKAGE["manifest.json"])["format"] == 3
    assert (model.reference, model.contract) == (MODEL.reference, GROUPED)


def test_a_package_of_format_2_loads_without_reference():
    model = verify(package())
    assert (model.manifest.format, model.reference, model.contract.groups) == (2, None, ())


@pytest.mark.parametrize("files", [PACKAGE, package()], ids=["format 3", "format 2"])
def test_a_package_that_is_signed_again_has_its_format_and_reference(files):
    before = verify(files)
    later = Release(2, NOW, NOW + timedelta(days=1))
    again = verify(re_sign_package(files, before.manifest, later, KEY))
    assert (again.version, again.manifest.format) == (2, before.manifest.format)
    assert (again.reference, again.contract) == (before.reference, before.contract)


@pytest.mark.parametrize("stored", ["first", "second", "third"])
def test_stored_packages_of_format_2_have_canonical_bytes(stored):
    packages = json.loads((STORED / f"{stored}_format.json").read_text())["packages"]
    files = {key.rsplit("/", 1)[1]: base64.b64decode(content) for key, content in packages.items()}
    model = PackageVerifier(KEYS, load_engine).verify(files, ExpectedPackage())
    assert manifest_bytes(model.manifest) == files["manifest.json"]
    assert model.reference is None


def test_format_3_without_its_reference_is_refused():
    files = {name: content for name, content in PACKAGE.items() if name != "reference.json"}
    assert "reference.json" in refused(files).detail
    unlisted = json.loads(PACKAGE["manifest.json"])
    del unlisted["files"]["reference.json"]
    assert (
        "must list card.md, golden.json, model.txt, reference.json"
        in refused(resigned(files, canonical_json(unlisted))).detail
    )


def test_format_2_with_a_reference_or_groups_is_refused():
    older = json.loads(PACKAGE["manifest.json"]) | {"format": 2}
    assert "must have format 3" in refused(resigned(PACKAGE, canonical_json(older))).detail
    older["contract"] = json.loads(package()["manifest.json"])["contract"]
    assert "must list" in refused(resigned(PACKAGE, canonical_json(older))).detail
    with pytest.raises(ValueError, match="needs a reference"):
        package(model=replace(MODEL, reference=None))


def test_a_tampered_reference_is_refused_before_it_is_parsed():
    refusal = refused({**PACKAGE, "reference.json": PACKAGE["reference.json"].replace(b"2021", b"2020")})
    assert (refusal.reason, "reference.json" in refusal.detail) == ("digest_mismatch", True)
    assert refused({**PACKAGE, "reference.json": bytes(1 << 18) + b" "}).reason == "oversized"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("rows", 10, "rows must be at least 11"),
        ("subjects", 241, "subjects"),
        ("start", None, "start and end"),
        ("start", "2022-13-01", "start and end"),
        ("end", "2020-01-01", "start and end"),
        ("format", 2, "format"),
        ("features", [], "features must name"),
        ("features.0.name", "height", "features must name"),
        ("features.0.edges", [10.0, 30.0, 20.0], "features[0] (age): edges"),
        ("features.0.edges", [10.0, 10.0, 20.0], "features[0] (age): edges"),
        ("features.0.edges", [10.0], "features[0] (age): counts"),
        ("features.0.counts", [210, 10, 0, 0], "features[0] (age): counts[1]"),
        ("features.0.counts", [231, 0, 0, -11], "features[0] (age): counts[3]"),
        ("features.0.counts", [55, 55, 55, 56], "features[0] (age): the sum"),
        ("features.0.counts.0", 55.5, "features.0.counts.0"),
        ("features.0.missing", 10, "features[0] (age): missing"),
        ("features.0.role", "weather", "features.0.role"),
        ("features.0.mean_wobble", 1e300, "features[0] (age): mean_wobble"),
        ("features.0.mean_wobble", -0.1, "features[0] (age): mean_wobble"),
        ("features.2.edges", [0.5], "features[2] (sex): edges"),
        ("features.2.counts", [220], "features[2] (sex): counts"),
        ("features.3.counts", [100, 60, 60], "features[3] (phone): counts"),
        ("scores.edges", [0.0, -1.0], "scores.edges"),
        ("scores.events", [20], "scores.rows"),
        ("scores.events", [10, 90], "scores.events[0]"),
        ("scores.events", [20, 110], "scores.events[1]"),
        ("scores.expected", [21.5, 121.0], "scores.expected[1]"),
        ("scores.rows", [120, 119], "the sum of scores.rows"),
        ("bands", {"low": 230, "high": 10}, "bands.high"),
        ("bands", {"low": 229}, "the sum of bands"),
        ("bands", {"purple": 240}, "bands.purple"),
        ("groups.0.attribute", "income", "groups[0]"),
        ("groups.0.value", "south", "groups[0]"),
        ("groups.1.value", "east", "groups must name"),
        ("groups.0.true_positives", 10, "groups[0]"),
        ("groups.0.rows", 46, "groups[0]"),
        ("groups.0.flagged", 25, "groups[0].flagged"),
        ("groups.0.rows", 183, "groups of region"),
    ],
)
def test_a_signed_reference_that_breaks_a_rule_is_refused_by_name(path, value, named):
    refusal = refused(with_reference(edited(path, value)))
    assert refusal.reason == "malformed"
    assert "reference.json" in refusal.detail
    assert named in refusal.detail


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_signed_reference_with_an_infinite_edge_is_refused(number):
    content = PACKAGE["reference.json"].replace(b"[10.0,", f"[{number},".encode())
    assert "features[0] (age): edges must be finite" in refused(with_reference(content)).detail


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 1000, b"\xff"], ids=["empty", "object", "nested", "bytes"])
def test_a_signed_document_that_is_no_reference_is_refused(content):
    assert refused(with_reference(content)).reason == "malformed"


def test_a_signed_reference_in_another_spelling_is_refused():
    spaced = json.dumps(json.loads(PACKAGE["reference.json"]), indent=1, sort_keys=True).encode()
    assert "canonical" in refused(with_reference(spaced)).detail


def test_a_reference_that_breaks_a_rule_is_not_packaged():
    few = replace(MODEL.reference, bands={"low": 230, "high": 10})
    with pytest.raises(ModelRefused, match=r"bands\.high must be at least 11"):
        package(model=replace(MODEL, reference=few))


def wide(values):
    """Return a contract with two attributes of so many values, and their intersection."""
    groups = tuple(GroupAttribute(name, tuple(map(str, range(values)))) for name in ("region", "clinic"))
    return contract(groups=groups, intersections=(("region", "clinic"),))


def test_a_model_of_too_many_groups_is_not_packaged():
    fits, exceeds = wide(14), wide(15)
    assert package(model=replace(MODEL, contract=fits, reference=reference(fits)))
    with pytest.raises(ValueError, match="at most 256 groups, and the intersection region&clinic makes more; leave"):
        package(model=replace(MODEL, contract=exceeds, reference=reference(exceeds)))
    groups = [
        {"name": each.name, "values": each.values} | {"source": None, "cuts": [], "is_sealed": False}
        for each in exceeds.groups
    ]
    older = with_contract(groups=groups, intersections=[["region", "clinic"]])
    assert parse_manifest(older["manifest.json"]).contract.intersections == (("region", "clinic"),)


REGION = {"name": "region", "values": ["east", "west"], "source": None, "cuts": [], "is_sealed": False}
AGE_BAND = {"name": "age_band", "values": ["young", "old"], "source": "age", "cuts": [50.0], "is_sealed": False}


@pytest.mark.parametrize(
    ("groups", "intersections", "named"),
    [
        ([REGION | {"name": "Region 1"}], [], "lower-case"),
        ([REGION | {"values": ["east"]}], [], "values of region"),
        ([REGION | {"values": ["east", "east"]}], [], "values of region"),
        ([REGION | {"values": ["east", "not given"]}], [], "values of region"),
        ([REGION | {"values": ["east", "a=b"]}], [], "values of region"),
        ([REGION | {"cuts": [1.0]}], [], "cuts of region"),
        ([AGE_BAND | {"cuts": [15.0, 50.0]}], [], "cuts of age_band"),
        ([AGE_BAND | {"values": ["a", "b", "c"], "cuts": [50.0, 15.0]}], [], "cuts of age_band"),
        ([AGE_BAND | {"source": "sex"}], [], "source of age_band"),
        ([REGION, REGION], [], "names of group attributes"),
        ([REGION | {"name": f"region_{n}"} for n in range(9)], [], "at most 8 group attributes"),
        ([REGION], [["region", "sex"]], "intersection of region, sex"),
        ([REGION], [["region", "region"]], "intersection of region, region"),
        ([REGION, AGE_BAND], [["region", "age_band"], ["age_band", "region"]], "intersections must differ"),
    ],
)
def test_a_signed_contract_with_invalid_groups_is_refused_by_name(groups, intersections, named):
    refusal = refused(with_contract(groups=groups, intersections=intersections))
    assert refusal.reason == "malformed"
    assert named in refusal.detail
