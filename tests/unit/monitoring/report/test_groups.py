"""Groups of a contract in reports: their number is limited, so that the answer fits into Lambda."""

from dataclasses import replace

from tests.support.fakes.packages import contract
from tests.support.invented_health import invent_facts
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.performance.cohorts_model import Cohort
from vigil.monitoring.report.group_facts_model import tally_groups, unjudged_intersections
from vigil.monitoring.report.page import render_page
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.report.schemas import HealthReportView
from vigil.prediction.engines.group_attributes import MAX_GROUPS, GroupAttribute

TALLY = GroupTally(1_000, 301, 97, 123, 178, 77, 501, 211.5)
LONG = "\U0001f9ea" * 38
NAMES = ("a" * 32, "b" * 32)


def declared(values):
    """Return a contract of two attributes with so many values of the longest names, and their intersection."""
    groups = tuple(GroupAttribute(name, tuple(f"{LONG}{value:02}" for value in range(values))) for name in NAMES)
    return contract(groups=groups, intersections=(NAMES,))


def tallied(model):
    first, second = ([*group.values, "not given"] for group in model.groups)
    names = [f"{NAMES[0]}={a}&{NAMES[1]}={b}" for a in first for b in second]
    names += [f"{group.name}={value}" for group in model.groups for value in group.values]
    return tally_groups(model, (), (Cohort("2026-W47", groups=dict.fromkeys(names, TALLY)),))


def test_an_answer_of_the_most_groups_has_at_most_a_megabyte():
    tallies = tallied(declared(14))
    assert MAX_GROUPS - 4 < sum(map(len, tallies.values())) <= MAX_GROUPS
    shown = {name: dict.fromkeys(found, TALLY) for name, found in tallies.items()}
    facts = replace(invent_facts(features=[f"feature_{number}" for number in range(40)]), groups=shown)
    report = publish(facts)
    answers = HealthReportView.from_report(report).model_dump_json(), render_page(report)
    assert all(500_000 < len(answer.encode()) <= 1_000_000 for answer in answers)


def test_an_older_model_of_more_groups_is_judged_without_its_intersections():
    model = declared(15)
    assert list(tallied(model)) == [*NAMES]
    assert unjudged_intersections(model) == ("&".join(NAMES),)
    facts = replace(invent_facts(), unjudged=unjudged_intersections(model))
    assert "more than 256 groups, so these pairs are not judged" in publish(facts).guidance[-1]
