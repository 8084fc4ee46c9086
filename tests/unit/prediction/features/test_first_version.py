"""Tests that `art-visits/1` computes the features that its models were trained with."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from vigil.prediction.features.service import get_feature_set

RECORDED = json.loads((Path(__file__).parent / "first_version.json").read_text())
"""Histories with doubled and unbooked visits, and their features as a release with this version only computed them."""
FIRST, CURRENT = get_feature_set("art-visits/1"), get_feature_set("art-visits/2")


def extracted(feature_set, case):
    return feature_set.extract(feature_set.parse(case["history"]), datetime.fromisoformat(case["as_of"]))


@pytest.mark.parametrize("case", RECORDED)
def test_the_first_version_computes_its_recorded_features(case):
    assert extracted(FIRST, case) == case["features"]


def test_the_versions_differ_for_doubled_and_unbooked_visits():
    assert any(extracted(CURRENT, case) != case["features"] for case in RECORDED)


def test_both_versions_have_the_same_inputs_with_labels_of_their_own():
    assert [spec.name for spec in FIRST.specs] == [spec.name for spec in CURRENT.specs]
    assert FIRST.specs != CURRENT.specs
    labels = {spec.name: spec.label for spec in FIRST.specs}
    assert labels["last_days_late"] == "days late at the last visit"
