"""Tests of signed contents: the manifest, card and golden rows are validated despite a valid signature."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.packages import KEYS, NOW, OTHER_KEY, LinearEngines, contract, package, resigned, trained
from tests.unit.prediction.packages.signed import CURRENT, PACKAGE, changed, refusal, relisted, verify
from vigil.errors import ModelRefused
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.manifests import canonical_json, manifest_bytes
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier


@pytest.mark.parametrize(
    "fields",
    [
        {"version": "1"},
        {"format": 1},
        {"surplus": 1},
        {"expires_at": "soon"},
        {"expires_at": "2027-01-01T00:00:00"},
        {"files": {}},
        {"files": {"../model.txt": {"sha256": "0" * 64, "size": 1}}},
    ],
    ids=str,
)
def test_a_signed_manifest_that_does_not_fit_its_schema_is_refused(fields):
    assert refusal(changed(**fields)) == "malformed"


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[" * 100_000, b"NaN", b"\xff"], ids=lambda b: str(b[:4]))
def test_a_signed_document_that_is_no_manifest_is_refused(manifest):
    assert refusal(resigned(PACKAGE, manifest)) == "malformed"


@pytest.mark.parametrize("indent", [0, 1])
def test_a_signed_manifest_that_is_not_canonical_is_refused(indent):
    spaced = json.dumps(json.loads(PACKAGE["manifest.json"]), indent=indent, sort_keys=True).encode()
    assert refusal(resigned(PACKAGE, spaced)) == "malformed"


def test_words_for_people_are_signed_and_returned():
    features = list(contract().features)
    features[0] = replace(features[0], unit_singular="year")
    features[2] = replace(features[2], category_labels={"female": "woman"})
    labelled = package(model=trained(features=tuple(features)))
    assert verify(labelled)[0].contract.features == tuple(features)
    changed_label = labelled["manifest.json"].replace(b"woman", b"girls")
    assert refusal({**labelled, "manifest.json": changed_label}) == "bad_signature"


def test_a_manifest_without_words_for_people_has_its_earlier_bytes():
    features = json.loads(PACKAGE["manifest.json"])["contract"]["features"]
    assert not {"category_labels", "unit_singular"} & {name for feature in features for name in feature}
    features[0]["unit_singular"] = ""
    document = json.loads(PACKAGE["manifest.json"])
    document["contract"]["features"] = features
    assert refusal(resigned(PACKAGE, canonical_json(document))) == "malformed"


def test_a_manifest_without_a_due_rule_has_its_earlier_bytes():
    document = json.loads(PACKAGE["manifest.json"])
    assert not {"due_feature", "settling_days"} & document["contract"]["label"].keys()
    document["contract"]["label"]["settling_days"] = None
    assert refusal(resigned(PACKAGE, canonical_json(document))) == "malformed"


def test_due_rules_are_signed_and_returned():
    rule = replace(contract().label, due_feature="age", settling_days=45)
    assert verify(package(model=trained(label=rule)))[0].contract.label == rule


def test_a_signed_label_of_an_unknown_level_is_refused():
    document = json.loads(PACKAGE["manifest.json"])
    document["contract"]["features"][2]["category_labels"] = {"other": "another one"}
    assert refusal(resigned(PACKAGE, canonical_json(document))) == "malformed"


def test_a_manifest_with_an_infinite_metric_is_refused():
    infinite = PACKAGE["manifest.json"].replace(b'"auc":0.7', b'"auc":Infinity')
    assert refusal(resigned(PACKAGE, infinite)) == "malformed"


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (ExpectedPackage("other", 1, now=NOW), "wrong_name"),
        (ExpectedPackage("toy", 2, now=NOW), "wrong_name"),
        (ExpectedPackage("toy", 1, "sha256:0", now=NOW), "digest_mismatch"),
        (ExpectedPackage("toy", 1, now=NOW + timedelta(days=365)), "expired"),
        (ExpectedPackage("toy", 1, floor=2, now=NOW), "rolled_back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_package_that_differs_from_the_expected_one_is_refused(expected, reason):
    assert refusal(PACKAGE, expected) == reason


def test_a_pinned_floor_applies_regardless_of_the_pointer():
    assert refusal(PACKAGE, ExpectedPackage("toy", 1, floor=1, now=NOW), floors={"toy": 2}) == "rolled_back"
    assert verify(PACKAGE, floors={"other": 2})[0].version == 1


def test_replay_accepts_expired_versions_below_the_floor_if_signed():
    assert verify(PACKAGE, ExpectedPackage("toy", 1, floor=9), floors={"toy": 9})[0].version == 1
    assert refusal(package(key=OTHER_KEY), ExpectedPackage("toy", 1)) == "unknown_key"


def test_a_package_is_valid_until_the_last_second():
    assert verify(PACKAGE, ExpectedPackage(now=NOW + timedelta(days=365, seconds=-1)))[0].version == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("golden.json", b"[]"),
        ("golden.json", b"{"),
        ("golden.json", b'[{"features":{}}]'),
        ("card.md", b" \n"),
        ("card.md", b"\xff"),
    ],
)
def test_a_signed_card_or_golden_file_that_is_unreadable_is_refused(name, content):
    assert refusal(relisted({**PACKAGE, name: content})) == "malformed"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("raw", lambda raw: raw + 2e-16, "golden_mismatch"),
        ("vote", lambda _: "abstain", "golden_mismatch"),
        ("decision", lambda _: "abstain", "golden_mismatch"),
        ("votes", lambda votes: votes | {"another": votes["model"]}, "golden_mismatch"),
        ("probability", lambda p: p + 2e-9, "golden_mismatch"),
        ("band", lambda _: "another", "golden_mismatch"),
        ("contributions", lambda c: [c[0] + 2e-9, *c[1:]], "golden_mismatch"),
        ("contributions", lambda c: c[1:], "golden_mismatch"),
        ("base", lambda base: base - 2e-9, "golden_mismatch"),
        ("row", lambda row: [*row[:2], 0.0, *row[3:]], "schema_mismatch"),
        ("features", lambda features: features | {"age": 121}, "schema_mismatch"),
        ("features", lambda features: features | {"height": 1}, "schema_mismatch"),
    ],
)
def test_a_golden_row_with_another_answer_is_refused(field, value, reason):
    rows = json.loads(PACKAGE["golden.json"])
    place = rows[0]["votes"]["model"] if field in {"raw", "vote", "contributions", "base"} else rows[0]
    place[field] = value(place[field])
    with pytest.raises(ModelRefused) as caught:
        verify(relisted({**PACKAGE, "golden.json": canonical_json(rows)}))
    assert caught.value.reason == reason


def test_a_contribution_may_differ_in_its_last_bits():
    rows = json.loads(PACKAGE["golden.json"])
    rows[0]["votes"]["model"]["contributions"][0] += 1e-12
    assert verify(relisted({**PACKAGE, "golden.json": canonical_json(rows)}))[0].version == 1


def test_a_model_with_other_features_than_the_schema_is_refused():
    features = (FeatureSpec("height", "number", "height", "cm", 0, 300), *contract().features[1:])
    document = json.loads(PACKAGE["manifest.json"])
    other = json.loads(manifest_bytes(replace(verify(PACKAGE)[0].manifest, contract=contract(features=features))))
    with pytest.raises(ModelRefused) as caught:
        verify(resigned(PACKAGE, canonical_json(document | {"contract": other["contract"]})))
    assert caught.value.reason == "schema_mismatch"


def test_an_engine_that_returns_nan_is_refused():
    class Blank(LinearEngines):
        def __call__(self, spec, content, of, table):
            engine = super().__call__(spec, content, of, table)
            engine.base = float("nan")
            return engine

    with pytest.raises(ModelRefused) as caught:
        PackageVerifier(KEYS, Blank()).verify(PACKAGE, CURRENT)
    assert caught.value.reason == "golden_mismatch"


@pytest.mark.parametrize("name", ["", "Toy", "../toy", "toy/1", "a" * 65, "toy\n"])
def test_a_model_name_that_is_unsafe_in_keys_or_paths_is_refused(name):
    with pytest.raises(ValueError, match="name must have only"):
        contract(name)


def test_importing_the_registry_does_not_import_openssl_or_boto3():
    import subprocess
    import sys

    never = {"boto3", "botocore", "cryptography"}
    code = f"import sys, vigil.prediction.packages.service; print({never} & set(sys.modules) or 'none')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "none"
