"""Burn-rate alarms and the product's own rules page for the same minutes of synthetic months, within a cost."""

import re
from itertools import pairwise

import numpy
import pytest

from benchmarks import prices
from tests.support.alarms import alarms
from tests.support.formula_alarms import composite_alarms, formula_alarms, sliding_sums
from tests.support.templates import TEMPLATES, resources, template
from vigil.alerting.sources.alarms_model import PER_QUEUE
from vigil.operations.objectives.model import BUDGET_WINDOW, OBJECTIVES, RULES, Sums
from vigil.operations.objectives.timeline_model import MINUTE

FORMULAS, COMPOSITES = formula_alarms(), composite_alarms()
ALARMED = {"Availability": OBJECTIVES["availability"], "Latency": OBJECTIVES["score_latency"]}
PAGES = {rule.name: rule for rule in RULES if rule.is_page}
WORDS = {"fast": ("Fast", "Fast"), "slow": ("Slow", "Slowly")}
CASES = [(title, name) for title in ALARMED for name in PAGES]
CHILD = re.compile(r"\$\{(\w+)\}")
PER_MINUTE = 1_000
HEALTHY = 3 * 24 * 60
"""Minutes without errors before and after a failure."""
MAX_USD = 12.0
"""Limit of the price of all alarms in USD a month."""


def month(rate, minutes, after=HEALTHY, per_minute=PER_MINUTE):
    """Return valid and bad requests per minute: healthy days, a failure at a rate, and healthy minutes."""
    bad = numpy.zeros(HEALTHY + minutes + after)
    bad[HEALTHY : HEALTHY + minutes] = numpy.diff(numpy.floor(numpy.arange(minutes + 1) * rate * per_minute))
    return numpy.full(len(bad), float(per_minute)), bad


