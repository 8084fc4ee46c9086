"""The layout of a model version comes from its package, with or without a reference."""

import math
from dataclasses import replace

import pytest

from tests.support.fakes.packages import contract
from tests.support.fakes.references import reference
from vigil.monitoring.drift.layout_model import Layout, count_cells, profile_layout, sensors
from vigil.monitoring.profiles.counting_model import CountedDecision, FeatureCells, ProfileCounter
from vigil.prediction.engines.ensemble import Abstention

TYPICAL = {"age": (20.0, 40.0, 60.0), "visits": (0.0, 2.0, 2.0), "sex": (0.0, 1.0)}
RULE = Abstention(0.1, 0.1, 0.3, 0.09, 0.8)


def counted(layout: Layout, *rows):
    """Return the counts of the sensors of features for some rows."""
    counter = ProfileCounter([FeatureCells(each.edges, len(each.counts)) for each in layout.features])
    for number, row in enumerate(rows):
        counter.add(CountedDecision(str(number), str(number), "", row, 0.5, "low", "none", is_flagged=False))
    cells = count_cells(layout, counter.profile("2026-11-21", "single", len(rows)))
    return dict(zip([(each.subject, each.aspect) for each in sensors(layout)], cells, strict=True))


def test_features_of_a_layout_are_those_of_the_reference():
    of = contract()
    layout = profile_layout(of, reference(of))
    assert layout.features == reference(of).features
    age, *_ = sensors(layout)
    assert (age.expected, age.wobble, age.watched) == ((55, 55, 55, 55), 0.05, True)


def test_a_layout_has_all_bands_decisions_reasons_and_engines():
    layout = profile_layout(contract(abstention=RULE), None)
    assert layout.bands == ("low", "high", "unknown")
    assert layout.decisions == ("none", "call", "abstain")
    assert {"missing", "out_of_domain", "low_confidence"} <= set(layout.abstention_reasons)
    assert layout.engines == ("model",)


def test_a_model_without_abstention_rule_has_no_low_confidence():
    assert "low_confidence" not in profile_layout(contract(), None).abstention_reasons


def test_typical_values_are_edges_without_a_reference():
    layout = profile_layout(contract(typical=TYPICAL), None)
    assert [each.edges for each in layout.features] == [(20.0, 40.0, 60.0), (2.0,), (), ()]
    assert [each.counts for each in layout.features] == [(0,) * 4, (0,) * 2, (0,) * 2, (0,) * 2]
    assert {(each.role, each.mean_wobble, each.missing_wobble) for each in layout.features} == {("input", 0.0, 0.0)}


def test_a_number_without_edges_has_one_cell_and_its_missing_rows():
    layout = profile_layout(contract(), None)
    found = counted(layout, (57.0, 3.0, 1.0, 0.0), (math.nan, 9.0, 0.0, 1.0))
    assert (found["age", "values"], found["age", "missing"]) == ((1,), (1, 1))
    assert found["sex", "values"] == (1, 1)


@pytest.mark.parametrize(("value", "cell"), [(9.9, 0), (10.0, 1), (30.0, 3), (120.0, 3)])
def test_a_value_at_an_edge_is_in_the_bin_above(value, cell):
    of = contract()
    found = counted(profile_layout(of, reference(of)), (value, 1.0, 0.0, 0.0))
    assert found["age", "values"].index(1) == cell


def test_calendar_features_never_alarm_and_trends_only_about_missing():
    of = contract()
    age, visits, *rest = reference(of).features
    features = (replace(age, role="calendar"), replace(visits, role="trend"), *rest)
    layout = profile_layout(of, replace(reference(of), features=features))
    watched = {(each.subject, each.aspect) for each in sensors(layout) if each.watched}
    assert not watched & {("age", "values"), ("age", "missing"), ("visits", "values")}
    assert ("visits", "missing") in watched
