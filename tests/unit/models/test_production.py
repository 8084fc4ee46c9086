"""Simulated production: the same plan gives the same requests, and a planted drift begins on its day."""

import math
from collections import Counter
from datetime import timedelta
from functools import cache
from statistics import fmean

import pytest

from models.iit.dataset import FEATURES
from models.leads.schema import SPECS
from models.production import ProductionPlan, load_production, production_names
from vigil.prediction.features.service import FLOWS

SPECS_OF = {"iit": FEATURES.specs, "leads": SPECS, "netsec": FLOWS.specs}
ROWS, DAYS, DRIFT_DAY = 6, 60, 41


@cache
def requests(name, seed=1, drift=None, days=DAYS):
    return list(load_production(name).requests(ProductionPlan(seed, days, ROWS, drift, DRIFT_DAY)))


def before_and_after(found):
    """Return the requests before and after the drift began."""
    start = found[0].at.date() + timedelta(days=DRIFT_DAY - 1)
    return [each for each in found if each.at.date() < start], [each for each in found if each.at.date() >= start]


def share_missing(name, found, feature):
    place = [spec.name for spec in SPECS_OF[name]].index(feature)
    return fmean(math.isnan(each.row[place]) for each in found)


def test_each_simulated_model_has_a_production():
    assert production_names() == ["iit", "leads", "netsec"]
    with pytest.raises(KeyError):
        load_production("wdbc")


@pytest.mark.parametrize("name", ["iit", "leads"])
def test_requests_are_repeatable_in_order_and_spread_over_the_days(name):
    found = requests(name, days=20)
    again, other = requests.__wrapped__(name, days=20), requests(name, seed=2, days=20)
    assert repr(found) == repr(again) != repr(other)
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert 18 <= len({each.at.date() for each in found}) <= 20
    assert len(found) == pytest.approx(20 * ROWS, rel=0.5)
    assert {len(each.row) for each in found} == {len(SPECS_OF[name])}
    assert {"occurred", "not_occurred"} <= {each.label for each in found}


@pytest.mark.parametrize(
    ("name", "drift", "feature"),
    [
        ("iit", "laboratory", "viral_load"),
        ("leads", "tracking", "page_views_30d"),
        ("netsec", "records", "source_bytes_mean"),
    ],
)
def test_a_lost_source_leaves_its_features_missing_from_its_day_on(name, drift, feature):
    before, after = before_and_after(requests(name, drift=drift))
    assert share_missing(name, before, feature) < 0.9
    assert share_missing(name, after, feature) == 1


def test_longer_supplies_of_iit_begin_on_the_day_of_the_drift():
    place = [spec.name for spec in FEATURES.specs].index("days_supply")
    parts = before_and_after(requests("iit", drift="supply"))
    shares = [Counter(each.row[place] for each in part)[180.0] / len(part) for part in parts]
    assert shares[1] > shares[0] + 0.1


def test_requests_of_iit_name_sex_and_region():
    assert {frozenset(each.groups) for each in requests("iit", days=20)} == {frozenset({"sex", "region"})}


def test_drifts_of_labels_change_the_event_rate():
    rates = [
        [fmean(each.label == "occurred" for each in part) for part in before_and_after(requests(name, drift=drift))]
        for name, drift in (("netsec", "malware"), ("leads", "cold_lists"))
    ]
    assert rates[0][1] > rates[0][0]
    assert rates[1][1] < rates[1][0]