def fired(objective, valid, bad):
    """Return the minutes after which each rule fires, by its name, from the product's own rules."""
    found = {}
    for rule in RULES:
        windows = [
            [sliding_sums(each, length // MINUTE) for each in (valid, bad)] for length in (rule.long, rule.short)
        ]
        found[rule.name] = [
            minute
            for minute in range(HEALTHY, len(valid))
            if rule.is_burning(objective, *(Sums(int(w[0][minute]), int(w[1][minute])) for w in windows))
        ]
    return found


def alarmed(title, name, valid, bad):
    """Return the minutes after which the alarm of a rule pages."""
    quiet = numpy.zeros(len(valid))
    series = {"Count": valid, "5XXError": bad, "HealthChecks": quiet, "HealthFailures": quiet}
    series |= {"ScoreRequests": valid, "SlowScores": bad}
    children = [FORMULAS[f"{title}{WORDS[name][0]}{window}"] for window in ("Long", "Short")]
    both = children[0].fires(series) & children[1].fires(series)
    return [int(minute) for minute in numpy.flatnonzero(both) if minute >= HEALTHY]


def first_after(minutes):
    """Return the minutes from the start of the failure to the end of the first minute after which a rule fires."""
    return minutes[0] - HEALTHY + 1 if minutes else None


@pytest.fixture(scope="module")
def availability():
    """The objective that the scenarios are about."""
    return OBJECTIVES["availability"]


@pytest.mark.parametrize(
    ("rate", "minutes", "least", "most"),
    [(1.0, 60, 1, 3), (0.10, 60, 8.6, 12), (0.015, 120, 58, 62)],
    ids=["all", "a tenth", "1.5 percent"],
)
def test_a_failure_pages_in_time(availability, rate, minutes, least, most):
    valid, bad = month(rate, minutes, after=60)
    found = fired(availability, valid, bad)
    assert least <= first_after(sorted(found["fast"] + found["slow"])) <= most
    for name in PAGES:
        assert alarmed("Availability", name, valid, bad) == found[name]


def test_one_failure_in_69_requests_pages_nobody(availability):
    valid, bad = numpy.zeros(HEALTHY + 60), numpy.zeros(HEALTHY + 60)
    valid[-30], bad[-30] = 69, 1
    assert not any(fired(availability, valid, bad).values())
    assert not any(alarmed("Availability", name, valid, bad) for name in PAGES)
    assert availability.burn_rate(Sums(69, 1)) > PAGES["fast"].factor  # the rate alone would page


def test_an_outage_in_a_quiet_hour_pages(availability):
    valid, bad = month(1.0, 20, after=60, per_minute=3)
    found = fired(availability, valid, bad)["fast"]
    assert first_after(found) == 1
    assert alarmed("Availability", "fast", valid, bad) == found


def test_an_outage_of_5_minutes_pages_and_clears_within_6_minutes(availability):
    valid, bad = month(1.0, 5, after=60)
    found = fired(availability, valid, bad)["fast"]
    assert all(later == earlier + 1 for earlier, later in pairwise(found))
    assert found[-1] + 1 - (HEALTHY + 5) < 6
    long = sliding_sums(bad, 60)[HEALTHY + 4] / sliding_sums(valid, 60)[HEALTHY + 4] / availability.budget
    assert round(long) == 83
    assert alarmed("Availability", "fast", valid, bad) == found


def test_three_times_the_budget_for_25_hours_is_a_ticket_without_a_page(availability):
    found = fired(availability, *month(0.003, 25 * 60, after=0))
    assert not found["fast"] + found["slow"]
    assert 23 * 60 <= first_after(found["ticket"]) <= 25 * 60


def test_a_month_below_the_budget_raises_no_alert(availability):
    valid, bad = month(0.0009, BUDGET_WINDOW // MINUTE, after=0)
    assert not any(fired(availability, valid, bad).values())
    left = availability.budget_left(Sums(int(valid[HEALTHY:].sum()), int(bad[HEALTHY:].sum())))
    assert round(left, 3) == 0.1


@pytest.mark.parametrize(("title", "name"), CASES)
def test_an_alarm_has_the_numbers_of_its_rule(title, name):
    objective, rule = ALARMED[title], PAGES[name]
    for window, length in (("Long", rule.long), ("Short", rule.short)):
        alarm = FORMULAS[f"{title}{WORDS[name][0]}{window}"]
        assert alarm.minutes == length // MINUTE
        assert alarm.properties["Threshold"] == pytest.approx(rule.threshold(objective), rel=1e-12)
        enough = (
            f"valid >= {objective.least_valid} AND bad >= {objective.least_bad}" if window == "Long" else "valid >= 1"
        )
        assert alarm.properties["Metrics"][-1]["Expression"] == f"IF({enough}, bad / valid, 0)"
        assert alarm.properties["TreatMissingData"] == "notBreaching"
        assert "AlarmActions" not in alarm.properties


@pytest.mark.parametrize(("title", "name"), CASES)
def test_a_page_needs_both_windows_and_reaches_both_topics(title, name):
    properties = COMPOSITES[f"{title}Burns{WORDS[name][1]}"]
    rule = properties["AlarmRule"]["Sub"]
    assert CHILD.findall(rule) == [f"{title}{WORDS[name][0]}{window}" for window in ("Long", "Short")]
    assert rule.count("ALARM(") == 2
    assert " AND " in rule
    topics = [{"Ref": "AlarmsTopic"}, {"Ref": "PagesTopic"}]
    assert properties["AlarmActions"] == properties["OKActions"] == topics


def test_health_checks_are_no_requests_of_the_objective():
    alarm = FORMULAS["AvailabilityFastShort"]
    series = {name: numpy.full(10, 200.0) for name in ("Count", "5XXError", "HealthChecks", "HealthFailures")}
    assert not alarm.fires(series).any()
    assert alarm.fires(series | {"Count": series["Count"] * 2, "5XXError": series["5XXError"] * 2})[-1]


def test_formula_alarms_exist_on_aws_only():
    paths = {path for path in TEMPLATES for kind in resources(path, "AWS::CloudWatch::CompositeAlarm") if kind}
    assert [path.name for path in paths] == ["objectives.yaml"]
    assert template(TEMPLATES[0])["Resources"]["Objectives"]["Condition"] == "OnAws"


def test_all_alarms_cost_at_most_12_usd_a_month():
    queues = [
        nested
        for nested in resources(TEMPLATES[0], "AWS::Serverless::Application").values()
        if nested["Location"] == "infra/queue.yaml"
    ]
    simple = sum(len(queues) if name in PER_QUEUE else 1 for name in alarms())
    metrics = sum(len(alarm.metrics()) for alarm in FORMULAS.values())
    assert len(queues) >= 7
    cost = prices.ALARM_METRIC_MONTH * (simple + metrics) + prices.COMPOSITE_ALARM_MONTH * len(COMPOSITES)
    assert cost <= MAX_USD
