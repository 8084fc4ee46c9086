"""Tests that the way of recording does not change the features of a person."""

from datetime import datetime

import pytest

from tests.support.clinic_extracts import AS_OF, EXTRACTS, LATE
from vigil.prediction.features.service import get_feature_set

FEATURES = get_feature_set("art-visits/2")


def features(name):
    return FEATURES.extract(FEATURES.parse(EXTRACTS[name]), datetime.fromisoformat(AS_OF))


@pytest.mark.parametrize("name", LATE)
def test_a_late_return_has_the_same_features_however_recorded(name):
    found = features(name)
    assert found == features("clean")
    assert (found["last_days_late"], found["late_mean_10"], found["late28_count_10"]) == (30, 15, 1)
    assert (found["cascade_status"], found["visit_count"]) == ("restarted_recently", 3)
    assert found["supply_gap_days"] == 30


def test_pick_ups_in_time_are_not_late():
    found = features("pick-ups")
    assert (found["last_days_late"], found["late_mean_10"], found["cascade_status"]) == (0, 0, "never")
    assert (found["visit_count"], found["supply_gap_days"]) == (4, 0)
